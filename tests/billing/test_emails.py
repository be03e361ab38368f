"""Messages reach the mail server once, or it is known why not: against a real SMTP server on the loopback."""

from __future__ import annotations

import email as mail
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from billing.models import DocumentKind, Email, EmailKind, EmailStatus, Invoice, InvoiceDocument
from billing.services.emails import (
    LEASE,
    InvalidRecipient,
    hand_over,
    invoice_letter,
    queue_email,
    resend_email,
)
from billing.tasks import deliver_emails
from config.kernel.errors import TransitionRefused
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from config.kernel.tries import MESSAGE_DELAYS
from tests.billing.smtp import Behaviour, MailServer
from tests.factories import story
from tests.factories.queues import claim_emails
from tests.waiting import PATIENCE

AT = story.AT
PDF = b"%PDF-1.7 the file as it was judged"


@pytest.fixture
def server(settings: Any) -> Iterator[Behaviour]:
    does = Behaviour()
    with MailServer(does) as running:
        _point_at(settings, running.port)
        yield does


def _point_at(settings: Any, port: int) -> None:
    settings.SMTP_CONFIGURED = True
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "facturation@quittance.example"


@pytest.fixture
def nobody_listens(settings: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        _point_at(settings, closed.getsockname()[1])


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(**company: Any) -> Invoice:
    return story.an_issued_invoice(story.a_customer(story.a_company(**company)))


def its_document(invoice: Invoice, *, valid: bool = True) -> InvoiceDocument:
    row = InvoiceDocument(
        company_id=invoice.company_id,
        invoice=invoice,
        kind=DocumentKind.FACTURX,
        sha256=hashlib.sha256(PDF).hexdigest(),
        size=len(PDF),
        verdict={"valid": valid},
        created_at=AT,
    )
    row.file.save("file.pdf", ContentFile(PDF), save=False)
    row.save(force_insert=True)
    return row


def a_message(invoice: Invoice | None = None, *, needs_document: bool = False, **values: Any) -> Email:
    invoice = invoice or an_invoice()
    subject, body = invoice_letter(invoice)
    defaults: dict[str, Any] = {
        "company_id": invoice.company_id,
        "invoice": invoice,
        "kind": EmailKind.INVOICE,
        "recipient": "compta@client.example",
        "subject_line": subject,
        "body": body,
        "at": AT,
    }
    return queue_email(**{**defaults, **values}, needs_document=needs_document)


def carry(at: datetime = AT) -> list[Email]:
    return [hand_over(email=row, at=at) for row in claim_emails(kind=EmailKind.INVOICE, at=at)]


def received(server: Behaviour) -> Any:
    [(_sender, _recipient, text)] = server.messages
    return mail.message_from_bytes(text, policy=policy.default)


@pytest.mark.django_db
def test_an_accepted_message_is_sent_with_the_invoice_and_says_so_in_its_timeline(server: Behaviour) -> None:
    invoice = an_invoice()
    its_document(invoice)
    queued = a_message(invoice, needs_document=True)
    [sent] = carry()
    assert (sent.status, sent.sent_at, sent.attempts, sent.lease_until) == (EmailStatus.SENT, AT, 1, None)
    message = received(server)
    [attachment] = message.iter_attachments()
    assert attachment.get_filename() == f"{invoice.number}.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == PDF
    assert message["From"] == "Atelier Verone <facturation@quittance.example>"
    assert message["Reply-To"] == "facturation@verone.example"
    assert message["To"] == "compta@client.example"
    assert message["Subject"] == f"Facture {invoice.number} – Atelier Verone"
    assert message["Message-ID"] == f"<{queued.pk}.quittance@quittance.example>"
    event = AuditEvent.everywhere.get(tag="billing.email.sent")
    assert event.subjects == [queued.subject, invoice.subject, invoice.customer.subject]


@pytest.mark.django_db
def test_the_letter_gives_amount_due_date_and_reference() -> None:
    invoice = an_invoice(name="Menuiserie O'Brien & fils")
    subject, body = invoice_letter(invoice)
    assert subject == f"Facture {invoice.number} – Menuiserie O'Brien & fils"
    plain = " ".join(body.split())
    for words in (
        "1 440,00 € TTC",
        "au plus tard le 16/12/2026",
        "FR76 3000 6000 0112 3456 7890 189",
        "O'Brien & fils",
    ):
        assert words in plain
    assert invoice.payment_reference in body.replace(" ", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "words"),
    [({"to_recipient": "550 5.1.1 no such user"}, "550 5.1.1 no such user"), ({"to_text": "554 spam"}, "554 spam")],
)
def test_a_refused_message_fails_with_the_server_s_words(server: Behaviour, answer: dict[str, str], words: str) -> None:
    vars(server).update(answer)
    a_message()
    [failed] = carry()
    assert (failed.status, failed.last_error) == (EmailStatus.FAILED, words)
    assert carry(AT + timedelta(days=30)) == []
    assert AuditEvent.everywhere.get(tag="billing.email.failed").data["reason"] == words


