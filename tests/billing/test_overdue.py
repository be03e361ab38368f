"""An invoice that became overdue is announced once, the oldest first, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Invoice
from billing.services.overdue import TAG, announce_overdue
from billing.tasks import announce_overdue as sweep
from config.celery import app
from config.kernel import audit
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from tests.billing.test_deposits import a_deposit, an_order
from tests.factories import money, story
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
LATER = story.AT + timedelta(days=90)


def announced(company: Company) -> list[str]:
    events = AuditEvent.everywhere.filter(company=company, tag=TAG).order_by("id")
    return [event.subjects[0] for event in events]


def announce(company: Company, at: Any = LATER) -> int:
    with company_scope(company):
        return announce_overdue(company=company, actor=story.ACTOR, at=at)


def test_each_overdue_invoice_is_announced_once_the_oldest_first(company: Company, customer: Any) -> None:
    late = story.an_issued_invoice(customer)
    later = story.an_issued_invoice(customer, at=story.AT + timedelta(days=5))
    assert announce(company, story.AT) == 0
    assert announce(company, story.AT + timedelta(days=33)) == 1
    assert announced(company) == [late.subject]
    assert announce(company) == 1
    assert announce(company, LATER + timedelta(days=1)) == 0
    assert announced(company) == [late.subject, later.subject]
    event = AuditEvent.everywhere.filter(tag=TAG).earliest("id")
    assert (event.data["number"], event.data["due_date"]) == (late.number, str(late.due_date))
    assert Decimal(event.data["balance"]) == late.balance


def test_what_is_paid_credited_a_draft_a_deposit_or_a_credit_note_is_not(company: Company, customer: Any) -> None:
    story.a_draft(customer)
    paid, credited, late = (story.an_issued_invoice(customer) for _ in range(3))
    money.a_payment(customer, str(paid.total_gross), [(paid, str(paid.total_gross))])
    with company_scope(company):
        money.credit_invoice(invoice=credited, parts=None, reason="Erreur", actor=story.ACTOR, at=story.AT)
        deposit = a_deposit(an_order(customer), "100")
        assert deposit in Invoice.objects.overdue(on=local_day(LATER))
    assert announce(company) == 1
    assert announced(company) == [late.subject]


def test_an_announcement_of_another_due_date_does_not_count(company: Company, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    with company_scope(company):
        audit.record(TAG, subject=invoice, actor=story.ACTOR, at=LATER, data={"due_date": "2020-01-01"})
    assert announce(company) == 1
    assert announce(company) == 0
    assert announced(company) == [invoice.subject] * 2


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_announce_each_invoice_once() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer) for _ in range(3)]
    assert sorted(at_once(4, lambda _place: announce(company))) == [0, 0, 0, 3]
    assert announced(company) == [invoice.subject for invoice in invoices]


def test_the_companies_are_announced_each_by_itself_at_nine(customer: Any) -> None:
    other = story.a_company()
    for one in (customer, story.a_customer(other)):
        story.an_issued_invoice(one, at=timezone.now() - timedelta(days=60))
    assert sweep() == 2
    assert sweep() == 0
    assert len(announced(other)) == 1
    entry = app.conf.beat_schedule["announce-overdue"]
    assert (entry["task"], entry["schedule"].hour, entry["schedule"].minute) == ("billing.announce_overdue", {9}, {0})
    assert str(app.conf.timezone) == "Europe/Paris"
