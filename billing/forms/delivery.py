"""Where the goods of one order or invoice go (BG-15), when that is not where the customer has them usually."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.forms.picking import CustomerPickedForm
from config.kernel.forms import TextField
from customers.forms import ADDRESS, NEEDED, CountryField


class DeliveredForm(CustomerPickedForm):
    """The head of a draft with a delivery address of its own, all of it or none."""

    delivery_line = TextField(label=_("Numéro et voie"), max_length=200, required=False)
    delivery_extra = TextField(label=_("Complément"), max_length=200, required=False)
    delivery_postcode = TextField(label=_("Code postal"), max_length=12, required=False)
    delivery_city = TextField(label=_("Ville"), max_length=100, required=False)
    delivery_country = CountryField(label=_("Pays"), required=False)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        if any(typed.get(f"delivery_{field}") for field in ADDRESS if field != "country"):
            for field, sentence in NEEDED.items():
                if not typed.get(f"delivery_{field}"):
                    self.add_error(f"delivery_{field}", sentence)
        return typed

    def delivery(self) -> dict[str, str]:
        """Empty where the customer's own address serves."""
        typed = {field: self.cleaned_data[f"delivery_{field}"] for field in ADDRESS}
        return {**typed, "country": typed["country"] or "FR"} if typed["line"] else {}

    @property
    def has_delivery(self) -> bool:
        """Whether the address is unfolded: something is known or wrong there."""
        return any(self[f"delivery_{field}"].value() or f"delivery_{field}" in self.errors for field in ADDRESS)


def typed_delivery(address: dict[str, str]) -> dict[str, str]:
    """The fields' values of a stored address."""
    return {f"delivery_{field}": text for field, text in address.items()}
