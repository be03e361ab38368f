"""A mail that comes back stops the next one to that address, becomes a task, and frees what it should have said."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.bounce_mailbox import read_bounces
from billing.delivery_reports import Report, read_reports
from billing.models import Bounce, BounceSource, Email, EmailKind, EmailStatus
from billing.services.bounces import clear_address, record_report, refused_addresses
from billing.services.emails import queue_email
from billing.tasks import INVOICE_EMAILS
from billing.todo import refused_customers
from config.kernel.errors import RemoteError
from config.kernel.inbound.applying import apply_due
from config.kernel.inbound.sources import create_source
from config.kernel.models import Company, ReceivedWebhook
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from customers.models import Customer
from tests.billing.imap import Mailbox, MailboxServer
from tests.factories import story
from tests.factories.people import signed_in

AT, ACTOR = story.AT, story.ACTOR
SECRET = "a secret of sixteen signs"


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    with company_scope(row):
        yield row


@pytest.fixture
def email(company: Company) -> Email:
    return sent_to(story.a_customer(company, email="Compta@Client.example"))


def sent_to(customer: Customer) -> Email:
    """A message that our mail server has taken."""
    row = queue_email(
        company_id=customer.company_id,
        invoice=story.an_issued_invoice(customer),
        kind=EmailKind.INVOICE,
        recipient=customer.email,
        subject_line="Facture",
        body="Bonjour",
        needs_document=False,
        at=AT,
    )
    Email.everywhere.filter(pk=row.pk).update(status=EmailStatus.SENT, sent_at=AT)
    row.refresh_from_db()
    return row


def a_report(email: Email, *, status: str = "5.1.1", action: str = "failed", named: str = "rfc822") -> bytes:
    """A delivery status notification as Postfix writes one (RFC 3464)."""
    identifier = f"<{email.pk}.quittance@verone.example>"
    returned = {
        "rfc822": f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {identifier}\r\nSubject: Facture\r\n\r\nOui\r\n",
        "headers": f"Content-Type: text/rfc822-headers\r\n\r\nSubject: Facture\r\nMessage-ID: {identifier}\r\n",
        "none": "Content-Type: text/plain\r\n\r\nrien\r\n",
    }[named]
    references = f"References: {identifier}\r\n" if named == "none" else ""
    return (
        "From: MAILER-DAEMON@mx.verone.example\r\nTo: facturation@verone.example\r\nSubject: Undelivered\r\n"
        f"{references}MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nVotre message n’a pas été remis.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.verone.example\r\nArrival-Date: Mon, 16 Nov 2026 10:00:00 +0100\r\n\r\n"
        f"Final-Recipient: rfc822; compta@client.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no such\r\n user\r\n\r\n--b\r\n{returned}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("named", ["rfc822", "headers", "none"])
def test_a_report_names_its_recipient_its_code_and_our_message(email, named):
    (report,) = read_reports(a_report(email, named=named))
    assert (report.recipient, report.status, report.action) == ("compta@client.example", "5.1.1", "failed")
    assert report.diagnostic == "550 5.1.1 no such user"
    assert report.email_id == email.pk


def test_a_mail_that_is_no_report_says_nothing():
    assert (
        read_reports(b"From: a@b.example\r\nSubject: Bonjour\r\n\r\nVotre adresse est refus\xc3\xa9e 5.1.1\r\n") == []
    )
    assert read_reports(b"") == []


def bounce(email: Email, **values: Any) -> bool:
    report = Report("compta@client.example", **{"status": "5.1.1", "diagnostic": "no such user", **values})
    return record_report(email=email, report=report, source=BounceSource.PROVIDER, actor=ACTOR, at=AT)


def test_a_refusal_for_good_marks_the_mail_and_stops_the_next_to_that_address(email, settings):
    settings.SMTP_CONFIGURED = True
    assert bounce(email)
    assert not bounce(email), "told twice, written once"
    email.refresh_from_db()
    assert (email.status, email.last_error) == (EmailStatus.BOUNCED, "5.1.1 no such user")
    assert refused_addresses(["COMPTA@client.example", "autre@client.example"]) == {"compta@client.example"}
    again = sent_to(email.invoice.customer)
    Email.everywhere.filter(pk=again.pk).update(status=EmailStatus.QUEUED)
    INVOICE_EMAILS.sweep(now=lambda: AT, limit=10)
    again.refresh_from_db()
    assert again.status == EmailStatus.FAILED
    assert "déjà refusé" in again.last_error


def test_a_delay_is_kept_and_stops_nothing(email):
    assert bounce(email, status="4.2.2")
    email.refresh_from_db()
    assert email.status == EmailStatus.SENT
    assert refused_addresses([email.recipient]) == set()


def test_a_corrected_address_ends_the_task_and_one_that_works_again_too(email):
    today = Today(AT)
    bounce(email)
    assert [one.sentence for one in refused_customers(today)] == ["1 adresse refusée"]
    customer = email.invoice.customer
    Customer.everywhere.filter(pk=customer.pk).update(email="facturation@client.example")
    assert list(refused_customers(today)) == []
    Customer.everywhere.filter(pk=customer.pk).update(email="compta@client.example")
    assert clear_address(customer=customer, address="Compta@client.example", actor=ACTOR, at=AT) == 1
    assert list(refused_customers(today)) == []
    assert refused_addresses([email.recipient]) == set()


def test_the_mailbox_is_read_over_a_real_connection_once_each(email, settings):
    ours, strange = a_report(email), b"Subject: Bonjour\r\n\r\nUne question\r\n"
    other = a_report(email).replace(str(email.pk).encode(), b"12")
    box = Mailbox(mails=[strange, ours, other, a_report(email, status="4.4.1", action="delayed")])
    with MailboxServer(box) as server:
        settings.BOUNCE_MAILBOX_URL = server.url
        assert read_bounces(at=AT) == 2
        assert box.seen == {1, 2, 3, 4}
        box.fetched.clear()
        assert read_bounces(at=AT) == 0
        assert box.fetched == []
        # a reading that died before the mail was marked comes again, and writes nothing twice
        box.seen.discard(2)
        assert read_bounces(at=AT) == 0
    email.refresh_from_db()
    assert email.status == EmailStatus.BOUNCED
    assert Bounce.everywhere.count() == 2


def test_a_mailbox_that_cannot_be_opened_says_so_and_without_one_nothing_is_read(email, settings):
    settings.BOUNCE_MAILBOX_URL = ""
    assert read_bounces(at=AT) == 0
    with MailboxServer(Mailbox(password="autre")) as server:
        settings.BOUNCE_MAILBOX_URL = server.url.replace("autre", "faux")
        with pytest.raises(RemoteError):
            read_bounces(at=AT)


def a_message(email: Email, **values: Any) -> bytes:
    told = {
        "id": "evt-1",
        "event": "bounced",
        "message_id": f"<{email.pk}.quittance@verone.example>",
        "recipient": "compta@client.example",
        "status": "5.1.1",
        "diagnostic": "no such user",
    }
    return json.dumps({**told, **values}).encode()


def signed(body: bytes, at: datetime, secret: str = SECRET) -> str:
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
    return f"t={stamp},v1={mac}"


def post(body: bytes, signature: str, to: str = "/api/webhooks/email") -> Any:
    headers = {"X-Email-Signature": signature}
    return Client(headers=headers).post(to, body, content_type="application/json")


def test_a_provider_tells_of_a_refusal_by_a_signed_message_once(company, email):
    create_source(company=company, source="email", secret=SECRET, actor=ACTOR, at=AT)
    now, body = datetime.now(UTC), a_message(email)
    assert post(body, signed(body, now, "another secret of mine")).status_code == 401
    assert post(body, signed(body, now - timedelta(hours=1))).status_code == 401
    assert post(body, "").status_code == 401
    for _time in range(2):
        assert post(body, signed(body, now)).status_code == 200
    assert ReceivedWebhook.everywhere.count() == 1
    apply_due()
    email.refresh_from_db()
    assert email.status == EmailStatus.BOUNCED


def test_the_address_that_the_settings_show_takes_the_messages_of_its_company(company, email):
    source = create_source(company=company, source="email", secret=SECRET, actor=ACTOR, at=AT)
    page = signed_in(company).get(reverse("inbound-source", args=[source.pk])).text
    (shown,) = re.findall(r'id="id_address"[^>]*\svalue="[^"]*?(/api/webhooks/[^"]+)"', page)
    now, body = datetime.now(UTC), a_message(email)
    assert post(body, signed(body, now), shown[:-1]).status_code == 401
    assert post(body, signed(body, now), shown).status_code == 200
    assert ReceivedWebhook.everywhere.get().origin == source


def test_a_provider_of_one_company_says_nothing_of_another_companys_mail(company, email):
    stranger = story.a_company()
    with company_scope(stranger):
        create_source(company=stranger, source="email", secret=SECRET, actor=ACTOR, at=AT)
    body = a_message(email)
    assert post(body, signed(body, datetime.now(UTC))).status_code == 200
    apply_due()
    email.refresh_from_db()
    assert email.status == EmailStatus.SENT


def test_the_customers_page_says_which_address_to_correct(company, email):
    bounce(email)
    client, customer = signed_in(company), email.invoice.customer
    assert "compta@client.example (no such user)" in client.get(customer.get_absolute_url()).text
    answer = client.post(reverse("payments:address-cleared", args=[customer.pk]), {"address": email.recipient.lower()})
    assert answer.status_code == 302
    assert "no such user" not in client.get(customer.get_absolute_url()).text.split("Ce qui s’est passé")[0]
