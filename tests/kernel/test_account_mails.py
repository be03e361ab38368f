"""Mails about accounts leave once, in the person's language, and keep no secret longer than it is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from config.kernel.errors import DomainError
from config.kernel.models import AccountMail, AccountMailStatus, LoopFailure, User
from config.kernel.people import mails
from config.kernel.people.mails import ACCOUNT_MAILS, queue_mail, written
from config.kernel.tries import MESSAGE_TRIES
from tests.billing.smtp import Behaviour, MailServer
from tests.factories import people, story

pytestmark = pytest.mark.django_db(transaction=True)
AT, LATER = story.AT, story.AT + timedelta(days=3)


def a_mail(**changes: Any) -> AccountMail:
    facts: dict[str, Any] = {"kind": "password_changed", "to": "ada@person.example", "language": "fr", "context": {}}
    return queue_mail(**facts | changes, at=AT)


def sent_by(mail: AccountMail, does: Behaviour, settings: Any, *, at: Any = AT) -> AccountMail:
    with MailServer(does) as running:
        settings.SMTP_CONFIGURED, settings.EMAIL_HOST, settings.EMAIL_PORT = True, "127.0.0.1", running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        ACCOUNT_MAILS.sweep(now=lambda: at)
    return AccountMail.everywhere.get(pk=mail.pk)


def test_a_mail_leaves_once_and_what_filled_it_goes(settings):
    does = Behaviour()
    mail = sent_by(a_mail(context={"link": "https://secret.example/"}, language="en"), does, settings)
    assert (mail.status, mail.context_cipher) == (AccountMailStatus.SENT, "")
    assert len(does.messages) == 1
    assert b"Subject: Your password was changed" in does.messages[0][2]
    assert sent_by(mail, does, settings, at=LATER).attempts == 1
    with pytest.raises(DomainError):
        written(mail)


def test_one_refused_for_now_leaves_later_and_one_refused_for_ever_never(settings):
    does = Behaviour(to_recipient="451 later")
    mail = sent_by(a_mail(), does, settings)
    assert (mail.status, mail.attempts) == (AccountMailStatus.WAITING, 1)
    assert mail.context_cipher
    mail = sent_by(mail, Behaviour(), settings, at=LATER)
    assert mail.status == AccountMailStatus.SENT
    refused = sent_by(a_mail(), Behaviour(to_recipient="550 nobody"), settings)
    assert (refused.status, refused.context_cipher) == (AccountMailStatus.FAILED, "")


def test_one_that_is_never_taken_is_given_up(settings):
    mail = a_mail()
    AccountMail.everywhere.filter(pk=mail.pk).update(attempts=MESSAGE_TRIES - 1)
    assert sent_by(mail, Behaviour(to_recipient="451 later"), settings).status == AccountMailStatus.FAILED


def test_without_a_mail_server_superusers_read_it_and_nobody_else(settings):
    settings.SMTP_CONFIGURED = False
    mail = a_mail()
    ACCOUNT_MAILS.sweep(now=lambda: AT)
    mail.refresh_from_db(from_queryset=AccountMail.everywhere)
    assert mail.status == AccountMailStatus.KEPT
    page, root, staff = reverse("admin:kernel_accountmail_change", args=[mail.pk]), Client(), Client()
    root.force_login(User.objects.create_superuser("root@verone.example"))
    assert "Vos autres sessions" in root.get(page).text
    staff.force_login(User.objects.create_user("staff@verone.example", is_staff=True))
    assert staff.get(page).status_code == 403


def test_the_database_alone_opens_no_link():
    mail = a_mail(context={"link": "https://app.example/reset/secret-part"})
    row = AccountMail.everywhere.filter(pk=mail.pk).values().get()
    assert "secret-part" not in str(row)
    other = a_mail()
    AccountMail.everywhere.filter(pk=other.pk).update(context_cipher=mail.context_cipher)
    with pytest.raises(DomainError):
        written(AccountMail.everywhere.get(pk=other.pk))


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValidationError):
        a_mail(to="a@b.example\nBcc: x@y.example")


def test_what_breaks_is_shown_to_superusers_until_it_is_done(company):
    mail = a_mail(kind="no_such_template")
    ACCOUNT_MAILS.sweep(now=lambda: AT)
    assert LoopFailure.everywhere.get().company is None
    reader, root = people.signed_in(company), people.a_person(company)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    client = Client()
    client.force_login(root)
    assert "envoi des messages de compte" in client.get("/").text
    assert "envoi des messages de compte" not in reader.get("/").text
    AccountMail.everywhere.filter(pk=mail.pk).update(kind="password_changed")
    ACCOUNT_MAILS.sweep(now=lambda: LATER)
    assert not LoopFailure.everywhere.exists()


def test_what_waited_in_a_restored_copy_leaves_no_more():
    mail = a_mail()
    assert mails.withdraw_waiting() == 1
    assert ACCOUNT_MAILS.claim(at=AT) == []
    assert AccountMail.everywhere.get(pk=mail.pk).context_cipher == ""


def test_they_are_deleted_after_a_month():
    a_mail()
    assert mails.forget(at=AT + timedelta(days=29)) == 0
    assert mails.forget(at=AT + timedelta(days=31)) == 1
