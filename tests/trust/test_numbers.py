"""Legal numbers under load: no gap, no duplicate, days that never go back (CGI ann. II 242 nonies A, I-7°)."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus, JournalEntry, NumberSequence, SalesOrder
from billing.numbering import DateGoesBack, next_number
from billing.services.issuing import issue_invoice
from config.kernel import chain
from config.kernel.postgresql.base import APP_ROLE
from config.kernel.scope import company_scope
from tests.factories import story
from tests.trust.at_once import WHOLE, at_once, scaled

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

ISSUERS, ROUNDS, ROUNDS_OF_WHOLE_INVOICES = (50 if WHOLE else 16), scaled(400), max(2, scaled(40))
ROLLED_BACK = 0.05


class PowerCut(Exception):
    """The transaction ends here, after the number was given."""


@contextmanager
def sometimes_rolled_back(chance: random.Random, kept: Callable[[], None]) -> Iterator[None]:
    """A transaction that is lost one time in twenty; `kept` is called when it is not."""
    try:
        with transaction.atomic():
            yield
            if chance.random() < ROLLED_BACK:
                raise PowerCut
    except PowerCut:
        return
    kept()


def the_places(numbers: list[str]) -> list[int]:
    return [int(number.rpartition("-")[2]) for number in numbers]


def without_gap_or_duplicate(numbers: list[str]) -> bool:
    return sorted(the_places(numbers)) == list(range(1, len(numbers) + 1))


def test_many_issuers_at_once_leave_no_gap_no_duplicate_and_no_day_that_goes_back():
    company = story.a_company()
    customer = story.a_customer(company)
    today = story.AT.date()

    def take_a_number(on: date) -> None:
        number = next_number(company_id=company.pk, series="FAC", on=on)
        SalesOrder.everywhere.create(company=company, number=number, customer=customer, order_date=on)

    def issuer(place: int) -> int:
        chance, kept = random.Random(place), []
        for turn in range(ROUNDS):
            # midnight strikes while they work; whoever is behind is told, and takes the new day
            day = today if turn < ROUNDS / 2 else today + timedelta(days=1)
            with sometimes_rolled_back(chance, lambda: kept.append(1)):
                try:
                    take_a_number(day)
                except DateGoesBack:
                    take_a_number(today + timedelta(days=1))
        return len(kept)

    kept = sum(at_once(ISSUERS, issuer))
    orders = list(SalesOrder.everywhere.filter(company=company).order_by("number"))
    assert kept == len(orders) < ISSUERS * ROUNDS, "some were rolled back"
    assert without_gap_or_duplicate([order.number for order in orders])
    days = [order.order_date for order in orders]
    assert days == sorted(days)
    assert len(set(days)) == 2, "midnight struck"
    assert NumberSequence.everywhere.get(company=company, series="FAC").last == len(orders)


def test_a_plain_sequence_under_the_same_rollbacks_leaves_gaps():
    """The control: without the counter row, the test above would see holes."""
    name = f"control_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # the application's role makes no tables and no sequences
        cursor.execute(f"CREATE SEQUENCE {name}")
        cursor.execute(f"GRANT USAGE ON SEQUENCE {name} TO {APP_ROLE}")

    def issuer(place: int) -> list[str]:
        chance = random.Random(place)
        kept: list[str] = []
        for _turn in range(ROUNDS):
            given: list[str] = []
            with connection.cursor() as cursor, sometimes_rolled_back(chance, lambda given=given: kept.extend(given)):
                cursor.execute("SELECT nextval(%s)", [name])
                given.append(f"FAC-{cursor.fetchone()[0]}")
        return kept

    try:
        numbers = [number for kept in at_once(10, issuer) for number in kept]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SEQUENCE {name}")
            cursor.execute(f"SET ROLE {APP_ROLE}")
    assert len(set(numbers)) == len(numbers)
    assert not without_gap_or_duplicate(numbers)


def test_whole_invoices_issued_at_once_are_numbered_booked_and_chained_without_a_gap():
    company = story.a_company()
    customer = story.a_customer(company)
    drafts = [story.a_draft(customer) for _invoice in range(ISSUERS * ROUNDS_OF_WHOLE_INVOICES)]

    def issuer(place: int) -> list[int]:
        chance, issued = random.Random(place), []
        for draft in drafts[place::ISSUERS]:
            with (
                company_scope(company),
                sometimes_rolled_back(chance, lambda draft=draft: issued.append(draft.pk)),
            ):
                issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)
        return issued

    issued = {key for keys in at_once(ISSUERS, issuer) for key in keys}
    invoices = list(Invoice.everywhere.filter(company=company).exclude(status=InvoiceStatus.DRAFT))
    assert {invoice.pk for invoice in invoices} == issued
    assert len(issued) < len(drafts), "some were rolled back, and are drafts still"
    assert without_gap_or_duplicate([invoice.number or "" for invoice in invoices])
    entries = JournalEntry.everywhere.filter(company=company)
    assert without_gap_or_duplicate(list(entries.values_list("number", flat=True)))
    assert set(entries.values_list("source", flat=True)) == {invoice.subject for invoice in invoices}
    assert list(chain.verify(company)) == []


def test_the_day_never_goes_back_even_across_the_new_year():
    company = story.a_company()
    customer = story.a_customer(company)
    new_year = datetime.fromisoformat("2027-01-01T00:30:00+01:00")
    first = story.an_issued_invoice(customer, at=new_year)
    assert (first.number, f"{first.issue_date}") == ("FAC-2027-00001", "2027-01-01")
    with pytest.raises(DateGoesBack):
        story.an_issued_invoice(customer, at=new_year - timedelta(hours=1))
    assert story.an_issued_invoice(customer, at=new_year).number == "FAC-2027-00002"
