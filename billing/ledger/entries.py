"""Each fact writes its balanced entry in its own transaction (BOI-CF-IOR-60-40-20)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import DatabaseError

from billing.ledger.accounts import DECLARED_DEDUCTIBLE, DECLARED_DUE
from billing.ledger.calendar import Calendar, calendar_of
from billing.models import Journal, JournalEntry, JournalLine, VatReturn
from billing.numbering import next_numbers
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO
from config.kernel.rows import insert_each, know


class ClosedMeanwhile(DomainError):
    code = "books_closed_meanwhile"
    message = "Les livres viennent d’être clôturés à cette date. Rien n’a été écrit : recommencez."


@dataclass(frozen=True, slots=True)
class Posting:
    """One line to write: positive to debit, negative to credit. Zero is left out.

    `customer_id` is the third party, customer or supplier; `currency_amount` the same amount in another `currency` than
    that of the books, with the same sign. `carried_id` is the line of an earlier year that this one repeats. Without a
    `label` the line has that of its entry. `base` is what VAT is the tax of, with its sign; `invoice_id` the one whose
    VAT waits for its payment.
    """

    account: str
    amount: Decimal
    customer_id: int | None = None
    due_date: date | None = None
    currency: str = ""
    currency_amount: Decimal | None = None
    is_carried: bool = False
    carried_id: int | None = None
    label: str = ""
    base: Decimal | None = None
    invoice_id: int | None = None

    def reversed(self) -> Posting:
        in_currency = None if self.currency_amount is None else -self.currency_amount
        base = None if self.base is None else -self.base
        return replace(self, amount=-self.amount, currency_amount=in_currency, base=base)

    @classmethod
    def opposite_of(cls, line: JournalLine) -> Posting:
        """What undoes a line that was written."""
        posting = cls(
            line.account,
            line.debit - line.credit,
            line.customer_id,
            line.due_date,
            line.currency,
            line.currency_amount,
            base=line.base,
            invoice_id=line.invoice_id,
        )
        return posting.reversed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A balanced entry to write about `source`, with the piece that proves it.

    `on` is the day of the fact: it is booked there, or on the first open day. Without it, on the day of writing.
    """

    label: str
    piece: str
    piece_date: date
    source: CompanyRow
    postings: Sequence[Posting]
    on: date | None = None

    @property
    def bears_vat(self) -> bool:
        """Whether a VAT return has to tell it; what a return settles was told."""
        return bears_vat(self.postings) and not isinstance(self.source, VatReturn)

    def row(self, *, journal: str, number: str, day: date, at: datetime) -> JournalEntry:
        """The entry with its lines, not saved yet. Raises ValueError, a defect, where debit and credit differ."""
        if sum((posting.amount for posting in self.postings), ZERO) != 0:
            raise ValueError(f"the entry for {self.piece} does not balance: {self.postings}")
        company_id, label = self.source.company_id, self.label[:200]
        row = JournalEntry(
            company_id=company_id,
            journal=journal,
            number=number,
            day=day,
            label=label,
            piece=self.piece,
            piece_date=self.piece_date,
            source=self.source.subject,
            created_at=at,
        )
        moved = [posting for posting in self.postings if posting.amount]
        lines = [
            JournalLine(
                company_id=company_id,
                entry=row,
                position=position,
                day=day,
                account=posting.account,
                customer_id=posting.customer_id,
                label=posting.label[:200] or label,
                debit=max(posting.amount, ZERO),
                credit=max(-posting.amount, ZERO),
                due_date=posting.due_date,
                currency=posting.currency,
                currency_amount=posting.currency_amount,
                is_carried=posting.is_carried,
                carried_line_id=posting.carried_id,
                base=posting.base,
                invoice_id=posting.invoice_id,
            )
            for position, posting in enumerate(moved, start=1)
        ]
        know(row, "lines", lines)
        return row


def bears_vat(postings: Sequence[Posting]) -> bool:
    told = (*DECLARED_DUE, *DECLARED_DEDUCTIBLE)
    return any(posting.amount and posting.account.startswith(told) for posting in postings)


def post(entries: Sequence[Entry], *, journal: str, day: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Write entries of one company, in this order, each on its day or on the first open one; VAT, on one not declared.

    An unbalanced one fails here and in PostgreSQL. Raises ClosedMeanwhile where the books are closed at this moment.
    """
    if not entries:
        return []
    company_id = entries[0].source.company_id
    calendar, today = calendar_of(company_id), max(day, local_day(at))
    days = [
        calendar.booking_day(
            entry.on or day, actor, today=today, bears_vat=journal != Journal.OPENING and entry.bears_vat
        )
        for entry in entries
    ]
    rows = _write(entries, days, calendar, journal=journal, actor=actor, at=at)
    _say_moved(entries, rows, actor=actor, at=at)
    return rows


def _say_moved(entries: Sequence[Entry], rows: Sequence[JournalEntry], *, actor: Actor, at: datetime) -> None:
    """On the record of each fact whose own day is closed: when it was booked instead (PCG 1031-4)."""
    moved = [
        audit.Happening(subject=entry.source, also=[row], data={"day": row.day, "wanted": entry.on})
        for entry, row in zip(entries, rows, strict=True)
        if entry.on and row.day > entry.on
    ]
    if moved:
        audit.record_all("billing.journal.moved", moved, actor=actor, at=at)


def post_opening(entries: Sequence[Entry], *, day: date, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Write the opening entries of the fiscal year that begins on `day`, there and nowhere else.

    Raises ClosedMeanwhile where that day is closed.
    """
    calendar = calendar_of(entries[0].source.company_id)
    return _write(entries, [day] * len(entries), calendar, journal=Journal.OPENING, actor=actor, at=at)


def _write(
    entries: Sequence[Entry], days: Sequence[date], calendar: Calendar, *, journal: str, actor: Actor, at: datetime
) -> list[JournalEntry]:
    years = [calendar.year_of(each).ends_on.year for each in days]
    numbers = _numbers(years, calendar.company_id, journal, on=max(days))
    rows = [
        entry.row(journal=journal, number=number, day=each, at=at)
        for entry, number, each in zip(entries, numbers, days, strict=True)
    ]
    _insert(rows)
    happenings = [
        audit.Happening(subject=row, also=[entry.source], data={"number": row.number})
        for row, entry in zip(rows, entries, strict=True)
    ]
    audit.record_all("billing.journal.written", happenings, actor=actor, at=at, seal=True)
    return rows


def _numbers(years: Sequence[int], company_id: int, journal: str, *, on: date) -> list[str]:
    """EcritureNum of the FEC for entries of these fiscal years: continuous in each (LPF A47 A-1)."""
    given = {
        year: iter(next_numbers(count, company_id=company_id, series=journal, on=on, year=year))
        for year, count in sorted(Counter(years).items())
    }
    return [next(given[year]) for year in years]


def _insert(rows: Sequence[JournalEntry]) -> None:
    try:
        insert_each(rows)
    except DatabaseError as error:
        if "the books are closed" in str(error):
            raise ClosedMeanwhile from error
        raise
    insert_each([line for row in rows for line in row.lines.all()])
