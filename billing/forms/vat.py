"""Category and rate of VAT in one choice, as people think of them: "S:20" is « 20 % », "AE:0" « Autoliquidation »."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import VAT_RATES, VatCategory
from config.kernel import typography


def written_vat(category: str, rate: Decimal) -> str:
    return f"{category}:{rate.normalize():f}"


def read_vat(choice: str) -> tuple[str, Decimal]:
    category, rate = choice.split(":")
    return category, Decimal(rate)


def _choices() -> list[tuple[str, Any]]:
    rates = [(written_vat("S", rate), typography.percent(rate)) for rate in VAT_RATES if rate]
    return [*rates, *((f"{one}:0", one.label) for one in VatCategory if one != VatCategory.STANDARD)]


class VatField(forms.ChoiceField):
    """The choices are made anew for each form, in the language of its reader."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("TVA"), "initial": "S:20", **kwargs, "choices": _choices})
