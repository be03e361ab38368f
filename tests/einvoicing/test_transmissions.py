"""Carrying an invoice to a platform over real HTTP: once, whatever breaks on the way, and what the platform tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import transaction

from billing.models import DocumentKind, Email, EmailKind, EmailStatus, Invoice, InvoiceDocument
from billing.services.emails import claim_due as claim_emails
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing import tasks
from einvoicing.models import Attempt, LifecycleEvent, PlatformAccount, RemoteDocument, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.registry import connect
from einvoicing.services import transmissions
from einvoicing.services.sending import send_invoice
from einvoicing.services.statuses import apply_waiting, poll_account
from einvoicing.services.transmissions import (
    BATCH,
    DELAYS,
    LEASE,
    AlreadyTransmitted,
    NoPlatform,
    NotForPlatforms,
    carry,
    claim_due,
    drain,
    queue_transmission,
    retry_transmission,
    settings_of,
)
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db

AT = story.AT
MOMENT = timedelta(seconds=1)


class Sent:
    """One invoice on its way: what we know of it, and what the platform knows."""

    def __init__(self, address: str, customer: Customer) -> None:
        self.address = address
        self.account = PlatformAccount.everywhere.get(company=customer.company)
        self.invoice = story.an_issued_invoice(customer)
        self.row = Transmission.everywhere.get(invoice=self.invoice)

    def fails(self, kind: str, *, operation: str = "deposit", value: str = "", times: int = 1) -> None:
        order = {"kind": kind, "value": value, "operation": operation, "remaining": times}
        requests.post(f"{self.address}/sandbox/faults", json={**order, "client_id": self.account.client_id}, timeout=5)

    @property
    def ledger(self) -> dict[str, Any]:
        """What the platform received under this invoice's number, from this seller."""
        asked = {"number": self.invoice.number, "seller": self.invoice.seller["siren"]}
        entries = requests.get(f"{self.address}/sandbox/ledger", params=asked, timeout=5).json()["entries"]
        return entries[0] if entries else {"received": 0, "accepted": 0}

    @property
    def now(self) -> Transmission:
        self.row.refresh_from_db()
        return self.row

    def tries(self) -> list[tuple[str, str]]:
        return list(Attempt.everywhere.filter(transmission=self.row).order_by("number").values_list("kind", "outcome"))

    def codes(self) -> list[str]:
        events = LifecycleEvent.everywhere.filter(invoice=self.invoice).order_by("occurred_at", "code")
        return [event.code for event in events]

    def poll(self) -> int:
        self.account.refresh_from_db()
        return poll_account(account=self.account, at=AT)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def customer(sandbox: str) -> Customer:
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    return story.a_customer(company)


@pytest.fixture
def sent(sandbox: str, customer: Customer) -> Iterator[Sent]:
    return Sent(sandbox, customer)


# -- the queue -----------------------------------------------------------------------------------------------------


def test_an_issued_invoice_is_queued_in_the_transaction_that_issues_it(customer):
    with transaction.atomic():
        lost = story.an_issued_invoice(customer)
        assert Transmission.everywhere.get(invoice=lost).status == Status.PENDING
        transaction.set_rollback(True)
    assert not Transmission.everywhere.filter(company=customer.company).exists()
    kept = story.an_issued_invoice(customer)
    row = Transmission.everywhere.get(company=customer.company)
    assert (row.invoice, row.status, row.next_attempt_at) == (kept, Status.PENDING, AT)


def test_an_invoice_to_an_individual_goes_to_no_platform(customer):
    invoice = story.an_issued_invoice(story.a_customer(customer.company, kind="INDIVIDUAL"))
    assert not Transmission.everywhere.filter(invoice=invoice).exists()
    with pytest.raises(NotForPlatforms):
        queue_transmission(invoice=invoice, actor=story.ACTOR, at=AT)


@pytest.mark.parametrize("switched_off", ["is_enabled", "sends_automatically"])
def test_a_company_that_has_not_switched_it_on_sends_nothing_by_itself(customer, switched_off):
    PlatformAccount.everywhere.filter(company=customer.company).update(**{switched_off: False})
    invoice = story.an_issued_invoice(customer)
    assert not Transmission.everywhere.filter(invoice=invoice).exists()
    if switched_off == "is_enabled":
        with pytest.raises(NoPlatform):
            queue_transmission(invoice=invoice, actor=story.ACTOR, at=AT)
    else:
        assert queue_transmission(invoice=invoice, actor=story.ACTOR, at=AT).status == Status.PENDING


