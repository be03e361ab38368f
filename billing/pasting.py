"""Lines pasted from a spreadsheet: the columns are found by their heads, else by what they hold. Plain Python.

Cells are set apart by tabs, semicolons or commas, and may be quoted (with line breaks inside). Figures are French
(1 234,50) or English (1,234.50), one way for the whole table. Whatever is not understood is given as it was written:
its line then says what is wrong.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from billing.vat_rates import EVERY_RATE
from config.kernel.money import round6

MOST_ROWS, MOST_COLUMNS, LONGEST = 500, 30, 100_000
LARGEST, SMALLEST = Decimal(10) ** 16, Decimal("0.0001")  # an amount and a quantity whose price can be told

REFERENCE, DESCRIPTION, QUANTITY, UNIT = "reference", "description", "quantity", "unit"
PRICE, DISCOUNT, VAT, TOTAL = "unit_price", "discount_percent", "vat", "total"
HEADS: Mapping[str, str] = {
    **dict.fromkeys(("ref", "reference", "code", "code article", "article", "sku", "item", "item number"), REFERENCE),
    **dict.fromkeys(("n", "no", "numero", "number", "n article", "product code", "part number"), REFERENCE),
    **dict.fromkeys(("designation", "description", "libelle", "intitule", "produit", "prestation"), DESCRIPTION),
    **dict.fromkeys(("product", "label", "name", "nom", "details", "service", "item description"), DESCRIPTION),
    **dict.fromkeys(("qte", "quantite", "qty", "quantity", "nombre", "nb", "q"), QUANTITY),
    **dict.fromkeys(("unite", "unit", "u", "uom", "unites", "units"), UNIT),
    **dict.fromkeys(
        ("pu", "pu ht", "p u", "p u ht", "prix", "prix ht", "prix unitaire", "prix unitaire ht", "tarif"), PRICE
    ),
    **dict.fromkeys(("unit price", "price", "rate", "cost", "pu eur", "pu ht eur", "prix u ht", "net price"), PRICE),
    **dict.fromkeys(("remise", "rabais", "discount", "remise pct", "discount pct", "rem"), DISCOUNT),
    **dict.fromkeys(
        ("tva", "taux tva", "taux de tva", "vat", "vat rate", "tva pct", "vat pct", "tax", "tax rate"), VAT
    ),
    **dict.fromkeys(("total", "total ht", "montant", "montant ht", "amount", "line total", "net", "prix total"), TOTAL),
}
UNITS: Mapping[str, str] = {
    **dict.fromkeys(("u", "un", "unite", "unites", "unit", "units", "c62"), "C62"),
    **dict.fromkeys(("pce", "pces", "pc", "pcs", "piece", "pieces"), "C62"),
    **dict.fromkeys(("h", "heure", "heures", "hour", "hours", "hr", "hrs", "hur"), "HUR"),
    **dict.fromkeys(("j", "jr", "jour", "jours", "day", "days", "d"), "DAY"),
    **dict.fromkeys(("mois", "month", "months", "mon"), "MON"),
    **dict.fromkeys(("kg", "kilo", "kilos", "kgm"), "KGM"),
    **dict.fromkeys(("m", "ml", "metre", "metres", "meter", "meters", "mtr"), "MTR"),
    **dict.fromkeys(("m2", "mtk"), "MTK"),
    **dict.fromkeys(("l", "litre", "litres", "liter", "liters", "ltr"), "LTR"),
    **dict.fromkeys(("forfait", "forfaits", "ff", "fft", "lump sum", "ls", "ens", "ensemble"), "LS"),
}
NO_PRICE_WORDS = frozenset({"ttc", "achat"})  # « Prix TTC » is no net price of sale
_FIGURE = re.compile(r"[+-]?[0-9][0-9 ]*(?:[.,][0-9 ]+)*|[+-]?[.,][0-9]+")
_ENGLISH = re.compile(r",[0-9]{3}\.|[0-9]\.[0-9]{1,2}$|^[0-9]+\.[0-9]{4,}$")
_FRENCH = re.compile(r"\.[0-9]{3},|,[0-9]{1,2}$|,[0-9]{4,}$|[0-9] [0-9]{3}")


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One line: a Decimal where the cell is a figure, else its text as written."""

    cells: Mapping[str, str | Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pasted:
    """The lines, which column was read as what (its head or its place, and our name), and whether heads were there."""

    rows: Sequence[PastedRow]
    columns: Sequence[tuple[str, str]]
    has_heads: bool


def read_paste(text: str) -> Pasted:
    """The lines of a pasted table. More than MOST_ROWS lines or LONGEST characters: what is beyond is not read."""
    table = read_table(text)
    if not table:
        return Pasted((), (), has_heads=False)
    heads = _by_heads(table[0])
    body = table[1:] if heads else table
    # by the whole table: « 1,234 » alone may be either
    english = _is_english(cell for row in body for cell in row)
    names = heads or _by_content(body, english=english)
    rows = [_row(cells, names, english=english) for cells in body]
    columns = [(table[0][place] if heads else str(place + 1), name) for place, name in enumerate(names) if name]
    if PRICE not in names:
        columns = [(head, PRICE if name == TOTAL else name) for head, name in columns]
    return Pasted(_rates_in_percent(rows), columns, has_heads=bool(heads))


def read_table(text: str) -> list[list[str]]:
    """The cells, of equal length per row; empty rows are left out."""
    text = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return []
    # spreadsheets put tabs on the clipboard; a comma may be a decimal one, and is tried last
    delimiter = "\t" if "\t" in text else ";" if ";" in lines[0] else "," if _is_comma_list(lines) else "\t"
    rows = [
        row[:MOST_COLUMNS] for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))
    ]
    width = max(map(len, rows), default=0)
    return [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in rows[: MOST_ROWS + 1]]


