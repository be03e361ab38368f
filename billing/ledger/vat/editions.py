"""The boxes of the form 3310-CA3-SD, by edition: a return is made on the one of the last day of its period.

Sources: cerfa 10963*30 (2025), read; 10963*31 with notice 50449#29 (2026), the same boxes and codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

TAXED, NOT_TAXED, DUE, DEDUCTIBLE, RESULT = "TAXED", "NOT_TAXED", "DUE", "DEDUCTIBLE", "RESULT"
SECTIONS: Mapping[str, Any] = {
    TAXED: _("A. Opérations taxées (HT)"),
    NOT_TAXED: _("A. Opérations non taxées"),
    DUE: _("B. TVA brute"),
    DEDUCTIBLE: _("B. TVA déductible"),
    RESULT: _("Crédit, taxe à payer"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """`code` as on the form, `online` that of the online form; `has_base` beside its tax, or base alone."""

    code: str
    online: str
    label: Any
    section: str
    has_base: bool = False
    has_tax: bool = True


def _base(code: str, online: str, label: Any, section: str) -> Box:
    return Box(code, online, label, section, has_base=True, has_tax=False)


def _rate(code: str, online: str, label: Any) -> Box:
    return Box(code, online, label, DUE, has_base=True)


_BOXES = (
    _base("A1", "0979", _("Ventes, prestations de services"), TAXED),
    _base("A2", "0981", _("Autres opérations imposables"), TAXED),
    _base("A3", "0044", _("Achats de services à un assujetti non établi en France (283-2)"), TAXED),
    _base("A4", "0056", _("Importations (hors produits pétroliers)"), TAXED),
    _base("B2", "0031", _("Acquisitions intracommunautaires"), TAXED),
    _base("B4", "0040", _("Achats à un assujetti non établi en France (283-1)"), TAXED),
    _base("B5", "0036", _("Régularisations"), TAXED),
    _base("E1", "0032", _("Exportations hors UE"), NOT_TAXED),
    _base("E2", "0033", _("Autres opérations non imposables"), NOT_TAXED),
    _base("F2", "0034", _("Livraisons intracommunautaires à des assujettis"), NOT_TAXED),
    _base("F6", "0037", _("Achats en franchise"), NOT_TAXED),
    _base("F8", "0039", _("Régularisations"), NOT_TAXED),
    _rate("08", "0207", _("Taux normal 20 %")),
    _rate("09", "0105", _("Taux réduit 5,5 %")),
    _rate("9B", "0151", _("Taux réduit 10 %")),
    _rate("10", "0201", _("Outre-mer 8,5 %")),
    _rate("11", "0100", _("Outre-mer 2,1 %")),
    _rate("T1", "1120", _("Outre-mer 1,75 %")),
    _rate("T2", "1110", _("Outre-mer 1,05 %")),
    _rate("TC", "1090", _("Corse 13 %")),
    _rate("T5", "1040", _("Corse 0,9 %")),
    _rate("T6", "1010", _("France continentale 2,1 %")),
    _rate("13", "0900", _("Autres taux")),
    _rate("I1", "0210", _("Importations 20 %")),
    _rate("I2", "0211", _("Importations 10 %")),
    _rate("I3", "0212", _("Importations 8,5 %")),
    _rate("I4", "0213", _("Importations 5,5 %")),
    _rate("I5", "0214", _("Importations 2,1 %")),
    _rate("I6", "0215", _("Importations 1,05 %")),
    Box("15", "0600", _("TVA antérieurement déduite à reverser"), DUE),
    Box("16", "", _("Total de la TVA brute due"), DUE),
    Box("17", "0035", _("dont TVA sur acquisitions intracommunautaires"), DUE),
    Box("19", "0703", _("Biens constituant des immobilisations"), DEDUCTIBLE),
    Box("20", "0702", _("Autres biens et services"), DEDUCTIBLE),
    Box("21", "0059", _("Autre TVA à déduire"), DEDUCTIBLE),
    Box("22", "8001", _("Report du crédit de la déclaration précédente"), DEDUCTIBLE),
    Box("23", "", _("Total de la TVA déductible"), DEDUCTIBLE),
    Box("24", "0710", _("dont TVA sur importations"), DEDUCTIBLE),
    Box("25", "0705", _("Crédit de TVA"), RESULT),
    Box("26", "8002", _("Remboursement de crédit demandé (3519)"), RESULT),
    Box("27", "8003", _("Crédit à reporter"), RESULT),
    Box("TD", "8900", _("TVA due"), RESULT),
    Box("28", "8901", _("TVA nette due"), RESULT),
    Box("32", "9992", _("Total à payer"), RESULT),
)
# 2,1 % has a box on the mainland and another overseas: the company's address says which
_RATES = {
    Decimal("20"): "08", Decimal("5.5"): "09", Decimal("10"): "9B", Decimal("8.5"): "10", Decimal("2.1"): "T6",
    Decimal("1.75"): "T1", Decimal("1.05"): "T2", Decimal("13"): "TC", Decimal("0.9"): "T5",
}  # fmt: skip
_IMPORTS = {
    Decimal("20"): "I1", Decimal("10"): "I2", Decimal("8.5"): "I3", Decimal("5.5"): "I4", Decimal("2.1"): "I5",
    Decimal("1.05"): "I6",
}  # fmt: skip
OTHER_RATES = "13"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """`tax_on_rounded_base`: the tax of a rate is its rounded base times the rate; otherwise it is rounded alone.

    The notice leaves it undecided: software differs, and the online form accepts both.
    """

    name: str
    since: date
    boxes: tuple[Box, ...] = _BOXES
    tax_on_rounded_base: bool = True

    def rate_box(self, rate: Decimal, *, is_import: bool, is_overseas: bool) -> str:
        if is_import:
            return _IMPORTS.get(rate.normalize(), OTHER_RATES)
        if is_overseas and rate == Decimal("2.1"):
            return "11"
        return _RATES.get(rate.normalize(), OTHER_RATES)


EDITIONS = (
    Edition(name="3310-CA3-SD (cerfa 10963*31)", since=date(2026, 1, 1)),
    Edition(name="3310-CA3-SD (cerfa 10963*30)", since=date(2025, 1, 1)),
    Edition(name="3310-CA3-SD", since=date(2022, 1, 1)),
)
RATES = tuple(_RATES)


def edition_on(day: date) -> Edition:
    """The edition of a period that ends on the day; the oldest known one before."""
    return next((edition for edition in EDITIONS if edition.since <= day), EDITIONS[-1])
