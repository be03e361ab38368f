"""What the columns of a table hold, when their names do not tell, and how their dates and amounts are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from stdnum import iban as ibans

from payments.statements.base import normalise
from payments.statements.tables import cells
from payments.statements.tables.cells import Cell
from payments.statements.tables.names import DIRECTIONS

MOSTLY = 0.8
MARKED = re.compile(r"(\d[\d.,'’\s]*)([.,])(\d+)\D*$")
IN = re.compile(
    r"\b(VIR\w* (SEPA )?(RECU|DE|CREDITEUR)|EN VOTRE FAVEUR|REMISE|SALAIRE|VERSEMENT|CREDIT|AVOIR|ENCAISSEMENT)\b"
)
OUT = re.compile(
    r"\b(PRLV|PRELEVEMENT|CARTE|CB|PAIEMENT|ACHAT|RETRAIT|FRAIS|COTISATION|COMMISSION|VIR\w* (SEPA )?(EMIS|VERS)"
    r"|LOYER|URSSAF|ECHEANCE|ABONNEMENT)\b"
)


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds, in shares of the rows that hold a movement."""

    number: int
    filled: float
    dates: float  # of those filled, as the others below
    amounts: float
    ibans: float
    currencies: float
    directions: float
    is_code: bool  # figures that are no amount: a number of account, of operation
    length: float


def columns_of(rows: Sequence[Sequence[Cell]]) -> list[Column]:
    """Every column of the rows."""
    width = max((len(row) for row in rows), default=0)
    return [_column(number, [row[number] if number < len(row) else None for row in rows]) for number in range(width)]


def _column(number: int, found: Sequence[Cell]) -> Column:
    texts = [cells.words(cell) for cell in found]
    filled = [(cell, text) for cell, text in zip(found, texts, strict=True) if text]
    count = max(len(filled), 1)

    def share(agreeing: Iterable[bool]) -> float:
        return sum(agreeing) / count

    return Column(
        number=number,
        filled=len(filled) / max(len(found), 1),
        dates=share(cells.day(cell, "dmy") is not None or cells.day(cell, "mdy") is not None for cell, _ in filled),
        amounts=share(cells.is_amount(cell, ",") or cells.is_amount(cell, ".") for cell, _ in filled),
        ibans=share(is_iban(text) for _, text in filled),
        currencies=share(re.fullmatch("[A-Z]{3}", text) is not None for _, text in filled),
        directions=share(direction(text) != 0 for _, text in filled),
        is_code=bool(filled) and all(re.fullmatch(r"0\d+|\d{6,}", text) is not None for _, text in filled),
        length=sum(len(text) for _, text in filled) / count,
    )


def is_iban(text: str) -> bool:
    return len(text) > 14 and text[:2].isalpha() and bool(ibans.is_valid(text))


def is_account(text: str) -> bool:
    """Whether the text may be the number of an account, and not only what its holder calls it."""
    return sum(sign.isdigit() for sign in text) >= 5


def direction(text: str) -> int:
    """1 for what comes in, −1 for what goes out, 0 when the word says neither."""
    return {"+": 1, "-": -1}.get(text) or DIRECTIONS.get(normalise(text), 0)


def roles_by_content(rows: Sequence[Sequence[Cell]]) -> dict[str, int]:
    """The roles of the columns of a table that names none; without a date or an amount, {}."""
    columns = columns_of(rows)
    dates = [one for one in columns if one.dates >= MOSTLY and one.filled >= MOSTLY]
    taken = {one.number for one in dates}
    numbers = [
        one for one in columns
        if one.number not in taken and one.amounts >= MOSTLY and one.filled and not one.is_code
    ]  # fmt: skip
    if not dates or not numbers:
        return {}
    roles = {"date": dates[0].number, **_amounts(numbers, rows)}
    if len(dates) > 1:
        roles["value_date"] = dates[1].number
    taken |= {one.number for one in numbers}
    for role in ("currencies", "ibans", "directions"):
        of_role = [one for one in columns if one.number not in taken and getattr(one, role) >= MOSTLY and one.filled]
        if of_role and (role != "directions" or "amount" in roles):
            name = {"currencies": "currency", "ibans": "iban", "directions": "direction"}[role]
            roles[name] = of_role[0].number
            taken.add(of_role[0].number)
    return roles