def _is_comma_list(lines: Sequence[str]) -> bool:
    """Commas set cells apart when each row has as many, two at least; else they are in sentences and figures."""
    counts = {len(row) for row in csv.reader(lines)}
    return len(counts) == 1 and min(counts) > 2


def fold(text: str) -> str:
    """Lower case, without accents, signs and double spaces: « P.U. (HT) € » is « p u ht »."""
    plain = unicodedata.normalize("NFKD", text.replace("²", "2").replace("€", "").replace("%", " pct")).lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).split())


def _by_heads(cells: Sequence[str]) -> list[str]:
    """The names of the columns when the first row are heads: two known ones, no figure; each name once."""
    heads = [fold(cell) for cell in cells]
    names = [HEADS.get(head) or HEADS.get(head.removesuffix(" pct").removesuffix(" eur"), "") for head in heads]
    for place, head in enumerate(heads):
        name = names[place] or _by_first_words(head)
        names[place] = "" if name in names[:place] or (not names[place] and name in names) else name
    if DESCRIPTION not in names and REFERENCE in names:
        names[names.index(REFERENCE)] = DESCRIPTION
    named = len([name for name in names if name])
    return names if named >= min(2, len(cells)) and not any(map(figure, cells)) else []


def _by_first_words(head: str) -> str:
    """« Qté commandée » is a quantity: the longest known head that it begins with."""
    words = head.split()
    if NO_PRICE_WORDS & set(words):
        return ""
    begins = (" ".join(words[:length]) for length in range(len(words) - 1, 0, -1))
    return next((HEADS[begin] for begin in begins if begin in HEADS and len(begin) > 1), "")


def _by_content(rows: Sequence[Sequence[str]], *, english: bool) -> list[str]:
    """The names of columns without heads, from what they hold."""
    columns = [[cell for cell in column if cell] for column in zip(*rows, strict=True)]
    figures = {place: values for place, column in enumerate(columns) if (values := _figures(column, english=english))}
    names = [""] * len(columns)
    texts = [place for place, column in enumerate(columns) if column and place not in figures]
    for place in list(texts):
        if all(fold(cell) in UNITS for cell in columns[place]):
            names[place] = UNIT
            texts.remove(place)
    if texts:
        names[max(texts, key=lambda place: sum(map(len, columns[place])))] = DESCRIPTION
        spare = [place for place in texts if not names[place] and all(" " not in cell for cell in columns[place])]
        if spare:
            names[spare[0]] = REFERENCE
    elif len(figures) > 2 and all(value == value.to_integral() for value in figures[0]):
        names[0] = REFERENCE
        del figures[0]
    _name_figures(names, columns, figures)
    return names


