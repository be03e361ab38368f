"""The boxes of a CA3, each with the lines that make it.

Nothing negative stands in one: what a document of the period takes off goes to B5 or F8 for its base, to 21 for VAT
collected, to 15 for VAT deducted. Bases and taxes are rounded to the euro; totals add what is rounded, and the largest
operation bears what rounding leaves between the operations and the bases of the rates, which must be equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing.ledger.vat.declared import (
    SELF_ASSESSED,
    DeclaredLine,
    lines_within,
    sales_without_vat,
)
from billing.ledger.vat.editions import DUE, TAXED, Box, Edition, edition_on
from config.kernel.models import Company, VatRegime
from config.kernel.money import HUNDRED, ZERO

EURO = Decimal(1)
OVERSEAS_POSTCODES = ("971", "972", "974")


@dataclass(slots=True)
class Figure:
    """A box: its exact sums, what is declared of them, and its lines."""

    box: Box
    exact_base: Decimal = ZERO
    exact_tax: Decimal = ZERO
    base: Decimal = ZERO
    tax: Decimal = ZERO
    lines: list[DeclaredLine] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.base or self.tax or self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A period as its form says it: the figures in the order of the form, by their codes."""

    edition: Edition
    figures: Mapping[str, Figure]
    moved: Mapping[str, Decimal]  # what each account of VAT holds of the period, positive to debit

    def tax(self, code: str) -> Decimal:
        return self.figures[code].tax

    def frozen(self) -> dict[str, dict[str, str]]:
        return {
            code: {"base": f"{euros(figure.base):f}", "tax": f"{euros(figure.tax):f}"}
            for code, figure in self.figures.items()
            if figure.base or figure.tax
        }


def euros(amount: Decimal) -> Decimal:
    """To the nearest euro, 0,50 up (notice 50449)."""
    return amount.quantize(EURO, rounding=ROUND_HALF_UP)


def declaration_of(
    company: Company, start: date, end: date, *, credit: Decimal = ZERO, refund: Decimal = ZERO
) -> Declaration:
    """What the days between declare; `credit`: carried from the return before, `refund`: asked back of this one."""
    edition = edition_on(end)
    figures = {box.code: Figure(box) for box in edition.boxes}
    moved: dict[str, Decimal] = defaultdict(lambda: ZERO)
    if company.vat_regime != VatRegime.FRANCHISE:
        overseas = company.postcode.startswith(OVERSEAS_POSTCODES)
        lines = list(lines_within(company, start, end))
        for group in _by_document(lines):
            _place(figures, group, edition, overseas)
        for group in _by_document(sales_without_vat(company, start, end)):
            _place_untaxed(figures, group)
        for line in lines:
            moved[line.account] += -line.vat if line.is_due else line.vat
    _round(figures, edition)
    _total(figures, credit, refund)
    return Declaration(edition=edition, figures=figures, moved=dict(moved))


def _by_document(lines: Iterable[DeclaredLine]) -> list[list[DeclaredLine]]:
    """The lines of each document on one account, or of one nature without VAT."""
    found: dict[tuple[object, ...], list[DeclaredLine]] = defaultdict(list)
    for line in lines:
        found[line.document, line.account, line.rate, line.nature].append(line)
    return list(found.values())


def _add(figure: Figure, lines: Sequence[DeclaredLine], sign: int, *, base: bool = True, tax: bool = True) -> None:
    figure.exact_base += sign * sum((line.base for line in lines), ZERO) if base else ZERO
    figure.exact_tax += sign * sum((line.vat for line in lines), ZERO) if tax else ZERO
    figure.lines.extend(lines)


def _place(figures: Mapping[str, Figure], lines: Sequence[DeclaredLine], edition: Edition, overseas: bool) -> None:
    first, vat = lines[0], sum((line.vat for line in lines), ZERO)
    if not first.is_due:
        code = "19" if first.account.startswith("44562") else "20"
        if vat < 0:
            _add(figures["15"], lines, -1, base=False)
        else:
            _add(figures[code], lines, 1, base=False)
        return
    operation = _operation(first)
    if vat < 0:
        # a bad debt takes off its tax alone
        if not first.source.startswith("payments.writeoff"):
            _add(figures["B5"], lines, -1, tax=False)
        _add(figures["21"], lines, -1, base=False)
        return
    is_import = operation == "A4"
    _add(figures[operation], lines, 1, tax=False)
    _add(figures[edition.rate_box(first.rate, is_import=is_import, is_overseas=overseas)], lines, 1)
    if operation == "B2":
        _add(figures["17"], lines, 1, base=False)
    if is_import:
        _add(figures["24"], lines, 1, base=False)


def _operation(line: DeclaredLine) -> str:
    """A sale of a document, what we owe on a purchase, or what a person wrote by hand."""
    if line.account in SELF_ASSESSED:
        return SELF_ASSESSED[line.account]
    return "A1" if line.source.startswith(("billing.invoice:", "payments.")) else "A2"


def _place_untaxed(figures: Mapping[str, Figure], lines: Sequence[DeclaredLine]) -> None:
    base, nature = sum((line.base for line in lines), ZERO), lines[0].nature
    code = {"G": "E1", "K": "F2"}.get(nature.vat_category if nature else "", "E2")
    if base < 0:
        _add(figures["F8"], lines, -1, tax=False)
    else:
        _add(figures[code], lines, 1, tax=False)


def _round(figures: Mapping[str, Figure], edition: Edition) -> None:
    for figure in figures.values():
        figure.base = euros(figure.exact_base)
        figure.tax = euros(figure.exact_tax)
    rates = [figure for figure in figures.values() if figure.box.section == DUE and figure.box.has_base]
    for figure in rates:
        rate = figure.lines[0].rate if figure.lines else ZERO
        # the box of other rates holds several
        if edition.tax_on_rounded_base and len({line.rate for line in figure.lines}) == 1:
            figure.tax = euros(figure.base * rate / HUNDRED)
    operations = [figure for figure in figures.values() if figure.box.section == TAXED and figure.box.code != "B5"]
    rest = sum((figure.base for figure in rates), ZERO) - sum((figure.base for figure in operations), ZERO)
    if rest:
        max(operations, key=lambda figure: figure.base).base += rest


def _total(figures: Mapping[str, Figure], credit: Decimal, refund: Decimal) -> None:
    due = [figure for figure in figures.values() if figure.box.section == DUE and figure.box.code not in ("16", "17")]
    gross = figures["16"].tax = sum((figure.tax for figure in due), ZERO)
    figures["22"].tax = credit
    deducted = figures["23"].tax = sum((figures[code].tax for code in ("19", "20", "21", "22")), ZERO)
    figures["25"].tax = max(deducted - gross, ZERO)
    figures["26"].tax = min(refund, figures["25"].tax)
    figures["27"].tax = figures["25"].tax - figures["26"].tax
    for code in ("TD", "28", "32"):
        figures[code].tax = max(gross - deducted, ZERO)