def _amounts(numbers: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> dict[str, int]:
    """Debit and credit when two columns complete each other; else one amount, and perhaps the balance after it."""
    full = [one for one in numbers if one.filled > 0.95]
    partial = [one for one in numbers if one.filled <= 0.95]
    for left, right in pairwise(partial):
        if all(bool(_text(row, left)) is not bool(_text(row, right)) for row in rows):
            return {"debit": left.number, "credit": right.number} | ({"balance": full[0].number} if full else {})
    chosen = full or list(numbers)
    return {"amount": chosen[0].number} | ({"balance": chosen[1].number} if len(chosen) > 1 else {})


def _text(row: Sequence[Cell], column: Column) -> str:
    return cells.words(row[column.number]) if column.number < len(row) else ""


def label_columns(rows: Sequence[Sequence[Cell]], taken: Iterable[int]) -> tuple[int, ...]:
    """The columns of words that have no role."""
    free = [one for one in columns_of(rows) if one.number not in set(taken) and one.filled and not one.is_code]
    return tuple(one.number for one in free if one.amounts < MOSTLY and one.dates < MOSTLY and one.currencies < MOSTLY)


def decimal_of(found: Iterable[Cell]) -> str:
    """What stands before the cents: the mark that one or two figures follow, most often. A comma when none tells."""
    votes: Counter[str] = Counter()
    for cell in found:
        text = cells.words(cell) if isinstance(cell, str) else ""
        marked = MARKED.search(text) if len(text) <= cells.LONGEST_AMOUNT else None
        if marked is None:
            continue
        whole, mark, fraction = marked.groups()
        other = "." if mark == "," else ","
        if mark in whole or (len(fraction) == 3 and len(whole) <= 3 and other not in whole):
            votes[other] += len(fraction) == 3 and mark in whole  # 1.234.567: thousands
        else:
            votes[mark] += 1
    if votes["."] != votes[","]:
        return "." if votes["."] > votes[","] else ","
    return "," if not any(isinstance(cell, str) and re.search(r"\d,\d{3}\b", cell) for cell in found) else "."


def date_order(found: Iterable[Cell]) -> str:
    """Whether the day comes first, as in France; the other ways only where a date cannot be read so."""
    texts = [cells.words(cell) for cell in found if isinstance(cell, str)]
    numbers = [tuple(map(int, match.groups())) for text in texts if (match := cells.DATE.match(text)) is not None]
    if numbers and all(second <= 12 and first <= 31 for first, second, _year in numbers):
        if any(_exists(year, second, first) is None for first, second, year in numbers):
            return "ymd" if all(_exists(first, second, third) for first, second, third in numbers) else "dmy"
        return "dmy"
    if numbers and all(first <= 12 for first, _second, _year in numbers):
        return "mdy"
    return "ymd" if numbers and all(_exists(*number) for number in numbers) else "dmy"


def _exists(year: int, month: int, number: int) -> date | None:
    try:
        return date(year + 2000 if year < 100 else year, month, number)
    except ValueError:
        return None


def is_against_the_words(movements: Iterable[tuple[str, Decimal]]) -> bool:
    """Whether amounts are written with the sign of the other side: fees positive, transfers received negative."""
    agreeing = against = 0
    for text, moved in movements:
        plain = normalise(text)
        comes, goes = IN.search(plain) is not None, OUT.search(plain) is not None
        if moved and comes is not goes:
            agreeing += (moved > 0) is comes
            against += (moved > 0) is goes
    return against >= 2 and against > 3 * agreeing
