"""Books are closed while people write in them: each entry is before the closing, or on the first open day."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing import ledger
from billing.ledger import entries
from billing.ledger.closing import close_books
from billing.ledger.entries import ClosedMeanwhile
from billing.models import Closing, ClosingKind, FiscalYear, Journal, JournalEntry
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.factories import story
from tests.trust.at_once import at_once, scaled

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

WRITERS, EACH = 20, scaled(50)
OCTOBER, FIRST_OPEN = date(2026, 10, 31), date(2026, 11, 1)
DAY = date(2026, 10, 5)


def write_one(company: Company) -> JournalEntry:
    entry = ledger.Entry(
        label="Frais",
        piece="F-1",
        piece_date=DAY,
        source=FiscalYear(pk=1, company=company),
        on=DAY,
        postings=[ledger.Posting("627000", Decimal(1)), ledger.Posting("512000", Decimal(-1))],
    )
    with transaction.atomic():
        (row,) = ledger.post([entry], journal=Journal.MISCELLANEOUS, day=DAY, actor=story.ACTOR, at=story.AT)
    return row


def close(company: Company) -> Closing:
    return close_books(company=company, kind=ClosingKind.HARD, through=OCTOBER, actor=story.ACTOR, at=story.AT)


def test_nothing_lands_in_a_period_that_twenty_writers_see_closing() -> None:
    company = story.a_company()
    in_october_at_closing: list[int] = []

    def person(place: int) -> list[date]:
        with company_scope(company):
            if place == 0:
                close(company)
                in_october_at_closing.append(JournalEntry.objects.filter(day__lte=OCTOBER).count())
                return []
            return [day for _turn in range(EACH) if (day := _written(company))]

    days = [day for found in at_once(WRITERS + 1, person) for day in found]
    with company_scope(company):
        assert set(days) <= {DAY, FIRST_OPEN}
        assert JournalEntry.objects.filter(day__lte=OCTOBER).count() == in_october_at_closing[0]
        assert JournalEntry.objects.count() == len(days)
        numbers = sorted(JournalEntry.objects.values_list("number", flat=True))
        assert numbers == [f"OD-2026-{place:05}" for place in range(1, len(days) + 1)]
        assert write_one(company).day == FIRST_OPEN
    assert chain.verify(company) == []


def _written(company: Company) -> date | None:
    """The day on which it was booked; None where the books were closed at that moment: nothing was written."""
    try:
        return write_one(company).day
    except ClosedMeanwhile:
        return None


def test_without_the_lock_an_entry_lands_in_what_was_just_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a writer has not committed yet; the closing does not wait for it, and is over without it."""
    company = story.a_company()
    written, closed = threading.Event(), threading.Event()
    counted: list[int] = []
    insert = entries._insert

    def insert_and_linger(rows: Sequence[JournalEntry]) -> None:
        insert(rows)
        written.set()
        assert closed.wait(30)

    def person(place: int) -> None:
        with company_scope(company):
            if place == 0:
                write_one(company)
                return
            assert written.wait(30)
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
                cursor.execute("SET session_replication_role TO replica")
            Closing.objects.create(company=company, kind=ClosingKind.HARD, through=OCTOBER, at=story.AT)
            counted.append(JournalEntry.objects.filter(day__lte=OCTOBER).count())
            closed.set()

    monkeypatch.setattr(entries, "_insert", insert_and_linger)
    at_once(2, person)
    with company_scope(company):
        assert JournalEntry.objects.filter(day__lte=OCTOBER).count() == counted[0] + 1
