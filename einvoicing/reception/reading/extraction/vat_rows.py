"""The base and the tax of each rate: pairs of amounts that a printed rate binds, and that add up to the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations, product

from config.kernel.money import round2
from einvoicing.reception.reading.amounts import KNOWN_RATES, rates_in
from einvoicing.reception.reading.extraction.found import CHECKED, DERIVED, GUESSED, LABELLED, Found
from einvoicing.reception.reading.extraction.printed import NET, VAT, Printed
from einvoicing.reception.reading.extraction.totals import Totals
from einvoicing.reception.reading.layout import Cell, Page
from einvoicing.reception.reading.result import VatRow

DRIFT = Decimal("0.02")  # software that rounds the tax of each line
MOST_CHOICES = 4000
Bound = tuple[VatRow, list[Printed]]


def read_vat_rows(pages: Sequence[Page], amounts: Sequence[Printed], totals: Totals) -> Found | None:
    """The rows that add up to the totals, or the best that can be said."""
    if totals.net is None or totals.vat is None:
        return None
    net, vat = totals.net.value, totals.vat.value
    bound = list(_bound_pairs(pages, amounts))
    rates = {rate for page in pages for cell in page.cells for rate, _start, _end in rates_in(cell.folded)}
    for choose in (_one_a_rate, _summed_by_rate):
        rows = choose(bound, net, vat)
        if rows:
            return _found(rows, CHECKED)
    if single := _single(rates, net, vat):
        return Found((single,), CHECKED if totals.adds_up else LABELLED, totals.vat.page, totals.vat.words)
    if vat == 0:
        return Found((VatRow(Decimal(0), net, Decimal("0.00")),), LABELLED, totals.net.page, totals.net.words)
    if pair := _two_unknown(rates, amounts, net, vat):
        return _found(pair, DERIVED)
    best = _one_a_rate(bound, None, None)
    return _found(best, GUESSED) if best else None


def _found(rows: Sequence[Bound], evidence: str) -> Found:
    ordered = sorted(rows, key=lambda item: -item[0].rate)
    words = [word for _row, items in ordered for item in items for word in item.words]
    pages = {item.page.number for _row, items in ordered for item in items}
    page = min(pages, default=None)
    return Found(tuple(row for row, _items in ordered), evidence, page, words if len(pages) == 1 else [])


def _bound_pairs(pages: Sequence[Page], amounts: Sequence[Printed]) -> Iterator[Bound]:
    for page in pages:
        here = [item for item in amounts if item.page is page]
        for cell in page.cells:
            for rate, start, end in rates_in(cell.folded):
                yield from _around(page, cell, rate, cell.span(start, end)[0].x0, here)
            if (rate := _bare_rate(page, cell)) is not None:
                yield from _around(page, cell, rate, cell.x0, here)


def _bare_rate(page: Page, cell: Cell) -> Decimal | None:
    """A known rate alone in a cell, under a heading such as « Taux » or « TVA »."""
    text = cell.folded.replace(",", ".").strip()
    if len(text) > 5 or not text.replace(".", "", 1).isdigit():
        return None
    rate = Decimal(text).normalize() + 0
    headed = any(word in above.folded for above in list(page.above(cell, 25))[:8] for word in ("taux", "tva", "t.v.a", "%"))
    return rate if rate in KNOWN_RATES and headed else None


def _around(page: Page, cell: Cell, rate: Decimal, x0: float, here: Sequence[Printed]) -> Iterator[Bound]:
    row = [item for item in here if item.cell.row == cell.row]
    column = [
        item
        for item in here
        if item.cell.row != cell.row
        and abs(item.middle - (cell.y0 + cell.y1) / 2) < 5 * cell.height
        and min(item.x1, cell.x1) - max(item.x0, x0) > -0.5 * cell.height
    ]
    for group in (row, column):
        for first, second in combinations(group, 2):
            for base, tax in ((first, second), (second, first)):
                if binds(rate, abs(base.value), abs(tax.value)) and base.value != 0:
                    yield VatRow(rate, abs(base.value), abs(tax.value)), [base, tax]


def binds(rate: Decimal, base: Decimal, tax: Decimal) -> bool:
    """Whether the tax is the rate's share of the base, to what rounding by line may drift."""
    exact = round2(base * rate / 100)
    return tax == exact if rate == 0 or tax < 1 else abs(exact - tax) <= DRIFT


