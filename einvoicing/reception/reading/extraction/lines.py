"""The lines of the table, where they stand: only when together they are the net, to the cent, else none.

A line is a row under the headings that ends with an amount; the rows without one below it go on with its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from config.kernel.money import CENT
from einvoicing.reception.reading.amounts import rates_in
from einvoicing.reception.reading.extraction.printed import Printed, roles_of
from einvoicing.reception.reading.layout import Cell, Page, Row, box_of
from einvoicing.reception.reading.result import Line, VatRow

_NAME = re.compile(r"designation|description|libelle|prestation|article|produit|intitule|detail|objet|service")
_AMOUNT = re.compile(r"montant|total|prix|\bp\.? ?u\b|\bht\b|h\.t")
_QUANTITY = re.compile(r"^(?:qte|quantite|qty|nombre|nb)\b")
_PRICE = re.compile(r"\bp\.? ?u\b|prix|unitaire")
_RATE = re.compile(r"tva|taux")
_NUMBER = re.compile(r"-?\d{1,7}(?:[.,]\d{1,4})?")
MOST_LINES = 200
LONGEST_NOTE = 3  # rows that go on with the words of a line
ZERO = Decimal(0)


def read_lines(
    pages: Sequence[Page], amounts: Sequence[Printed], net: Decimal | None, rates: Sequence[VatRow]
) -> tuple[Line, ...]:
    """Every line, or none: a table that is not understood whole says nothing."""
    if not net:
        return ()
    by_row: dict[tuple[int, int], list[Printed]] = {}
    for item in amounts:
        by_row.setdefault((item.page.number, item.cell.row), []).append(item)
    for items in by_row.values():
        items.sort(key=lambda item: item.x0)
    # the last column is net of VAT; or it is the one before, beside a gross
    for from_the_right in (1, 2):
        lines = _of_column(pages, by_row, net, from_the_right)
        if lines and (told := _with_rates(lines, rates)):
            return told
    return ()


def _of_column(
    pages: Sequence[Page], by_row: dict[tuple[int, int], list[Printed]], net: Decimal, from_the_right: int
) -> list[Line]:
    found: list[Line] = []
    total, heading = ZERO, None
    for page in pages:
        for index, row in enumerate(page.rows):
            if heading is None:
                heading = row if _is_heading(row) else None
                continue
            items = by_row.get((page.number, index), [])
            if len(items) < from_the_right:
                continue
            item = items[-from_the_right]
            if _is_total(row, item):
                return []
            line = _line(page, index, heading, item)
            if line is None:
                continue
            found.append(line)
            total += line.net
            if total == net:
                return found
            if len(found) > MOST_LINES:
                return []
    return []


def _is_heading(row: Row) -> bool:
    return bool(_NAME.search(row.folded) and _AMOUNT.search(row.folded)) and len(row.cells) > 1


def _is_total(row: Row, item: Printed) -> bool:
    """The table ends where a total is named at the beginning of a row."""
    return bool(roles_of(row.cells[0].folded) or (item.cell is row.cells[0] and roles_of(item.label)))


def _line(page: Page, index: int, heading: Row, item: Printed) -> Line | None:
    row = page.rows[index]
    head = next(cell for cell in heading.cells if _NAME.search(cell.folded))
    # a column beside the table, of an account or an address, is none of its words
    named = [
        cell
        for cell in row.cells
        if cell is not item.cell and cell.x0 >= head.x0 - head.height and any(c.isalpha() for c in cell.folded)
    ]
    if not named or named[0].x0 > item.x0:
        return None
    net = abs(item.value).quantize(CENT)
    quantity, price = (_under(heading, row, pattern, item) for pattern in (_QUANTITY, _PRICE))
    if quantity is not None and price is not None and abs(quantity * price - net) > CENT:
        quantity = price = None
    rate = next((value for value, _start, _end in rates_in(row.folded)), None)
    words = [word for cell in row.cells for word in cell.words]
    text = " ".join([named[0].text, *_notes(page, index, named[0])])
    return Line(
        text, quantity, price, rate if rate is not None else _rate(heading, row), net, page.number, box_of(words)
    )


def _notes(page: Page, index: int, name: Cell) -> Iterator[str]:
    """What stands under the words of a line, before the next one."""
    last = name
    for row in page.rows[index + 1 : index + 1 + LONGEST_NOTE]:
        only = row.cells[0]
        close = only.y0 - last.y1 < 0.9 * name.height
        if len(row.cells) > 1 or abs(only.x0 - name.x0) > 2 * name.height or not close or roles_of(only.folded):
            return
        yield only.text
        last = only


def _under(heading: Row, row: Row, pattern: re.Pattern[str], item: Printed) -> Decimal | None:
    """The number of the row that stands in the column of a heading."""
    head = next((cell for cell in heading.cells if pattern.search(cell.folded)), None)
    if head is None:
        return None
    cells = [cell for cell in row.cells if cell is not item.cell and cell.overlaps(head) > 0.1]
    return _number(cells[0].folded) if len(cells) == 1 else None


def _number(text: str) -> Decimal | None:
    plain = re.sub(r"(?<=\d) (?=\d{3}\b)", "", text.replace("€", "").replace("eur", "")).strip()
    if not _NUMBER.fullmatch(plain):
        return None
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def _rate(heading: Row, row: Row) -> Decimal | None:
    head = next((cell for cell in heading.cells if _RATE.search(cell.folded)), None)
    if head is None:
        return None
    numbers = [_number(cell.folded) for cell in row.cells if cell.overlaps(head) > 0.1]
    return next((number for number in numbers if number is not None and number < 100), None)


def _with_rates(lines: list[Line], rates: Sequence[VatRow]) -> tuple[Line, ...]:
    """The lines, if those of each rate are its base; of one rate, all are of it. Empty where they do not agree."""
    if len(rates) <= 1:
        return tuple(lines)
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        if line.rate is None:
            return ()
        sums[line.rate.normalize()] = sums.get(line.rate.normalize(), ZERO) + line.net
    return tuple(lines) if sums == {row.rate.normalize(): row.base for row in rates} else ()