def test_an_invoice_is_queued_once(sent):
    with pytest.raises(AlreadyTransmitted):
        queue_transmission(invoice=sent.invoice, actor=story.ACTOR, at=AT)


# -- carried, and told -------------------------------------------------------------------------------------------------


def test_an_invoice_is_carried_once_as_its_own_factur_x(sent):
    assert drain(at=AT) == 1
    document = InvoiceDocument.everywhere.get(invoice=sent.invoice, kind=DocumentKind.FACTURX)
    assert (sent.now.status, sent.row.document_sha256) == (Status.DEPOSITED, document.sha256)
    assert sent.row.remote_id == sent.ledger["flows"][0]["flowId"]
    assert sent.tries() == [("DEPOSIT", "deposited")]
    assert drain(at=AT + timedelta(days=2)) == 0
    assert sent.ledger["received"] == 1


def test_its_statuses_are_read_once_and_it_is_accepted(sent):
    drain(at=AT)
    assert sent.poll() == 6
    assert sent.codes() == ["200", "201", "202", "203", "204", "205"]
    assert (sent.now.status, sent.row.lifecycle_code) == (Status.ACCEPTED, "205")
    assert sent.poll() == 0
    assert len(sent.codes()) == 6


def test_statuses_sent_twice_are_one_fact(sent):
    sent.fails("duplicate")
    drain(at=AT)
    assert sent.poll() == 6
    assert sent.codes() == ["200", "201", "202", "203", "204", "205"]
    assert RemoteDocument.everywhere.filter(account=sent.account, applied_at=None).count() == 0
    assert RemoteDocument.everywhere.filter(account=sent.account).count() == 12, "what came is kept as it came"


def test_statuses_that_arrive_out_of_order_end_where_the_platforms_clock_says(sent):
    sent.fails("out-of-order")
    drain(at=AT)
    sent.poll()
    arrived = RemoteDocument.everywhere.filter(account=sent.account).order_by("received_at", "id")
    assert arrived.count() == 6
    assert sent.codes() == ["200", "201", "202", "203", "204", "205"]
    assert (sent.now.status, sent.row.lifecycle_code) == (Status.ACCEPTED, "205")


def test_a_rejected_invoice_says_why_and_may_be_sent_again(sent):
    sent.fails("buyer", value="rejects")
    drain(at=AT)
    sent.poll()
    assert (sent.now.status, sent.row.lifecycle_code) == (Status.REJECTED, "213")
    assert sent.row.last_error
    again = queue_transmission(invoice=sent.invoice, actor=story.ACTOR, at=AT)
    assert again.tracking_id != sent.row.tracking_id


def test_a_disputed_invoice_is_known_to_be_disputed(sent):
    sent.fails("buyer", value="disputes")
    drain(at=AT)
    sent.poll()
    sent.invoice.refresh_from_db()
    assert sent.invoice.disputed_at == AT
    assert sent.invoice.dispute_reason
    assert sent.now.status == Status.ACCEPTED


def test_a_refusal_at_the_platforms_door_does_not_stay_unseen(sent, sandbox):
    """The number is held there by another deposit: no status ever comes, only the acknowledgement tells."""
    drain(at=AT)
    stranger = platforms.a_platform_account(story.a_company(), sandbox)
    Transmission.everywhere.filter(pk=sent.row.pk).update(account=stranger, status=Status.PENDING, tracking_id="other")
    drain(at=AT)
    assert sent.now.status == Status.DEPOSITED
    poll_account(account=stranger, at=AT)
    assert sent.now.status == Status.REJECTED
    assert "AlreadyExistingFlow" in sent.row.last_error
    assert sent.ledger["accepted"] == 1


