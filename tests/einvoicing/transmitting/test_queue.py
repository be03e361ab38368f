"""The order of the queue, its circuit breaker, the offline mode, and which platform an invoice goes to."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from billing.models import InvoiceStatus
from customers.models import Customer
from einvoicing.models import ErrorClass, PlatformAccount, Priority, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms import registry
from einvoicing.services import breaker, routing
from einvoicing.services.transmissions import LEASE, queue_many, retry_transmission
from tests.factories import platforms, story
from tests.factories.queues import claim_due, drain

pytestmark = pytest.mark.django_db

AT = story.AT
MOMENT = timedelta(seconds=1)
_workers = (f"worker {n}" for n in itertools.count())


def claimed(limit=10, at=AT):
    return claim_due(at=at, worker=next(_workers), limit=limit)


def issued(customer, count):
    return [story.an_issued_invoice(customer) for _ in range(count)]


def rows_of(customer):
    return list(Transmission.everywhere.filter(company=customer.company).order_by("created_at", "id"))


def test_the_most_urgent_goes_first_then_the_oldest(customer):
    issued(customer, 3)
    old, bulk, urgent = rows_of(customer)
    for row, priority, hours in ((old, Priority.NORMAL, 3), (bulk, Priority.BULK, 9), (urgent, Priority.FIRST, 0)):
        Transmission.everywhere.filter(pk=row.pk).update(priority=priority, next_attempt_at=AT - timedelta(hours=hours))
    assert [row.pk for row in claimed()] == [urgent.pk, old.pk, bulk.pk]


def test_an_offline_account_keeps_everything_in_the_queue_until_it_is_back(customer, sandbox):
    issued(customer, 2)
    accounts = PlatformAccount.everywhere.filter(company=customer.company)
    accounts.update(is_offline=True)
    assert drain(at=AT) == 0
    assert {row.status for row in rows_of(customer)} == {Status.PENDING}
    accounts.update(is_offline=False)
    assert drain(at=AT) == 2


def fail(account, times, at=AT):
    from config.kernel.errors import RemoteError

    for _ in range(times):
        breaker.note_failure(account, RemoteError("Le service distant est injoignable.", retryable=True), at=at)
    account.refresh_from_db()


def test_after_five_failures_in_a_row_nothing_is_tried_for_five_minutes(customer):
    issued(customer, 3)
    account = PlatformAccount.everywhere.get(company=customer.company)
    fail(account, 4)
    assert len(claimed(limit=1)) == 1
    fail(account, 1)
    assert account.open_until == AT + timedelta(minutes=5)
    assert claimed() == []


def test_when_the_wait_is_over_one_goes_first_and_the_others_follow_its_success(customer):
    issued(customer, 3)
    account = PlatformAccount.everywhere.get(company=customer.company)
    fail(account, 5)
    later = AT + timedelta(minutes=5)
    (first,) = claimed(at=later)
    assert claimed(at=later + MOMENT) == [], "the others wait for its outcome"
    breaker.note_success(first.account)
    assert len(claimed(at=later + MOMENT)) == 2


def test_its_failure_doubles_the_wait_up_to_an_hour(customer):
    account = PlatformAccount.everywhere.get(company=customer.company)
    waits = []
    for failures in range(5, 11):
        fail(account, 5 if failures == 5 else 1)
        waits.append((account.open_until - AT) / timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_first_that_dies_leaves_its_turn_to_another_when_its_lease_ends(customer):
    issued(customer, 2)
    account = PlatformAccount.everywhere.get(company=customer.company)
    fail(account, 5)
    later = AT + timedelta(minutes=5)
    assert len(claimed(at=later)) == 1
    assert len(claimed(at=later + LEASE + MOMENT)) == 1


def test_an_answer_says_that_the_platform_is_well_again(sent):
    fail(sent.account, 4)
    drain(at=AT)
    sent.account.refresh_from_db()
    assert (sent.account.failures, sent.account.open_until) == (0, None)


def test_a_platform_that_does_not_answer_opens_the_circuit_of_its_company_alone(sent, sandbox):
    other = story.a_company()
    platforms.a_platform_account(other, sandbox)
    stranger = story.a_customer(other)
    invoices = [sent.invoice, *issued(sent.invoice.customer, 5)]
    sent.fails("503", times=6)
    drain(at=AT)
    sent.account.refresh_from_db()
    assert sent.account.failures == breaker.FAILURES
    assert Transmission.everywhere.filter(invoice__in=invoices, attempts=0).count() == 1, "the sixth was not tried"
    assert Transmission.everywhere.filter(invoice__in=invoices, error_class=ErrorClass.NETWORK).count() == 5
    issued(stranger, 1)
    assert drain(at=AT) == 1


def test_a_wrong_secret_is_the_owners_to_mend_and_a_retry_ends_the_suspension(sent):
    platforms.give_secret(sent.account, "not the secret")
    drain(at=AT)
    assert (sent.now.status, sent.row.error_class) == (Status.DEAD, ErrorClass.AUTH)
    fail(sent.account, 5)
    platforms.give_secret(sent.account)
    retry_transmission(transmission=sent.now, reason="Secret corrigé", actor=story.ACTOR, at=AT)
    assert sent.now.priority == Priority.FIRST
    drain(at=AT)
    assert sent.now.status == Status.DEPOSITED


def test_many_are_queued_each_on_its_own_and_after_the_others(sandbox):
    company = story.a_company()
    customer, person = story.a_customer(company), story.a_customer(company, kind="INDIVIDUAL", email="")
    invoices = [*issued(customer, 2), story.an_issued_invoice(person), story.a_draft(customer)]
    platforms.a_platform_account(company, sandbox)
    queued, refused = queue_many(invoices=invoices, actor=story.ACTOR, at=AT)
    assert [row.priority for row in queued] == [Priority.BULK, Priority.BULK]
    assert [error.code for _invoice, error in refused] == ["not_for_platforms", "not_issued"]
    assert Customer.everywhere.filter(company=company).count() == 2
    assert {invoice.status for invoice, _error in refused} == {InvoiceStatus.ISSUED, InvoiceStatus.DRAFT}


@pytest.fixture
def other_platforms(monkeypatch):
    """One for public bodies alone, and a mirror."""
    afnor = registry.PLATFORMS["afnor"]
    more = {
        "public": registry.Provider("Public", afnor.adapter, afnor.reader, takes_private=False),
        "mirror": registry.Provider("Miroir", afnor.adapter, afnor.reader, is_mirror=True),
    }
    monkeypatch.setattr(registry, "PLATFORMS", {**registry.PLATFORMS, **more})
    monkeypatch.setattr(routing, "PLATFORMS", {**registry.PLATFORMS, **more})


def test_a_public_body_goes_to_its_own_platform_and_the_mirror_gets_a_copy_of_all(other_platforms, sandbox):
    company = story.a_company()
    for kind in ("afnor", "public", "mirror"):
        platforms.a_platform_account(company, sandbox, kind=kind)
    for customer, wanted in (
        (story.a_customer(company), ["afnor", "mirror"]),
        (story.a_customer(company, is_public_body=True), ["public", "mirror"]),
        (story.a_customer(company, kind="INDIVIDUAL"), ["afnor", "mirror"]),
        (story.a_customer(company, kind="INDIVIDUAL", email=""), ["mirror"]),
    ):
        invoice = story.an_issued_invoice(customer)
        assert [one.kind for one in routing.accounts_for(invoice)] == wanted
        kinds = Transmission.everywhere.filter(invoice=invoice).values_list("account__kind", flat=True)
        assert sorted(kinds) == sorted(wanted)
