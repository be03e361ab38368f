"""The cells of a table as dates, amounts and words, whatever the country writes between their figures."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from config.kernel.money import round2

Cell = str | Decimal | date | None

ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?=$|[T ,])", re.ASCII)
COMPACT_DATE = re.compile(r"(19|20)(\d{2})(\d{2})(\d{2})", re.ASCII)
DATE = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?=$|[T ,])", re.ASCII)
NAMED_DATE = re.compile(r"(\d{1,2})(?:er)?[-/. ]+([A-Za-zéûÉÛ]{3,9})\.?[-/. ,]+(\d{4}|\d{2})(?=$|[T ,])")
MONTHS = {
    "jan": 1, "fev": 2, "feb": 2, "mar": 3, "avr": 4, "apr": 4, "mai": 5, "may": 5, "juin": 6, "jun": 6, "juil": 7,
    "jul": 7, "aou": 8, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
CURRENCIES = frozenset(
    ("AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "DZD", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
     "JPY", "KRW", "MAD", "MGA", "MUR", "MXN", "NOK", "NZD", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TND", "TRY",
     "USD", "XAF", "XOF", "XPF", "ZAR")
)  # fmt: skip
SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "EUROS": "EUR", "EURO": "EUR"}
UNIT = re.compile(r"^([-+(]?)(?:EUROS?|[A-Z]{3}|€|\$|£)|(?:EUROS?|[A-Z]{3}|€|\$|£)([-+)]?)$", re.IGNORECASE)
FIGURES = re.compile(r"[0-9][0-9.,'’]*|[.,][0-9]+")
GROUPS = {
    ",": re.compile(r"[0-9]{1,3}(?:[.'’][0-9]{3})+|[0-9]+"),
    ".": re.compile(r"[0-9]{1,3}(?:[,'’][0-9]{3})+|[0-9]+"),
}
BETWEEN = re.compile(r"(?<=[0-9])[\s\u00a0\u2007\u202f]+(?=[0-9])")  # a blank parts thousands as a mark does
BLANKS = re.compile(r"[\s\u00a0\u2007\u202f]+")
NOISE = Decimal("0.000001")
LONGEST_AMOUNT = 60  # characters: what follows would cost the patterns below more than it is worth


def words(cell: Cell) -> str:
    """The cell as text on one line, rid of the quotes with which a bank keeps a spreadsheet from counting (="0123")."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}" if cell else "0"
    text = " ".join(str(cell).replace("\x00", "").split())
    return text[2:-1].strip() if text.startswith('="') and text.endswith('"') else text


def day(cell: Cell, order: str) -> date | None:
    """The date of the cell; None when it is none. `order` is that of day and month: dmy, mdy or ymd."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = words(cell)
    found = ISO_DATE.match(text)
    if found is not None:
        return _date(found[1], found[2], found[3])
    found = COMPACT_DATE.fullmatch(text)
    if found is not None:
        return _date(found[1] + found[2], found[3], found[4])
    found = DATE.match(text)
    if found is not None:
        first, second, year = found.groups()
        if order == "ymd":
            return _date(first, second, year)
        return _date(year, second, first) if order == "dmy" else _date(year, first, second)
    found = NAMED_DATE.match(text)
    if found is not None:
        return _date(found[3], _month(found[2]), found[1])
    return None


def _month(name: str) -> str:
    plain = name.lower().translate(str.maketrans("éû", "eu"))
    return str(MONTHS.get(plain[:4]) or MONTHS.get(plain[:3]) or 0)


def _date(year: str, month: str, number: str) -> date | None:
    written = int(year)
    full = written if written > 99 else 2000 + written
    try:
        return date(full, int(month), int(number))
    except ValueError:
        return None


def unit(cell: Cell) -> str:
    """The currency written beside an amount: « 12,50 € » is EUR; '' when there is none."""
    if not isinstance(cell, str):
        return ""
    for found in re.findall(r"[A-Z]{3,5}\b|€|\$|£", words(cell).upper()):
        if found in SYMBOLS or found in CURRENCIES:
            return SYMBOLS.get(found, found)
    return ""


def amount(cell: Cell, decimal: str) -> Decimal | None:
    """The amount, to the cent; None when the cell is blank. Raises ValueError when it is no amount, or finer."""
    if isinstance(cell, Decimal):
        # a spreadsheet counts in binary: 0.1 + 0.2 is 0.30000000000000004
        if abs(cell) >= Decimal(10) ** 16 or abs(cell - round2(cell)) > NOISE:
            raise ValueError(words(cell))
        return round2(cell)
    if len(words(cell)) > LONGEST_AMOUNT:
        raise ValueError(words(cell)[:LONGEST_AMOUNT])
    text = BLANKS.sub("", BETWEEN.sub("'", words(cell).replace("−", "-").replace("–", "-")))
    if text in ("", "-", "--", "—"):
        return None
    bare, is_negative = _unsigned(UNIT.sub(r"\1\2", text, count=1))
    if not FIGURES.fullmatch(bare) or len(bare) > 30:
        raise ValueError(text)
    whole, _mark, fraction = bare.partition(decimal)
    if (whole and not GROUPS[decimal].fullmatch(whole)) or not re.fullmatch(r"[0-9]*", fraction):
        raise ValueError(text)
    written = Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}")
    if round2(written) != written:
        raise ValueError(text)
    return round2(-written if is_negative else written)


def _unsigned(text: str) -> tuple[str, bool]:
    """« -12 », « 12- » and « (12) » are negative."""
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1], True
    if text.startswith(("+", "-")):
        return text[1:], text[0] == "-"
    if text.endswith(("+", "-")):
        return text[:-1], text[-1] == "-"
    return text, False


def is_amount(cell: Cell, decimal: str) -> bool:
    """Whether the cell holds an amount."""
    try:
        return amount(cell, decimal) is not None
    except ValueError:
        return False
