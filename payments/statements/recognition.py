"""Which movements of a file are already known: by what identifies them, and by their place between the balances.

The bank's own reference identifies a movement, unless another payer stands under it at another balance: then the bank
writes the same word for all. Without one, two equal movements of a day differ by the balance
of the account before each: 7 000 → 7 100 and 7 100 → 7 200 are two credits of 100, the same place twice is the same
credit. A bank that writes a day again in another order moves these places: then the day is recognised by where it
begins or ends, and by holding all that was known of it. Where balances are missing, only the number of equal movements
is left: a file brings those that exceed what is known.

Another format of the same account writes other words: there a day is recognised by where it begins or ends and by its
amounts, and where balances are missing a movement by its day, its amount and texts that do not contradict each other
(`payments/statements/other_formats.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from config.kernel.money import ZERO
from payments.statements import other_formats
from payments.statements.base import CSV, OFX, XLSX, Statement, StatementLine, look, normalise
from payments.statements.imported_line import ImportedLine

REFERENCE = "reference"
BALANCE = "balance"
DAY = "day"
EQUAL = "equal"
FEED = "feed"
FORMAT = "format"
# these tell the balance of the day on which the file was made, whatever movements it holds
CLOSING_ALONE = frozenset({OFX, CSV, XLSX})
BATCH = "batch"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One line of a file: what it is a duplicate of when it was imported before, and the `reason` to say so."""

    line: StatementLine
    look: str
    balance_before: Decimal | None
    duplicate_of: ImportedLine | None = None
    reason: str = ""


def recognise(statement: Statement, imported: Sequence[ImportedLine], counted: Collection[int] = ()) -> list[Reading]:
    """What each line of a statement is.

    `counted` are the known movements that earlier statements of the same file hold: where balances are missing, each
    is found once in a file.
    """
    readings = _placed(statement)
    days = _days_again(readings, imported)
    left = {row.id: row for row in imported}

    def find(
        reason: str, agrees: Callable[[Reading, ImportedLine], bool], of: Callable[[ImportedLine], object]
    ) -> None:
        """Give each line that is not recognised yet the first known movement that agrees."""
        keys: dict[object, list[ImportedLine]] = {}
        for row in left.values():
            keys.setdefault(of(row), []).append(row)
        for place, reading in enumerate(readings):
            if reading.duplicate_of is None:
                line = reading.line
                key = (line.booked_on, line.amount) if reason == FEED else reading.look
                same = next((row for row in keys.get(key, ()) if row.id in left and agrees(reading, row)), None)
                if same is not None:
                    # each known movement explains one line of the file: the second of two equal credits is new
                    del left[same.id]
                    readings[place] = replace(reading, duplicate_of=same, reason=reason)

    def by_look(row: ImportedLine) -> object:
        return row.look

    find(REFERENCE, _is_identified, by_look)
    find(BALANCE, lambda reading, row: None is not reading.balance_before == row.balance_before, by_look)
    find(DAY, lambda reading, row: (row.booked_on, row.statement_id) in days, by_look)
    for key in counted:
        left.pop(key, None)
    find(EQUAL, lambda reading, row: reading.balance_before is None or row.balance_before is None, by_look)
    find(FEED, lambda reading, row: row.is_from_feed, lambda row: (row.booked_on, row.amount))
    others = [row for row in left.values() if row.format != statement.format and not row.is_from_feed]
    if others:
        _find_in_other_formats(readings, others, imported)
    return readings


def _find_in_other_formats(
    readings: list[Reading], others: Sequence[ImportedLine], imported: Sequence[ImportedLine]
) -> None:
    """Recognise what no rule of one format has."""
    waiting = {
        place: (reading.line, reading.balance_before)
        for place, reading in enumerate(readings)
        if reading.duplicate_of is None
    }
    search = other_formats.Search(waiting, others, _days_again(readings, imported, by_amount=True))
    for place, (row, is_batch) in search.run().items():
        readings[place] = replace(readings[place], duplicate_of=row, reason=BATCH if is_batch else FORMAT)


def _is_identified(reading: Reading, row: ImportedLine) -> bool:
    """Whether both are one movement by the bank's reference."""
    payers = {normalise(reading.line.counterparty), normalise(row.counterparty)} - {""}
    is_elsewhere = reading.balance_before is not None and row.balance_before not in (None, reading.balance_before)
    return reading.look.startswith("bank:") and not (is_elsewhere and len(payers) > 1)


def _placed(statement: Statement) -> list[Reading]:
    """The lines in the order of their days, each with the balance before it where the statement gives one."""
    balance = statement.opening
    if balance is None and statement.closing is not None and statement.format not in CLOSING_ALONE:
        balance = statement.closing - sum((line.amount for line in statement.lines), ZERO)
    readings = []
    for line in sorted(statement.lines, key=lambda line: line.booked_on):
        readings.append(Reading(line=line, look=look(statement.account_id, line), balance_before=balance))
        balance = None if balance is None else balance + line.amount
    return readings


@dataclass(frozen=True)
class _Day:
    """What a statement holds of one day: where it begins and ends, and its movements, whatever their order."""

    openings: frozenset[Decimal]
    closings: frozenset[Decimal]
    looks: Counter[str]


_Row = tuple[Decimal | None, Decimal, str]  # balance before, amount, look


def _day(rows: Sequence[_Row]) -> _Day | None:
    """None when a balance is missing. A day that ends where it began may begin at any of its balances."""
    before = Counter(balance for balance, _amount, _look in rows if balance is not None)
    after = Counter(balance + amount for balance, amount, _look in rows if balance is not None)
    if before.total() < len(rows):
        return None
    return _Day(
        # the balance before which nothing came is where the day begins, in whatever order the bank wrote it
        frozenset(before - after or before),
        frozenset(after - before or after),
        Counter(name for _balance, _amount, name in rows),
    )


def _days_again(
    readings: Sequence[Reading], imported: Sequence[ImportedLine], *, by_amount: bool = False
) -> set[tuple[date, int]]:
    """The days, each with the statement that brought it, that this statement writes again.

    by_amount: in another format, whose looks are others.
    """
    read: dict[date, list[_Row]] = {}
    for reading in readings:
        mine = (reading.balance_before, reading.line.amount, reading.look)
        read.setdefault(reading.line.booked_on, []).append(_named(mine, by_amount))
    brought: dict[tuple[date, int], list[_Row]] = {}
    for earlier in imported:
        if earlier.booked_on in read and not earlier.is_from_feed:
            row = (earlier.balance_before, earlier.amount, earlier.look)
            brought.setdefault((earlier.booked_on, earlier.statement_id), []).append(_named(row, by_amount))
    days = {key: found for key, rows in brought.items() if (found := _day(rows)) is not None}
    return {key for key in days if (now := _day(read[key[0]])) is not None and _is_again(now, key, days)}


def _named(row: _Row, by_amount: bool) -> _Row:
    return (row[0], row[1], f"{row[1]:f}") if by_amount else row


def _is_again(now: _Day, key: tuple[date, int], days: Mapping[tuple[date, int], _Day]) -> bool:
    before = days[key]
    shares_an_end = now.openings & before.openings or now.closings & before.closings
    if shares_an_end and (before.looks <= now.looks or now.looks <= before.looks):
        return True
    same_day = [day for (on, _statement), day in days.items() if on == key[0]]
    return (
        any(now.openings & day.openings for day in same_day)
        and any(now.closings & day.closings for day in same_day)
        and sum((day.looks for day in same_day), Counter[str]()) <= now.looks
    )
