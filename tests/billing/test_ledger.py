"""The journal: double entry, written with each fact; an entry that does not balance is impossible."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing import ledger
from billing.ledger import Posting
from billing.models import Journal, JournalEntry, JournalLine
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from tests.factories import story
from tests.trust.conftest import settle

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)


@pytest.fixture
def invoice():
    customer = story.a_customer(story.a_company())
    with company_scope(customer.company_id):
        yield story.an_issued_invoice(customer)


def post(source, *postings):
    entry = ledger.Entry(
        label="Écart de règlement",
        piece="OD-1",
        piece_date=TODAY,
        source=source,
        postings=[Posting(account, Decimal(amount)) for account, amount in postings],
    )
    (row,) = ledger.post([entry], journal=Journal.MISCELLANEOUS, day=TODAY, actor=story.ACTOR, at=story.AT)
    return row


def insert_line(entry, **columns):
    """As a careless script would, past the service."""
    defaults = {
        "company_id": entry.company_id,
        "entry": entry,
        "position": 9,
        "day": entry.day,
        "account": "512000",
        "label": "À la main",
    }
    with transaction.atomic():
        JournalLine.objects.create(**{**defaults, **columns})
        settle()


def test_an_entry_has_its_number_its_sides_and_its_event(invoice):
    entry = post(invoice, ("658000", "0.02"), ("411000", "-0.02"), ("512000", "0.00"))
    assert (entry.number, entry.source) == ("OD-2026-00001", invoice.subject)
    assert [(line.position, line.account, line.debit, line.credit) for line in entry.lines.all()] == [
        (1, "658000", Decimal("0.02"), 0),
        (2, "411000", 0, Decimal("0.02")),
    ]
    event = AuditEvent.objects.get(tag="billing.journal.written", subjects__0=entry.subject)
    assert event.subjects == [entry.subject, invoice.subject]
    assert event.digest


def test_the_service_refuses_an_entry_that_does_not_balance(invoice):
    before = JournalEntry.objects.count()
    with pytest.raises(ValueError, match="does not balance"):
        post(invoice, ("658000", "0.02"), ("411000", "-0.01"))
    assert JournalEntry.objects.count() == before


@pytest.mark.parametrize("side", ["debit", "credit"])
def test_postgresql_refuses_a_line_that_unbalances_its_entry(invoice, side):
    entry = JournalEntry.objects.get(source=invoice.subject)
    with pytest.raises(IntegrityError, match="does not balance"):
        insert_line(entry, **{side: Decimal("0.01")})


@pytest.mark.parametrize("at_once", [True, False])
def test_it_is_the_whole_entry_that_postgresql_looks_at(invoice, at_once):
    """The control: two lines that balance pass in one statement; after the first alone none comes."""
    with transaction.atomic():
        entry = JournalEntry.objects.create(
            company_id=invoice.company_id,
            journal=Journal.MISCELLANEOUS,
            number="OD-2026-09999",
            day=TODAY,
            label="À la main",
            piece="OD",
            piece_date=TODAY,
            source=invoice.subject,
            created_at=story.AT,
        )
        lines = [
            JournalLine(
                company_id=entry.company_id,
                entry=entry,
                position=position,
                day=TODAY,
                account="512000",
                label="À la main",
                **{side: Decimal("5.00")},
            )
            for position, side in ((1, "debit"), (2, "credit"))
        ]
        if at_once:
            JournalLine.objects.bulk_create(lines)
        else:
            with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
                lines[0].save(force_insert=True)
        settle()
    assert entry.lines.count() == (2 if at_once else 0)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"debit": Decimal(1), "credit": Decimal(1)}, "a_line_has_one_side"),
        ({}, "a_line_has_one_side"),
        ({"debit": Decimal(-1)}, "a_line_has_one_side"),
        ({"debit": Decimal(1), "account": "41A"}, "account_is_of_the_pcg"),
    ],
)
def test_a_line_has_one_positive_side_and_an_account(invoice, columns, constraint):
    entry = JournalEntry.objects.get(source=invoice.subject)
    with pytest.raises(IntegrityError, match=constraint):
        insert_line(entry, **columns)


def test_the_sums_of_the_journal_are_those_of_the_invoices(invoice):
    for net in ("33.33", "66.67", "0.05", "1234.56"):
        story.an_issued_invoice(invoice.customer, [story.a_line(quantity=Decimal(3), unit_price=Decimal(net))])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(line.debit) FILTER (WHERE account = '411000'), sum(line.debit) - sum(line.credit) "
            "FROM billing_journalline line WHERE company_id = %s",
            [invoice.company_id],
        )
        owed, gap = cursor.fetchone()
        cursor.execute("SELECT sum(total_gross) FROM billing_invoice WHERE company_id = %s", [invoice.company_id])
        assert (owed, gap) == (cursor.fetchone()[0], 0)
