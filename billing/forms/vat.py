"""Category, rate and motive of VAT in one choice: "S:20" is « 20 % », "E:0:VATEX-FR-CGI261-4" exempt, and why."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import VatCategory
from billing.vat_rates import FRENCH, known_rates, usual_rate
from config.kernel import typography
from config.kernel.models import Company
from customers import exemptions


def written_vat(category: str, rate: Decimal, exemption_code: str = "") -> str:
    """The choice; the usual motive of a category, and the franchise, which is the company's, are not told."""
    chosen = exemptions.is_motive(exemption_code, category) and exemption_code != exemptions.default_code(category)
    return f"{category}:{rate.normalize():f}" + (f":{exemption_code}" if chosen else "")


def read_vat(choice: str) -> tuple[str, Decimal, str]:
    """Category, rate and motive; '' for the customer's, else the usual one."""
    category, rate, code = (*choice.split(":"), "")[:3]
    return category, Decimal(rate), code


def vat_choices(company: Company | None = None) -> list[tuple[str, Any]]:
    """What a company may choose, the usual rate first; without one, what a French company may."""
    known = known_rates(company) if company else FRENCH[0].rates
    rates = [(written_vat("S", rate), typography.percent(rate)) for rate in known]
    untaxed = [(f"{category}:0", category.label) for category in VatCategory if category != VatCategory.STANDARD]
    if company and company.is_swiss:
        return [*rates, *untaxed]
    motives = [(f"{motive.category}:0:{motive.code}", motive.sentence) for motive in exemptions.USUAL]
    return [*rates, *untaxed, *motives]


class VatSelect(forms.Select):
    """Also offers the motive that the line already has, where it is none of the usual ones."""

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> Any:
        offered = {choice for choice, _label in self.choices}
        more = [(choice, _sentence(choice)) for choice in value if choice not in offered and _is_vat(choice)]
        if more:
            self.choices = [*self.choices, *more]
        return super().optgroups(name, value, attrs)


def _is_vat(choice: str) -> bool:
    category, _rate, code = (*choice.split(":"), "", "")[:3]
    return choice == f"{category}:0:{code}" and exemptions.is_motive(code, category)


def _sentence(choice: str) -> str:
    return exemptions.mention(choice.split(":")[2])


class VatField(forms.ChoiceField):
    """The choices are made anew for each form, in the language of its reader. Any official motive is taken."""

    widget = VatSelect

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("TVA"), "initial": "S:20", **kwargs, "choices": vat_choices})

    def of_company(self, company: Company) -> None:
        """Offer the rates of this company, and begin with its usual one."""
        self.choices = partial(vat_choices, company)
        self.initial = written_vat("S", usual_rate(company))

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or _is_vat(str(value))
