"""The line sheet of a purchase: rows as typed, the VAT that follows, and their totals beside the document's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.forms.purchases.accounts import AccountField, share_chart
from billing.purchases.content import VatContent
from billing.purchases.drafts import PurchaseLineInput
from billing.purchases.models import PurchaseLine
from billing.purchases.postings import OWED_BY_US
from billing.purchases.prepaying import problem_of_period
from billing.purchases.regimes import Regime
from billing.purchases.sums import VAT_TOLERANCE
from billing.services.lines import MOST_LINES
from config.kernel.form_errors import filled_forms
from config.kernel.forms import FrenchDateField, FrenchDateInput, FrenchDecimalField, TextField
from config.kernel.money import HUNDRED, ZERO, round2

PREFIX = "lines"
# what a document without VAT of a regime says in its breakdown (BT-118)
_CATEGORIES: Mapping[str, str] = {Regime.INTRA_EU_GOODS: "K", Regime.IMPORT: "G"}


# the regimes as a narrow column says them
SHORT: Mapping[str, Any] = {
    Regime.GOODS: _("Biens"),
    Regime.SERVICES: _("Services"),
    Regime.SERVICES_DEBITS: _("Services, débits"),
    Regime.INTRA_EU_GOODS: _("Biens, UE"),
    Regime.SERVICES_ABROAD: _("Services, étranger"),
    Regime.CONSTRUCTION: _("Sous-traitance BTP"),
    Regime.IMPORT: _("Importation"),
    Regime.ASSET: _("Immobilisation"),
    Regime.NO_VAT: _("Sans TVA"),
}


class PurchaseLineForm(forms.Form):
    """One row. The visible fields are the columns, in this order; what was read beside them is kept."""

    description = TextField(
        label=_("Désignation"), max_length=500, error_messages={"required": _("Indiquez ce qui est acheté.")}
    )
    net = FrenchDecimalField(label=_("Montant HT"), max_digits=16, decimal_places=2, shown=2)
    vat_rate = FrenchDecimalField(
        label=_("TVA %"), max_digits=5, decimal_places=2, min_value=0, max_value=100, initial=Decimal(20)
    )
    account = AccountField(label=_("Compte"), required=False)
    regime = forms.ChoiceField(label=_("Régime"), required=False, choices=[("", _("Proposé")), *SHORT.items()])
    deductible_share = FrenchDecimalField(
        label=_("Déd. %"), max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    starts_on = FrenchDateField(label=_("Du"), required=False, widget=FrenchDateInput({"placeholder": _("jj/mm/aa")}))
    ends_on = FrenchDateField(label=_("Au"), required=False, widget=FrenchDateInput({"placeholder": _("jj/mm/aa")}))
    vat_category = forms.CharField(required=False, max_length=2, widget=forms.HiddenInput)
    quantity = FrenchDecimalField(max_digits=14, decimal_places=4, required=False, widget=forms.HiddenInput)
    unit_price = FrenchDecimalField(max_digits=16, decimal_places=6, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        start, end = typed.get("starts_on"), typed.get("ends_on")
        read = "starts_on" not in self.errors and "ends_on" not in self.errors
        if read and (problem := problem_of_period(start, end)):
            self.add_error("starts_on" if end and not start else "ends_on", ValidationError(problem))
        return typed

    def line(self) -> PurchaseLineInput:
        """The row as it is saved; an account or a regime left empty is proposed."""
        typed = dict(self.cleaned_data)
        share = typed["deductible_share"]
        typed |= {"deductible_share": HUNDRED if share is None else share}
        return PurchaseLineInput(**{name: typed[name] for name in PurchaseLineInput.__slots__})


_FormSet: Any = forms.formset_factory(
    PurchaseLineForm, extra=1, can_delete=True, max_num=MOST_LINES, validate_max=True, absolute_max=MOST_LINES + 1
)


def purchase_lines(data: Mapping[str, Any] | None = None, *, rows: Sequence[PurchaseLine] = ()) -> Any:
    """The sheet of a form sent, or of the lines stored; one empty row is ready."""
    formset = _FormSet(data, prefix=PREFIX, initial=[_initial(row) for row in rows])
    share_chart(formset.forms, "account")
    return formset


def _initial(row: PurchaseLine) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in PurchaseLineInput.__slots__}
    values["deductible_share"] = None if row.deductible_share == HUNDRED else row.deductible_share
    return values


def lines_of(formset: Any) -> list[PurchaseLineInput]:
    """The rows of a valid sheet that count, in their order."""
    return [cast(PurchaseLineForm, form).line() for form in filled_forms(formset)]


def rate_on_document(line: PurchaseLineInput) -> Decimal:
    return ZERO if line.regime in OWED_BY_US else line.vat_rate


def breakdown(lines: Sequence[PurchaseLineInput], total_vat: Decimal | None) -> list[VatContent]:
    """A row for each category and rate of the lines. What the document's total says otherwise by cents, which its
    rounding makes, stands in the largest row.
    """
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        rate = rate_on_document(line)
        key = (_category(line, rate), rate)
        bases[key] = bases.get(key, ZERO) + line.net
    amounts = {key: round2(base * key[1] / HUNDRED) for key, base in bases.items()}
    gap = ZERO if total_vat is None else total_vat - sum(amounts.values(), ZERO)
    taxed = [key for key in bases if key[1]]
    if taxed and 0 < abs(gap) <= VAT_TOLERANCE * len(taxed):
        amounts[max(taxed, key=lambda key: abs(bases[key]))] += gap
    return [
        VatContent(category=category, rate=rate, base=base, amount=amounts[category, rate])
        for (category, rate), base in bases.items()
    ]


def _category(line: PurchaseLineInput, rate: Decimal) -> str:
    if rate:
        return "S"
    if line.vat_category not in {"", "S"}:
        return line.vat_category
    return _CATEGORIES.get(line.regime, "AE" if line.regime in OWED_BY_US else "Z")


@dataclass(frozen=True, slots=True)
class Compared:
    """What the lines make beside what the document says (None where it is not typed yet)."""

    net: Decimal
    vat: Decimal
    gross: Decimal
    stated: Decimal | None

    @property
    def gap(self) -> Decimal:
        return ZERO if self.stated is None else self.stated - self.gross


def compared(lines: Sequence[PurchaseLineInput], total_vat: Decimal | None, total_gross: Decimal | None) -> Compared:
    net = sum((line.net for line in lines), ZERO)
    vat = sum((row.amount for row in breakdown(lines, total_vat)), ZERO)
    return Compared(net, vat, net + vat, total_gross)
