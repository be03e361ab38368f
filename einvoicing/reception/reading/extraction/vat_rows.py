"""The base and the tax of each rate: pairs of amounts that a printed rate binds, and that add up to the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations, product
from math import prod

from config.kernel.money import round2
from einvoicing.reception.reading.amounts import DRIFT, KNOWN_RATES, binds, rates_in
from einvoicing.reception.reading.extraction.found import CHECKED, DERIVED, GUESSED, LABELLED, Found
from einvoicing.reception.reading.extraction.printed import VAT, Printed
from einvoicing.reception.reading.extraction.totals import Totals
from einvoicing.reception.reading.layout import Cell, Page
from einvoicing.reception.reading.result import VatRow

MOST_CHOICES = 4000
LONGEST_HEADING = 16  # of a column of rates
Bound = tuple[VatRow, list[Printed]]


def read_vat_rows(pages: Sequence[Page], amounts: Sequence[Printed], totals: Totals) -> Found | None:
    """The rows that add up to the totals, or the best that can be said."""
    if totals.net is None or totals.vat is None:
        return None
    net: Decimal = totals.net.value
    vat: Decimal = totals.vat.value
    bound = list(_bound_pairs(pages, amounts))
    rates = {rate for page in pages for cell in page.cells for rate, _start, _end in rates_in(cell.folded)}
    for rows in (_one_a_rate(bound, net, vat), _summed_by_rate(bound, net, vat), _of_lines(pages, amounts, net, vat)):
        if rows:
            return _found(rows, CHECKED)
    single = _single(rates, net, vat)
    if single:
        return Found((single,), CHECKED if totals.adds_up else LABELLED, totals.vat.page, totals.vat.words)
    if vat == 0:
        return Found((VatRow(Decimal(0), net, Decimal("0.00")),), LABELLED, totals.net.page, totals.net.words)
    if pair := _by_taxes(amounts, net, vat):
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
            if (bare := _bare_rate(page, cell)) is not None:
                yield from _around(page, cell, bare, cell.x0, here)


def _bare_rate(page: Page, cell: Cell) -> Decimal | None:
    """A known rate alone in a cell, under a heading such as « Taux » or « TVA »."""
    text = cell.folded.replace(",", ".").strip()
    if len(text) > 5 or not text.replace(".", "", 1).isdigit():
        return None
    rate = Decimal(text).normalize() + 0
    headings = [above.folded for above in list(page.above(cell, 25))[:8] if len(above.folded) < LONGEST_HEADING]
    headed = any(word in heading for heading in headings for word in ("taux", "tva", "t.v.a", "%"))
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


def _one_a_rate(bound: Sequence[Bound], net: Decimal | None, vat: Decimal | None) -> list[Bound] | None:
    """At most one pair of each rate; with totals, those that add up to them, an exempt rest being a row of its own."""
    by_rate: dict[Decimal, dict[VatRow, Bound]] = {}
    for item in bound:
        by_rate.setdefault(item[0].rate, {}).setdefault(item[0], item)
    options: list[list[Bound | None]] = [[*rows.values(), None] for rows in by_rate.values()]
    if not options or prod(len(option) for option in options) > MOST_CHOICES:
        return None
    choices = [[item for item in choice if item is not None] for choice in product(*options)]
    choices = sorted((rows for rows in choices if rows), key=len, reverse=True)
    if net is None:
        return choices[0] if choices else None
    exact = next((rows for rows in choices if _sums(rows, net, vat)), None)
    return exact or next((more for rows in choices if (more := _with_exempt_rest(rows, net, vat))), None)


def _with_exempt_rest(rows: list[Bound], net: Decimal, vat: Decimal | None) -> list[Bound] | None:
    rest = net - sum((row.base for row, _ in rows), Decimal(0))
    if not vat or rest <= 0 or not _sums(rows, None, vat) or not all(row.rate for row, _ in rows):
        return None
    return [*rows, (VatRow(Decimal(0), rest, Decimal("0.00")), [])]


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


def _of_lines(pages: Sequence[Page], amounts: Sequence[Printed], net: Decimal, vat: Decimal) -> list[Bound] | None:
    """The lines of the table by the rate that each prints: their nets, and the tax that follows."""
    by_cell: dict[int, list[Printed]] = {}
    for item in amounts:
        by_cell.setdefault(id(item.cell), []).append(item)
    bases: dict[Decimal, list[Printed]] = {}
    for page in pages:
        for row in page.rows:
            rates = [rate for cell in row.cells for rate, _start, _end in rates_in(cell.folded)]
            rates += [rate for cell in row.cells if (rate := _bare_rate(page, cell)) is not None]
            printed = [item for cell in row.cells for item in by_cell.get(id(cell), [])]
            if len(rates) == 1 and printed and not any(VAT in item.roles for item in printed):
                bases.setdefault(rates[0], []).append(printed[-1])
    rows = []
    for rate, items in bases.items():
        base = abs(sum((item.value for item in items), Decimal(0)))
        rows.append((VatRow(rate, base, round2(base * rate / 100)), items))
    return rows if rows and _sums(rows, net, vat) else None


def _single(rates: set[Decimal], net: Decimal, vat: Decimal) -> VatRow | None:
    """The one rate that gives the tax of the whole."""
    if not vat or not net:
        return None
    fitting = [rate for rate in KNOWN_RATES if rate and abs(round2(net * rate / 100) - vat) <= DRIFT]
    printed = [rate for rate in fitting if rate in rates]
    chosen = printed or fitting[:1]
    return VatRow(chosen[0], net, vat) if chosen else None


def _by_taxes(amounts: Sequence[Printed], net: Decimal, vat: Decimal) -> list[Bound] | None:
    """Taxes named by their rates without their bases: what each base must be, to the cents that the sum leaves."""
    taxes = _taxes_by_rate(amounts)
    if len(taxes) < 2 or sum(abs(item.value) for item in taxes.values()) != vat:
        return None
    printed = {abs(item.value) for item in amounts}
    known = [
        [(VatRow(rate, base, abs(item.value)), [item]) for base in printed if binds(rate, base, abs(item.value))]
        for rate, item in taxes.items()
    ]
    if prod(len(option) or 1 for option in known) <= MOST_CHOICES:
        exact = next((choice for choice in product(*known) if _sums(choice, net, vat)), None)
        if exact:
            return list(exact)
    first, *others = sorted(taxes, reverse=True)
    rows = [_row(rate, round2(abs(taxes[rate].value) * 100 / rate), taxes[rate]) for rate in others]
    rest = net - sum((row.base for row, _ in rows), Decimal(0))
    return [_row(first, rest, taxes[first]), *rows]


def _row(rate: Decimal, base: Decimal, tax: Printed) -> Bound:
    return VatRow(rate, base, abs(tax.value)), [tax]


def _taxes_by_rate(amounts: Sequence[Printed]) -> dict[Decimal, Printed]:
    taxes: dict[Decimal, Printed] = {}
    for item in amounts:
        if item.roles.get(VAT):
            beside = [*item.page.left_of(item.cell), item.cell]
            rates = [rate for cell in beside for rate, _start, _end in rates_in(cell.folded)]
            taxes |= {rate: item for rate in rates if rate in KNOWN_RATES and rate}
    return taxes
