"""When a fact is booked, what closing refuses, and the numbers of entries, by fiscal year."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing import ledger
from billing.ledger import Posting
from billing.ledger.calendar import Calendar, Year, calendar_of
from billing.ledger.closing import ClosedAlready, NotOverYet, close_books
from billing.models import Closing, ClosingKind, FiscalYear, Journal, JournalEntry
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import money, people, story

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def close(company, through, kind=ClosingKind.HARD, *, at=story.AT):
    return close_books(company=company, kind=kind, through=through, actor=story.ACTOR, at=at)


def a_payment_of(company, day):
    payment = money.a_payment(story.a_customer(company), "10.00", paid_on=day)
    return JournalEntry.objects.get(source=payment.subject)


def test_a_payment_of_last_month_is_booked_on_its_day(company):
    assert a_payment_of(company, date(2026, 10, 3)).day == date(2026, 10, 3)


def test_a_payment_of_a_closed_month_is_booked_on_the_first_open_day_with_its_own_stated(company):
    close(company, date(2026, 10, 31))
    entry = a_payment_of(company, date(2026, 10, 3))
    assert (entry.day, entry.piece_date) == (date(2026, 11, 1), date(2026, 10, 3))
    assert {line.day for line in entry.lines.all()} == {entry.day}
    said = AuditEvent.objects.get(tag="billing.journal.moved")
    assert (said.subjects, said.data) == ([entry.source, entry.subject], {"day": "2026-11-01", "wanted": "2026-10-03"})
    a_payment_of(company, date(2026, 11, 2))
    assert AuditEvent.objects.filter(tag="billing.journal.moved").count() == 1


def test_nothing_goes_back_further_than_the_fiscal_year_before(company):
    assert a_payment_of(company, date(2019, 5, 2)).day == date(2025, 1, 1)


def test_a_soft_closing_keeps_out_all_but_owners_and_accountants(company):
    close(company, date(2026, 10, 31), ClosingKind.SOFT)
    calendar = calendar_of(company.pk)
    for role, day in ((Role.ACCOUNTANT, date(2026, 10, 3)), (Role.SALES, date(2026, 11, 1))):
        actor = Actor.user(people.a_person(company, role))
        assert calendar.booking_day(date(2026, 10, 3), actor, today=TODAY) == day
    assert calendar.booking_day(date(2026, 10, 3), Actor.beat("reconcile"), today=TODAY) == date(2026, 11, 1)


def test_a_soft_closing_can_be_lifted_and_a_hard_one_not(company):
    close(company, date(2026, 10, 31), ClosingKind.SOFT)
    close(company, date(2026, 8, 31), ClosingKind.SOFT, at=story.AT + timedelta(minutes=1))
    assert calendar_of(company.pk).soft == date(2026, 8, 31)
    close(company, date(2026, 9, 30))
    for through in (date(2026, 9, 30), date(2026, 8, 31)):
        with pytest.raises(ClosedAlready):
            close(company, through)
        with pytest.raises(DatabaseError, match="closed through a later day"), transaction.atomic():
            Closing.objects.create(company=company, kind=ClosingKind.HARD, through=through, at=story.AT)


def test_today_cannot_be_closed(company):
    with pytest.raises(NotOverYet):
        close(company, TODAY)
    close(company, TODAY - timedelta(days=1))


def test_postgresql_refuses_an_entry_in_what_is_closed(company):
    entry = a_payment_of(company, date(2026, 10, 3))
    close(company, date(2026, 10, 31))
    entry.pk, entry.number, entry._state.adding = entry.pk + 1, "BQ-2026-99999", True
    with pytest.raises(DatabaseError, match="the books are closed through 2026-10-31"), transaction.atomic():
        entry.save(force_insert=True)


def test_entries_are_numbered_by_fiscal_year_whatever_their_days(company):
    FiscalYear.objects.create(company=company, starts_on=date(2025, 7, 1), ends_on=date(2026, 6, 30))
    days = [date(2026, 10, 3), date(2026, 6, 30), date(2026, 7, 1), date(2026, 2, 1)]
    numbers = [a_payment_of(company, day).number for day in days]
    assert numbers == ["BQ-2027-00001", "BQ-2026-00001", "BQ-2027-00002", "BQ-2026-00002"]


def test_one_batch_over_two_fiscal_years_keeps_its_order(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    entries = [
        ledger.Entry(
            label=f"{day}",
            piece="OD",
            piece_date=day,
            source=invoice,
            on=day,
            postings=[Posting("658000", Decimal(1)), Posting("758000", Decimal(-1))],
        )
        for day in (TODAY, date(2025, 12, 31), date(2026, 1, 1))
    ]
    rows = ledger.post(entries, journal=Journal.MISCELLANEOUS, day=TODAY, actor=story.ACTOR, at=story.AT)
    assert [(row.number, row.day) for row in rows] == [
        ("OD-2026-00001", TODAY),
        ("OD-2025-00001", date(2025, 12, 31)),
        ("OD-2026-00002", date(2026, 1, 1)),
    ]


@pytest.mark.parametrize(
    ("written", "day", "expected"),
    [
        ([], date(2026, 5, 5), (date(2026, 1, 1), date(2026, 12, 31))),
        ([(date(2026, 1, 1), date(2027, 6, 30))], date(2027, 5, 5), (date(2026, 1, 1), date(2027, 6, 30))),
        ([(date(2026, 1, 1), date(2027, 6, 30))], date(2027, 7, 1), (date(2027, 7, 1), date(2028, 6, 30))),
        ([(date(2026, 1, 1), date(2027, 6, 30))], date(2025, 12, 31), (date(2025, 1, 1), date(2025, 12, 31))),
        ([(date(2024, 3, 1), date(2025, 2, 28))], date(2026, 3, 1), (date(2026, 3, 1), date(2027, 2, 28))),
    ],
)
def test_a_day_is_in_the_fiscal_year_that_is_written_or_follows(written, day, expected):
    year = Calendar(1, None, None, [Year(*days) for days in written]).year_of(day)
    assert (year.starts_on, year.ends_on) == expected
