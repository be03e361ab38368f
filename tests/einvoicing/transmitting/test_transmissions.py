"""Carrying an invoice to a platform over real HTTP: once, whatever breaks on the way, and what the platform tells."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from billing.models import DocumentKind, Email, EmailKind, EmailStatus, Invoice, InvoiceDocument
from config.kernel.models import LoopFailure
from config.kernel.queue import FREE
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import LifecycleEvent, PlatformAccount, RemoteDocument, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms import registry
from einvoicing.platforms.afnor.client import AfnorPlatform
from einvoicing.platforms.answers import RemoteStatus
from einvoicing.services import preparing
from einvoicing.services.documents import DocumentInvalid, ensure_facturx
from einvoicing.services.polling import poll_account
from einvoicing.services.sending import email_invoice, send_invoice
from einvoicing.services.statuses import apply_waiting
from einvoicing.services.transmissions import AlreadyTransmitted, NoPlatform, NotForPlatforms, queue_transmission
from einvoicing.validation.report import refusal
from tests.einvoicing.transmitting.conftest import Sent
from tests.factories import platforms, story
from tests.factories.queues import claim_emails, drain

pytestmark = pytest.mark.django_db

AT = story.AT
MOMENT = timedelta(seconds=1)


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


def test_an_invoice_to_an_individual_without_any_address_goes_to_no_platform(customer):
    invoice = story.an_issued_invoice(story.a_customer(customer.company, kind="INDIVIDUAL", email=""))
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


@pytest.mark.usefixtures("as_factur_x")
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
    PlatformAccount.everywhere.filter(pk=sent.account.pk).update(client_id="demo-another")
    Transmission.everywhere.filter(pk=sent.row.pk).update(status=Status.PENDING, tracking_id="other")
    drain(at=AT)
    assert sent.now.status == Status.DEPOSITED
    Transmission.everywhere.filter(pk=sent.row.pk).update(watched_at=None)
    sent.poll()
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
    assert preparing.prepare_documents() == 1
    assert preparing.prepare_documents() == 0
    (claimed,) = claim_emails(kind=EmailKind.INVOICE, at=AT)
    assert (claimed.pk, claimed.status) == (email.pk, EmailStatus.SENDING)


def test_a_message_whose_file_can_never_be_made_is_given_up_and_seen(customer):
    Customer.everywhere.filter(pk=customer.pk).update(electronic_address="")
    customer.refresh_from_db()
    invoice = story.an_issued_invoice(customer)
    with company_scope(customer.company):
        (waiting,) = email_invoice(invoice=invoice, addresses=["compta@client.example"], at=AT)
    assert preparing.prepare_documents() == 0
    waiting.refresh_from_db()
    assert waiting.status == EmailStatus.FAILED
    assert waiting.last_error.startswith("La facture n’est pas conforme")
    assert claim_emails(kind=EmailKind.INVOICE, at=AT) == []


@pytest.mark.parametrize("rule", ["ENGINE", "BR-FR-21"])
def test_a_message_withdrawn_while_its_file_is_made_stays_so_and_nothing_fails(customer, monkeypatch, rule):
    invoice = story.an_issued_invoice(customer)
    with company_scope(customer.company):
        (waiting,) = email_invoice(invoice=invoice, addresses=["compta@client.example"], at=AT)

    def withdrawn(**_facts):
        Email.everywhere.filter(pk=waiting.pk).update(status=EmailStatus.CANCELLED, **FREE)
        raise DocumentInvalid(refusal(rule, "Non"))

    monkeypatch.setattr(preparing, "ensure_facturx", withdrawn)
    assert preparing.prepare_documents() == 0
    waiting.refresh_from_db()
    assert (waiting.status, waiting.last_error) == (EmailStatus.CANCELLED, "")
    assert not LoopFailure.everywhere.exists()


@pytest.mark.usefixtures("as_factur_x")
def test_the_file_of_an_invoice_is_made_once_and_never_changes(sent):
    drain(at=AT)
    document = InvoiceDocument.everywhere.get(invoice=sent.invoice, kind=DocumentKind.FACTURX)
    with document.file.open("rb") as file:
        first = file.read()
    preparing.prepare_documents()
    assert ensure_facturx(invoice=sent.invoice, actor=story.ACTOR, at=AT) == document
    with document.file.open("rb") as file:
        assert file.read() == first
    assert Invoice.everywhere.get(pk=sent.invoice.pk).documents(manager="everywhere").count() == 2


def test_a_word_without_a_code_of_ours_is_kept_and_decides_nothing(sent, monkeypatch):
    drain(at=AT)
    told = (RemoteStatus(number=sent.invoice.number, code="", raw="approved", at=AT, reason="côté achats"),)
    monkeypatch.setattr("einvoicing.services.statuses.read_statuses", lambda _kind, _data: told)
    platforms.a_message(sent.account, b"{}")
    assert apply_waiting(account=sent.account, at=AT) == 1
    event = LifecycleEvent.everywhere.get(invoice=sent.invoice)
    assert (event.code, event.reason) == ("???", "approved côté achats")
    assert (sent.now.status, sent.row.lifecycle_code) == (Status.DEPOSITED, "")


def test_a_platform_that_is_asked_about_each_document_is_not_asked_too_often_nor_forgotten(sent, monkeypatch):
    """Both questions, the verdict and the life, keep the same pause: one must not put off the other for ever."""
    afnor = registry.PLATFORMS["afnor"]
    monkeypatch.setitem(registry.PLATFORMS, "afnor", dataclasses.replace(afnor, asks_every=600))
    drain(at=AT)
    asked = []
    incoming = AfnorPlatform.incoming
    monkeypatch.setattr(
        AfnorPlatform,
        "incoming",
        lambda self, cursor, watched=(): asked.append(len(watched)) or incoming(self, cursor, watched),
    )
    Transmission.everywhere.filter(pk=sent.row.pk).update(status=Status.DEPOSITED)
    for minutes in (0, 1, 9, 10, 11, 20):
        poll_account(account=PlatformAccount.everywhere.get(pk=sent.account.pk), at=AT + timedelta(minutes=minutes))
        Transmission.everywhere.filter(pk=sent.row.pk).update(status=Status.DEPOSITED, lifecycle_code="")
    told = [count for count in asked if count is not None]
    assert sum(told) >= 3
    assert told[0] == 1
    assert told[1] == 0