@pytest.mark.django_db
@pytest.mark.usefixtures("nobody_listens")
def test_a_refused_connection_is_tried_five_times_over_a_day_then_given_up() -> None:
    a_message()
    at = AT
    for attempt, delay in enumerate(MESSAGE_DELAYS, start=1):
        [postponed] = carry(at)
        assert (postponed.status, postponed.attempts) == (EmailStatus.QUEUED, attempt)
        assert "ConnectionRefusedError" in postponed.last_error
        wait = postponed.next_attempt_at - at
        assert delay * 0.9 <= wait <= delay * 1.1
        assert carry(postponed.next_attempt_at - timedelta(seconds=1)) == []
        at = postponed.next_attempt_at
    [given_up] = carry(at)
    assert given_up.status == EmailStatus.FAILED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    [{"to_recipient": "450 mailbox busy"}, {"to_text": "452 disk full"}, {"banner": "421 later"}, {"hang_up": "RCPT"}],
)
def test_what_the_server_surely_did_not_take_is_sent_later(server: Behaviour, answer: dict[str, str]) -> None:
    vars(server).update(answer)
    a_message()
    [postponed] = carry()
    assert postponed.status == EmailStatus.QUEUED
    vars(server).update(vars(Behaviour(messages=server.messages)))
    [sent] = carry(postponed.next_attempt_at)
    assert (sent.status, sent.attempts, len(server.messages)) == (EmailStatus.SENT, 2, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [{"hang_up": "TEXT"}, {"delay": 2.5}])
def test_silence_after_the_text_leaves_the_outcome_unknown_and_is_never_sent_again_alone(
    server: Behaviour, answer: dict[str, Any]
) -> None:
    vars(server).update(answer)
    a_message()
    [doubtful] = carry()
    assert doubtful.status == EmailStatus.UNKNOWN
    assert carry(AT + timedelta(days=30)) == []
    assert server.sessions == 1


@pytest.mark.django_db
def test_a_session_cut_at_quit_was_accepted_all_the_same(server: Behaviour) -> None:
    server.hang_up = "QUIT"
    a_message()
    [sent] = carry()
    assert sent.status == EmailStatus.SENT


@pytest.mark.django_db
def test_a_doubtful_message_is_sent_again_by_a_person_under_the_same_message_id(server: Behaviour) -> None:
    server.hang_up = "TEXT"
    queued = a_message()
    [doubtful] = carry()
    server.hang_up = ""
    resend_email(email=doubtful, actor=story.ACTOR, at=AT + timedelta(hours=1))
    [sent] = carry(AT + timedelta(hours=1))
    assert (sent.status, sent.last_error) == (EmailStatus.SENT, "")
    assert received(server)["Message-ID"].startswith(f"<{queued.pk}.")
    with pytest.raises(TransitionRefused):
        resend_email(email=sent, actor=story.ACTOR, at=AT)


@pytest.mark.django_db
def test_without_a_mail_server_the_message_is_kept_and_says_so(settings: Any) -> None:
    settings.SMTP_CONFIGURED = False
    a_message()
    [kept] = carry()
    assert (kept.status, kept.sent_at) == (EmailStatus.KEPT, None)
    assert "aucun serveur de messagerie" in str(kept.get_status_display())


@pytest.mark.django_db
def test_a_message_waits_for_a_valid_document(server: Behaviour) -> None:
    invoice = an_invoice()
    a_message(invoice, needs_document=True)
    assert carry() == []
    its_document(invoice)
    [sent] = carry()
    assert sent.status == EmailStatus.SENT


@pytest.mark.django_db
def test_an_invalid_document_never_leaves(server: Behaviour) -> None:
    invoice = an_invoice()
    a_message(invoice, needs_document=True)
    its_document(invoice, valid=False)
    assert carry() == []
    assert server.sessions == 0


@pytest.mark.django_db
def test_a_missing_file_stops_the_message(server: Behaviour) -> None:
    invoice = an_invoice()
    Path(its_document(invoice).file.path).unlink()
    a_message(invoice, needs_document=True)
    [stopped] = carry()
    assert stopped.status == EmailStatus.FAILED
    assert "sauvegarde" in stopped.last_error