def _one_a_rate(bound: Sequence[Bound], net: Decimal | None, vat: Decimal | None) -> list[Bound] | None:
    by_rate: dict[Decimal, dict[VatRow, Bound]] = {}
    for item in bound:
        by_rate.setdefault(item[0].rate, {}).setdefault(item[0], item)
    if not by_rate:
        return None
    options = [[*rows.values(), None] for rows in by_rate.values()]
    size = 1
    for option in options:
        size *= len(option)
    if size > MOST_CHOICES:
        return None
    best: list[Bound] | None = None
    for choice in product(*options):
        rows = [item for item in choice if item is not None]
        if not rows:
            continue
        if net is None or _sums(rows, net, vat):
            if best is None or len(rows) > len(best):
                best = rows
        elif _sums(rows, None, vat) and vat and net > sum(row.base for row, _ in rows) and best is None:
            rest = VatRow(Decimal(0), net - sum((row.base for row, _ in rows), Decimal(0)), Decimal("0.00"))
            if all(row.rate for row, _ in rows):
                best = [*rows, (rest, [])]
    return best


def _sums(rows: Sequence[Bound], net: Decimal | None, vat: Decimal | None) -> bool:
    return (net is None or sum(row.base for row, _ in rows) == net) and sum(row.amount for row, _ in rows) == vat


def _summed_by_rate(bound: Sequence[Bound], net: Decimal, vat: Decimal) -> list[Bound] | None:
    """The lines of the table, each with its tax, when there is no summary by rate."""
    seen: set[int] = set()
    sums: dict[Decimal, Bound] = {}
    for row, items in bound:
        key = items[0].cell.row * 1000 + items[0].page.number
        if key in seen:
            continue
        seen.add(key)
        old = sums.get(row.rate)
        total = VatRow(row.rate, row.base + (old[0].base if old else 0), row.amount + (old[0].amount if old else 0))
        sums[row.rate] = (total, [*(old[1] if old else []), *items])
    rows = list(sums.values())
    return rows if rows and _sums(rows, net, vat) else None


def _single(rates: set[Decimal], net: Decimal, vat: Decimal) -> VatRow | None:
    """The one rate that gives the tax of the whole."""
    if not vat or not net:
        return None
    fitting = [rate for rate in KNOWN_RATES if rate and abs(round2(net * rate / 100) - vat) <= DRIFT]
    printed = [rate for rate in fitting if rate in rates]
    chosen = printed or fitting[:1]
    return VatRow(chosen[0], net, vat) if chosen else None


def _two_unknown(
    rates: set[Decimal], amounts: Sequence[Printed], net: Decimal, vat: Decimal
) -> list[Bound] | None:
    """Two taxes named by their rates without their bases: what each base must be, to the cents that the sum leaves."""
    taxes: dict[Decimal, Printed] = {}
    for item in amounts:
        if item.roles.get(VAT):
            beside = [*item.page.left_of(item.cell), item.cell]
            for rate, _start, _end in (found for cell in beside for found in rates_in(cell.folded)):
                if rate in KNOWN_RATES and rate:
                    taxes[rate] = item
    if len(taxes) < 2 or sum(abs(item.value) for item in taxes.values()) != vat:
        return None
    printed = {abs(item.value) for item in amounts if item.roles.get(NET)} | {abs(item.value) for item in amounts}
    options = []
    for rate, item in taxes.items():
        near = [base for base in printed if binds(rate, base, abs(item.value))]
        options.append([(VatRow(rate, base, abs(item.value)), [item]) for base in near] or [None])
    for choice in product(*options):
        rows = [row for row in choice if row]
        if len(rows) == len(taxes) and sum(row.base for row, _ in rows) == net:
            return rows
        if len(rows) == len(taxes) - 1:
            (missing,) = [rate for rate in taxes if rate not in {row.rate for row, _ in rows}]
            base = net - sum((row.base for row, _ in rows), Decimal(0))
            if binds(missing, base, abs(taxes[missing].value)):
                return [*rows, (VatRow(missing, base, abs(taxes[missing].value)), [taxes[missing]])]
    first, *others = sorted(taxes, reverse=True)
    rows = [(VatRow(rate, round2(abs(taxes[rate].value) * 100 / rate), abs(taxes[rate].value)), [taxes[rate]]) for rate in others]
    base = net - sum((row.base for row, _ in rows), Decimal(0))
    return [(VatRow(first, base, abs(taxes[first].value)), [taxes[first]]), *rows]