def test_a_message_that_cannot_be_read_does_not_stop_the_others(sent):
    good = platforms.status_message(sent.invoice, "200")
    unknown = good.replace((sent.invoice.number or "").encode(), b"FAC-1999-00001")
    broken, stranger, fine = (platforms.a_message(sent.account, data) for data in (b"<not-a-status/>", unknown, good))
    assert apply_waiting(account=sent.account, at=AT) == 1
    assert sent.codes() == ["200"]
    for row in (broken, stranger, fine):
        row.refresh_from_db()
    assert broken.problem
    assert "FAC-1999-00001" in stranger.problem
    assert (fine.problem, fine.applied_at) == ("", AT)
    assert apply_waiting(account=sent.account, at=AT) == 0


def test_a_status_of_another_companys_invoice_is_not_applied(sent):
    other = story.a_company()
    account = platforms.a_platform_account(other)
    platforms.a_message(account, platforms.status_message(sent.invoice, "210"))
    assert apply_waiting(account=account, at=AT) == 0
    assert sent.codes() == []


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
    platform.deposit(transmissions._deposit_of(claimed, AT))
    platform.close()
    drain(at=AT + LEASE + MOMENT)
    assert sent.now.status == Status.DEPOSITED
    assert sent.tries() == [("DEPOSIT", "unknown"), ("LOOKUP", "found")]
    assert sent.ledger["received"] == 1


def test_a_carrier_that_comes_back_too_late_changes_nothing(sent):
    (slow,) = claim_due(at=AT, worker="slow")
    (taken,) = claim_due(at=AT + LEASE + MOMENT, worker="quick")
    carry(transmission=slow, worker="slow", at=AT + LEASE + MOMENT)
    assert (sent.now.status, sent.row.lease_owner) == (Status.SENDING, "quick")
    carry(transmission=taken, worker="quick", at=AT + LEASE + 2 * MOMENT)
    assert (sent.now.status, sent.row.lease_owner) == (Status.DEPOSITED, "")
    assert sent.ledger["received"] == 1


def test_one_sweep_carries_a_batch_and_the_next_goes_on(customer):
    with company_scope(customer.company):
        for _invoice in range(BATCH + 2):
            story.an_issued_invoice(customer)
    assert len(claim_due(at=AT, worker="one")) == BATCH
    assert len(claim_due(at=AT, worker="two")) == 2
    assert claim_due(at=AT, worker="three") == []


# -- documents ---------------------------------------------------------------------------------------------------------


def test_an_invoice_that_breaks_the_rules_is_not_sent_and_names_them(sandbox):
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    customer = story.a_customer(company)
    Customer.everywhere.filter(pk=customer.pk).update(electronic_address="")
    customer.refresh_from_db()
    sent = Sent(sandbox, customer)
    drain(at=AT)
    assert sent.now.status == Status.INVALID
    assert [(one["rule"], one["severity"], one["term"]) for one in sent.row.violations] == [
        ("BR-FR-21", "fatal", "BT-49")
    ]
    assert "BR-FR-21" in sent.row.last_error
    assert sent.tries() == [("DEPOSIT", "invalid")]
    assert sent.ledger["received"] == 0
    assert drain(at=AT + timedelta(days=30)) == 0
    assert not InvoiceDocument.everywhere.filter(invoice=sent.invoice).exists()


def test_a_message_to_the_customer_waits_for_the_file_it_carries(customer):
    draft = story.a_draft(customer)
    with company_scope(customer.company):
        invoice = send_invoice(invoice=draft, actor=story.ACTOR, at=AT)
    email = Email.everywhere.get(invoice=invoice)
    assert claim_emails(kind=EmailKind.INVOICE, at=AT) == []
    assert tasks.prepare_documents() == 1
    assert tasks.prepare_documents() == 0
    (claimed,) = claim_emails(kind=EmailKind.INVOICE, at=AT)
    assert (claimed.pk, claimed.status) == (email.pk, EmailStatus.SENDING)


def test_the_file_of_an_invoice_is_made_once_and_never_changes(sent):
    drain(at=AT)
    document = InvoiceDocument.everywhere.get(invoice=sent.invoice, kind=DocumentKind.FACTURX)
    with document.file.open("rb") as file:
        first = file.read()
    tasks.prepare_documents()
    assert transmissions.ensure_facturx(invoice=sent.invoice, actor=story.ACTOR, at=AT) == document
    with document.file.open("rb") as file:
        assert file.read() == first
    assert Invoice.everywhere.get(pk=sent.invoice.pk).documents(manager="everywhere").count() == 2