@pytest.mark.django_db
def test_the_lease_of_a_dead_worker_ends_in_doubt_not_in_a_second_message(server: Behaviour) -> None:
    a_message()
    [claimed] = claim_emails(kind=EmailKind.INVOICE, at=AT)
    assert claim_emails(kind=EmailKind.INVOICE, at=AT + LEASE) == []
    assert claim_emails(kind=EmailKind.INVOICE, at=AT + LEASE + timedelta(seconds=1)) == []
    claimed.refresh_from_db()
    assert claimed.status == EmailStatus.UNKNOWN
    assert "peut-être parti" in claimed.last_error


@pytest.mark.django_db
def test_an_outcome_that_comes_after_the_lease_changes_nothing(server: Behaviour) -> None:
    a_message()
    [late] = claim_emails(kind=EmailKind.INVOICE, at=AT)
    after = AT + LEASE + timedelta(seconds=1)
    claim_emails(kind=EmailKind.INVOICE, at=after)
    assert hand_over(email=late, at=after).status == EmailStatus.UNKNOWN


@pytest.mark.django_db
def test_a_message_nobody_claimed_is_not_sent(server: Behaviour) -> None:
    with pytest.raises(TransitionRefused):
        hand_over(email=a_message(), at=AT)
    assert server.sessions == 0


@pytest.mark.django_db
def test_kinds_are_claimed_apart_and_the_oldest_first(server: Behaviour) -> None:
    invoice = an_invoice()
    later = a_message(invoice, at=AT + timedelta(minutes=2))
    sooner = a_message(invoice, at=AT)
    reminder = a_message(invoice, kind=EmailKind.REMINDER)
    at = AT + timedelta(minutes=3)
    assert claim_emails(kind=EmailKind.INVOICE, at=at, limit=1) == [sooner]
    assert claim_emails(kind=EmailKind.INVOICE, at=at) == [later]
    assert claim_emails(kind=EmailKind.REMINDER, at=at) == [reminder]


@pytest.mark.django_db
def test_nothing_typed_can_add_a_header(server: Behaviour) -> None:
    invoice = an_invoice(name="Verone\r\nBcc: spy@evil.example", email="x@y.example\nBcc: spy@evil.example")
    a_message(invoice, subject_line="Bonjour\r\nBcc: spy@evil.example\r\n\r\n<p>corps</p>")
    carry()
    message = received(server)
    assert message["Bcc"] is None
    assert message["Subject"] == "Bonjour Bcc: spy@evil.example <p>corps</p>"
    [(_sender, recipient, text)] = server.messages
    assert recipient == "<compta@client.example>"
    head, _, _body = text.partition(b"\r\n\r\n")
    assert b"\nBcc:" not in head


@pytest.mark.django_db
@pytest.mark.parametrize(
    "recipient", ["a@b.example\nBcc: spy@evil.example", "a@b.example, c@d.example", "<a@b.example>", "personne", ""]
)
def test_a_recipient_is_one_plain_address(recipient: str) -> None:
    invoice = an_invoice()
    with pytest.raises(InvalidRecipient):
        a_message(invoice, recipient=recipient)


@pytest.mark.django_db
def test_a_long_accented_name_makes_a_readable_sender(server: Behaviour) -> None:
    name = "Société coopérative des ébénistes, « Forêt » & tapissiers réunis de la Haute-Loire " * 2
    a_message(an_invoice(name=name.strip()))
    [sent] = carry()
    assert sent.status == EmailStatus.SENT
    assert received(server)["From"].addresses[0].display_name == name.strip()
    assert server.messages[0][0] == "<facturation@quittance.example>"


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(server: Behaviour) -> None:
    server.delay = 0.05
    invoice = an_invoice()
    for rank in range(8):
        a_message(invoice, recipient=f"client{rank}@client.example")
    _at_once(2, deliver_emails)
    assert sorted(recipient for _sender, recipient, _text in server.messages) == [
        f"<client{rank}@client.example>" for rank in range(8)
    ]
    with company_scope(invoice.company_id):
        assert set(Email.objects.values_list("status", "attempts")) == {(EmailStatus.SENT, 1)}


def _at_once(workers: int, work: Callable[[], Any]) -> None:
    barrier = threading.Barrier(workers)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            barrier.wait(PATIENCE)
            work()
        except BaseException as error:  # noqa: BLE001 – told to the test below
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert problems == []
