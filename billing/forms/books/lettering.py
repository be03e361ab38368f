"""Which account and third party are lettered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.forms.books.third_parties import ThirdPartyField
from billing.forms.purchases.accounts import AccountField
from billing.ledger.accounts import CUSTOMERS
from billing.ledger.lettering import LETTERED


class PlaceForm(forms.Form):
    """`?account=&customer=`."""

    account = AccountField(label=_("Compte"), whole=True, initial=CUSTOMERS)
    customer = ThirdPartyField(label=_("Tiers"), required=False)

    def clean_account(self) -> str:
        account: str = self.cleaned_data["account"]
        if not account.startswith(LETTERED):
            raise ValidationError(_("Ce compte ne se lettre pas : choisissez un compte de tiers, d’attente ou 5112."))
        return account

    def place(self) -> tuple[str, Any]:
        return self.cleaned_data["account"], self.cleaned_data["customer"]
