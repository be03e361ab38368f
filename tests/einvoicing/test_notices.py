"""Bad news of a platform, written once to the people concerned, with what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from billing import tasks
from billing.models import Email, Invoice
from billing.services.issuing import issue_invoice
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.models import Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.platforms.answers import AckDetail, Acknowledgement, AckStatus, RemoteStatus
from einvoicing.services import acknowledgements, statuses
from einvoicing.services.transmissions.recording import record_failure
from tests.factories import platforms, story
from tests.factories.queues import claim_due

pytestmark = pytest.mark.django_db

AT = story.AT


def member(company: Any, name: str, role: str, **values: Any) -> User:
    user = User.objects.create_user(f"{name}-{company.siren}@verone.example", "a long password 42", **values)
    Membership.objects.create(user=user, company=company, role=role)
    return user


@pytest.fixture
def account(company):
    return platforms.a_platform_account(company)


@pytest.fixture
def seller(company):
    return member(company, "sophie", Role.SALES, first_name="Sophie", last_name="Martin")


@pytest.fixture
def owner(company):
    return member(company, "claire", Role.OWNER)


def issued(account: Any, by: User | None) -> Transmission:
    """An invoice this person issued, which the platform has."""
    draft = story.a_draft(story.a_customer(account.company, name="Maison Lumière"))
    with company_scope(account.company):
        invoice = issue_invoice(invoice=draft, actor=Actor.user(by) if by else story.ACTOR, at=AT)
    row = Transmission.everywhere.get(invoice=invoice)
    Transmission.everywhere.filter(pk=row.pk).update(status=Status.DEPOSITED, remote_id="flow")
    row.refresh_from_db()
    return row


def tells(row: Transmission, code: str, *, minutes: int = 0, reason: str = "") -> None:
    at = AT + timedelta(minutes=minutes)
    document = platforms.a_message(row.account, f"{code} {minutes}".encode(), at=at)
    status = RemoteStatus(number=str(row.invoice.number), code=code, raw=code, at=at, reason=reason)
    with company_scope(row.company_id):
        invoice = Invoice.objects.get(pk=row.invoice_id)
        statuses.record_status(invoice=invoice, status=status, document=document, at=at)


def notices(row: Transmission) -> list[Email]:
    return list(Email.everywhere.filter(invoice=row.invoice, kind="NOTICE").order_by("created_at", "recipient"))


@pytest.mark.parametrize("code", ["210", "213"])
def test_who_issued_a_refused_invoice_is_told_what_why_and_what_to_do(account, seller, owner, settings, code):
    settings.PUBLIC_URL = "https://factures.verone.example/"
    row = issued(account, seller)
    tells(row, code, reason="Le bon de commande cité n’existe pas.")
    (email,) = notices(row)
    assert email.recipient == seller.email
    assert email.subject_line.startswith(f"{row.invoice.number} – ")
    for words in (
        "Bonjour Sophie Martin",
        str(row.invoice.number),
        "Maison Lumière",
        "Le bon de commande cité n’existe pas.",
        "Ce qu’il faut faire",
        "1. Annuler la facture par un avoir",
        f"https://factures.verone.example{row.get_absolute_url()}",
    ):
        assert words in email.body


def test_a_refusal_told_again_is_written_once(account, seller):
    row = issued(account, seller)
    for minutes in (0, 1, 2):
        tells(row, "210", minutes=minutes)
    assert len(notices(row)) == 1


def test_a_message_read_again_writes_nothing_again(account, seller):
    row = issued(account, seller)
    message = platforms.status_message(row.invoice, "210", reason="CMD_ERR")
    for _turn in range(3):
        platforms.a_message(account, message)
        statuses.apply_waiting(account=account, at=AT)
    (email,) = notices(row)
    assert "Motif : Le numéro de commande manque ou est erroné." in email.body


def test_a_rejection_known_by_the_verdict_and_then_by_its_status_is_written_once(account, seller):
    row = issued(account, seller)
    verdict = Acknowledgement(AckStatus.ERROR, "Error", (AckDetail("Error", "file", "REJ_SEMAN", "Total faux"),))
    acknowledgements._reject(row, verdict, AT)
    tells(row, "213", minutes=5)
    (email,) = notices(row)
    assert "Total faux" in email.body


def test_good_news_is_written_to_nobody(account, seller):
    row = issued(account, seller)
    for minutes, code in enumerate(("200", "201", "202", "203", "204", "205", "211")):
        tells(row, code, minutes=minutes)
    assert notices(row) == []


def test_a_suspension_that_is_over_when_it_becomes_known_is_not_written(account, seller, monkeypatch):
    row = issued(account, seller)
    number = str(row.invoice.number)
    received = tuple(
        RemoteStatus(number=number, code=code, raw=code, at=AT + timedelta(minutes=place))
        for place, code in enumerate(("208", "209", "205"))
    )
    monkeypatch.setattr("einvoicing.services.statuses.read_statuses", lambda _kind, _data: received)
    platforms.a_message(account, b"{}")
    assert statuses.apply_waiting(account=account, at=AT) == 1
    assert notices(row) == []
    tells(row, "208", minutes=30)
    assert len(notices(row)) == 1


def test_nobody_known_means_the_owners_and_accountants(account, company, owner, seller):
    accountant = member(company, "karim", Role.ACCOUNTANT)
    member(company, "vera", Role.VIEWER)
    member(company, "robot", Role.OWNER, is_partner=True)
    member(company, "gone", Role.OWNER, is_active=False)
    row = issued(account, None)
    tells(row, "210")
    assert {email.recipient for email in notices(row)} == {owner.email, accountant.email}


def test_who_left_the_company_is_not_told_what_happens_in_it(account, seller, owner):
    row = issued(account, seller)
    Membership.objects.filter(user=seller).delete()
    tells(row, "210")
    assert [email.recipient for email in notices(row)] == [owner.email]


def test_a_login_that_is_no_address_does_not_hold_back_the_status(account, seller):
    User.objects.filter(pk=seller.pk).update(email="not an address")
    row = issued(account, seller)
    tells(row, "210")
    assert notices(row) == []
    assert row.invoice.lifecycle(manager="everywhere").get().code == "210"


def test_a_transmission_given_up_is_told_each_time_it_is_given_up(account, seller):
    row = issued(account, seller)
    failure = RemoteError("La clé est refusée.", retryable=False, code="unauthorized")
    for turn in range(2):
        Transmission.everywhere.filter(pk=row.pk).update(status=Status.PENDING, next_attempt_at=AT)
        account.__class__.everywhere.filter(pk=account.pk).update(open_until=None, failures=0)
        (claimed,) = claim_due(at=AT, worker="w")
        record_failure(claimed, failure, at=AT)
        record_failure(claimed, failure, at=AT)  # a carrier that comes too late
        assert len(notices(row)) == turn + 1
    assert "La clé est refusée." in notices(row)[0].body


def test_a_notice_leaves_as_text_and_as_html_that_says_the_same(account, seller, settings):
    settings.SMTP_CONFIGURED = True
    row = issued(account, seller)
    tells(row, "210", reason="<script>alert(1)</script>")
    sent: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("billing.services.emails.deliver", sent.append)
        Email.everywhere.filter(kind="NOTICE").update(next_attempt_at=AT)
        tasks.deliver_emails()
    (message,) = sent
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert f'href="http://127.0.0.1:8000{row.get_absolute_url()}"' in html
    assert "Ce qu’il faut faire" in message.body
    assert notices(row)[0].status == "SENT"
    assert mail.outbox == []