def _name_figures(names: list[str], columns: Sequence[Sequence[str]], figures: dict[int, list[Decimal]]) -> None:
    for place in sorted(figures, reverse=True):
        rates = set(figures[place]) <= EVERY_RATE
        percent = all("%" in cell for cell in columns[place])
        if rates and VAT not in names and (percent or (len(figures) > 2 and place == max(figures))):
            names[place] = VAT
        elif percent:
            names[place] = DISCOUNT
    left = [place for place in sorted(figures) if not names[place]]
    for total in left[2:]:
        pairs = combinations([figures[place] for place in left if place < total], 2)
        if any(_multiply(first, second, figures[total]) for first, second in pairs):
            names[total] = TOTAL
    left = [place for place in left if not names[place]]
    whole = _whole(left, figures)
    if len(left) > 2 and left[0] in whole and DESCRIPTION in names[left[0] :] and REFERENCE not in names:
        # figures before the designation, and a quantity and a price without them: an article number
        names[left.pop(0)] = REFERENCE
    if len(left) == 1:
        names[left[0]] = QUANTITY if left[0] in whole else PRICE
    elif left:
        quantity, price = left[:2]
        if quantity not in whole and price in whole:
            quantity, price = price, quantity
        names[quantity], names[price] = QUANTITY, PRICE


def _whole(places: Sequence[int], figures: Mapping[int, list[Decimal]]) -> list[int]:
    return [place for place in places if all(value == value.to_integral() for value in figures[place])]


def _multiply(first: Sequence[Decimal], second: Sequence[Decimal], product: Sequence[Decimal]) -> bool:
    return all(abs(a * b - c) <= Decimal("0.01") for a, b, c in zip(first, second, product, strict=False))


def _figures(cells: Sequence[str], *, english: bool) -> list[Decimal]:
    """The figures of a column; none when one cell in five or more is no figure."""
    found = [value for cell in cells if (value := figure(cell, english=english)) is not None]
    return found if cells and len(found) * 5 > len(cells) * 4 else []


def _is_english(cells: Iterable[str]) -> bool:
    numbers = [_bare(cell) for cell in cells]
    numbers = [cell for cell in numbers if _FIGURE.fullmatch(cell)]
    return any(map(_ENGLISH.search, numbers)) and not any(map(_FRENCH.search, numbers))


def _bare(cell: str) -> str:
    plain = re.sub("[\\s\u00a0\u2009\u202f]+", " ", cell.replace("\u2212", "-")).strip()
    return re.sub(r"^(?:€|EUR|\$|£) ?| ?(?:€|EUR|%|HT)$", "", plain)


def figure(cell: str, *, english: bool = False) -> Decimal | None:
    """The value of a cell, None when it is no figure."""
    text = _bare(cell)
    if len(text) > 40 or not _FIGURE.fullmatch(text):
        return None
    text = text.replace(" ", "")
    last = max(text.rfind(","), text.rfind("."))
    marks = {mark for mark in text if mark in ",."}
    if english:
        text = text.replace(",", "")
    elif len(marks) == 2:
        text = text[:last].replace(",", "").replace(".", "") + "." + text[last + 1 :]
    else:
        text = text.replace(",", ".") if text.count(",") < 2 else text.replace(",", "")
    return Decimal(text) if text.count(".") < 2 else None


def _row(cells: Sequence[str], names: Sequence[str], *, english: bool) -> PastedRow:
    read: dict[str, str | Decimal] = {}
    for name, cell in zip(names, cells, strict=True):
        if not name or not cell or (name == TOTAL and PRICE in names):
            continue
        if name in {REFERENCE, DESCRIPTION}:
            read[name] = cell
        elif name == UNIT:
            read[name] = UNITS.get(fold(cell), cell)
        else:
            value = figure(cell, english=english)
            read[name] = cell if value is None else value
    total, quantity = read.pop(TOTAL, None), read.get(QUANTITY, Decimal(1))
    if (
        isinstance(total, Decimal)
        and isinstance(quantity, Decimal)
        and abs(total) < LARGEST
        and abs(quantity) > SMALLEST
    ):
        # amounts without prices: the price is what gives the amount
        read[PRICE] = round6(total / quantity)
    return PastedRow(read)


def _rates_in_percent(rows: Sequence[PastedRow]) -> Sequence[PastedRow]:
    """A spreadsheet keeps 20 % as 0.2: a column of such rates is brought to percent."""
    rates = [row.cells[VAT] for row in rows if isinstance(row.cells.get(VAT), Decimal)]
    if not any(0 < rate < Decimal("0.5") for rate in rates if isinstance(rate, Decimal)):
        return rows
    return [
        PastedRow(
            {
                name: cell * 100 if name == VAT and isinstance(cell, Decimal) else cell
                for name, cell in row.cells.items()
            }
        )
        for row in rows
    ]
