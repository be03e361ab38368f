"""What breaks between us and a platform: answers that never come, busy platforms, wrong secrets, dead carriers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.kernel.facts import PARTNER_EVENTS
from config.kernel.models import AuditEvent
from config.kernel.queue import DELAYS
from config.kernel.scope import company_scope
from einvoicing import tasks
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.registry import connect
from einvoicing.services.routing import settings_of
from einvoicing.services.transmissions import LEASE, retry_transmission, transmitting
from tests.einvoicing.transmitting.conftest import Sent
from tests.factories import platforms, story
from tests.factories.queues import claim_due, drain, transmit

pytestmark = pytest.mark.django_db

AT = story.AT
MOMENT = timedelta(seconds=1)


# -- what breaks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accident", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_an_answer_that_never_came_is_looked_up_and_nothing_is_sent_twice(sent, accident):
    sent.fails(accident)
    drain(at=AT)
    assert sent.now.status == Status.UNKNOWN
    assert sent.row.last_error
    assert sent.row.next_attempt_at >= AT + LEASE
    assert drain(at=AT + LEASE - MOMENT) == 0
    assert drain(at=sent.row.next_attempt_at) == 1
    assert sent.now.status == Status.DEPOSITED
    assert sent.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert sent.ledger["received"] == 1
    assert sent.poll() == 6


def test_a_doubt_stays_a_doubt_until_the_platform_answers(sent):
    """A look-up that fails is no reason to send again."""
    sent.fails("reset-after-accept")
    drain(at=AT)
    # a search that fails at 500 is tried twice within the session, one told to wait is not
    for kind, value, times in (("500", "", 2), ("429", "5", 1), ("500", "", 2)):
        sent.fails(kind, operation="search", value=value, times=times)
        drain(at=sent.now.next_attempt_at)
        assert sent.now.status == Status.UNKNOWN, kind
    drain(at=sent.now.next_attempt_at)
    assert sent.now.status == Status.DEPOSITED
    assert sent.tries() == [("DEPOSIT", "unknown"), *[("LOOKUP", "failed")] * 3, ("LOOKUP", "found")]
    assert sent.ledger["received"] == 1


def test_a_doubt_given_up_is_looked_up_when_a_person_takes_it_up_again(sent):
    sent.fails("reset-after-accept")
    drain(at=AT)
    sent.fails("500", operation="search", times=2 * len(DELAYS))
    while sent.now.status == Status.UNKNOWN:
        drain(at=sent.row.next_attempt_at)
    assert sent.row.status == Status.DEAD
    retry_transmission(transmission=sent.row, reason="La plateforme répond", actor=story.ACTOR, at=AT)
    drain(at=AT)
    assert sent.now.status == Status.DEPOSITED
    assert sent.ledger["received"] == 1


def test_what_the_platform_does_not_have_is_sent_after_looking(sent):
    sent.fails("500")
    drain(at=AT)
    assert sent.now.status == Status.UNKNOWN, "a 500 to a deposit promises nothing"
    drain(at=sent.row.next_attempt_at)
    assert sent.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "absent"), ("DEPOSIT", "deposited")]
    assert sent.ledger["received"] == 1


@pytest.mark.parametrize("accident", ["429", "503"])
def test_a_busy_platform_is_asked_again_by_the_schedule_then_it_waits_for_a_person(sent, accident):
    sent.fails(accident, times=len(DELAYS) + 1)
    moment = AT
    for attempts, delay in enumerate(DELAYS, start=1):
        drain(at=moment)
        assert (sent.now.status, sent.row.attempts) == (Status.PENDING, attempts)
        waited = sent.row.next_attempt_at - moment
        assert delay * 0.9 <= waited <= delay * 1.1
        assert drain(at=sent.row.next_attempt_at - MOMENT) == 0
        moment = sent.row.next_attempt_at
    drain(at=moment)
    assert sent.now.status == Status.DEAD
    assert sent.row.last_error
    assert AuditEvent.everywhere.filter(tag=PARTNER_EVENTS["transmission.given_up"].tag).count() == 1
    assert drain(at=moment + timedelta(days=30)) == 0
    assert sent.ledger["received"] == 0
    retry_transmission(transmission=sent.row, reason="Plateforme rétablie", actor=story.ACTOR, at=moment)
    drain(at=moment)
    assert (sent.now.status, sent.ledger["received"]) == (Status.DEPOSITED, 1)


def test_a_platform_that_asks_for_more_time_gets_it(sent):
    sent.fails("429", value="600")
    drain(at=AT)
    assert sent.now.next_attempt_at == AT + timedelta(seconds=600)


def test_a_wrong_secret_waits_for_a_person_and_says_so(sent):
    account = sent.account
    account.set_client_secret("not the secret")
    account.save()
    drain(at=AT)
    assert sent.now.status == Status.DEAD
    assert "identifiants" in sent.row.last_error
    assert "not the secret" not in sent.row.last_error
    account.set_client_secret(platforms.CLIENT_SECRET)
    account.save()
    retry_transmission(transmission=sent.row, reason="Secret corrigé", actor=story.ACTOR, at=AT)
    drain(at=AT)
    assert (sent.now.status, sent.ledger["received"]) == (Status.DEPOSITED, 1)


def test_a_secret_that_cannot_be_read_any_more_stops_nobody_else(sent, customer, sandbox):
    neighbour = story.a_company()
    platforms.a_platform_account(neighbour, sandbox)
    other = Sent(sandbox, story.a_customer(neighbour))
    PlatformAccount.everywhere.filter(pk=sent.account.pk).update(client_secret_cipher="damaged")
    drain(at=AT)
    assert sent.now.status == Status.DEAD
    assert "Saisissez-le de nouveau" in sent.row.last_error
    assert other.now.status == Status.DEPOSITED
    assert tasks.poll() == 6
    sent.account.refresh_from_db()
    assert "Saisissez-le de nouveau" in sent.account.last_error


def test_a_platform_that_is_not_there_is_tried_again_later():
    company = story.a_company()
    platforms.a_platform_account(company)
    invoice = story.an_issued_invoice(story.a_customer(company))
    drain(at=AT)
    row = Transmission.everywhere.get(invoice=invoice)
    assert (row.status, row.last_error) == (Status.PENDING, "Le service distant est injoignable.")


# -- carriers that die, or come back too late --------------------------------------------------------------------------


def test_a_carrier_killed_before_it_sent_is_taken_over_when_its_lease_ends(sent):
    claim_due(at=AT, worker="killed")
    assert sent.now.status == Status.SENDING
    assert drain(at=AT + LEASE) == 0, "the lease still holds"
    assert drain(at=AT + LEASE + MOMENT) == 1
    assert sent.now.status == Status.DEPOSITED
    assert sent.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "absent"), ("DEPOSIT", "deposited")]
    assert sent.ledger["received"] == 1


def test_a_carrier_killed_after_it_sent_is_taken_over_and_nothing_goes_twice(sent):
    (claimed,) = claim_due(at=AT, worker="killed")
    platform = connect(settings_of(claimed.account))
    platform.deposit(transmitting.deposit_of(claimed, AT))
    platform.close()
    drain(at=AT + LEASE + MOMENT)
    assert sent.now.status == Status.DEPOSITED
    assert sent.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert sent.ledger["received"] == 1


def test_a_carrier_that_comes_back_too_late_changes_nothing(sent):
    (slow,) = claim_due(at=AT, worker="slow")
    (taken,) = claim_due(at=AT + LEASE + MOMENT, worker="quick")
    transmit(slow, AT + LEASE + MOMENT)
    assert (sent.now.status, sent.row.lease_owner) == (Status.SENDING, "quick")
    transmit(taken, AT + LEASE + 2 * MOMENT)
    assert (sent.now.status, sent.row.lease_owner) == (Status.DEPOSITED, "")
    assert sent.ledger["received"] == 1


def test_one_sweep_carries_a_batch_and_the_next_goes_on(customer):
    with company_scope(customer.company):
        for _invoice in range(12):
            story.an_issued_invoice(customer)
    assert len(claim_due(at=AT, worker="one")) == 10
    assert len(claim_due(at=AT, worker="two")) == 2
    assert claim_due(at=AT, worker="three") == []
