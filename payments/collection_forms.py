"""What people type about collecting: the slip for the bank."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import FrenchDateField, FrenchDecimalField
from payments.models import Payment


class RemittanceForm(forms.Form):
    """The payments that are ticked, the account and the day; of cash, how much of it is paid in."""

    method = forms.CharField(widget=forms.HiddenInput, required=False)
    payments = forms.MultipleChoiceField(
        error_messages={"required": _("Choisissez au moins un encaissement à remettre.")}
    )
    bank_account: Any = forms.ModelChoiceField(label=_("Compte bancaire"), queryset=None, empty_label=None)
    remitted_on = FrenchDateField(label=_("Date de remise"))
    part = FrenchDecimalField(
        label=_("Montant versé"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=16,
        decimal_places=2,
        shown=2,
        help_text=_("Laissez vide pour verser tout ce qui est coché. Le reste demeure en caisse."),
    )

    def __init__(self, *args: Any, rows: Sequence[Payment], accounts: Any, is_cash: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["payments"].choices = [(str(row.pk), row.number) for row in rows]
        fields["bank_account"].queryset = accounts
        if not is_cash:
            del fields["part"]
