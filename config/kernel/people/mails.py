"""Mails to people about their accounts: queued with the act, written when they leave, on the durable queue.

The text is a template of `templates/people/mails/`, whose first line is the subject. What fills it is encrypted in the
row, and emptied once the mail server has it: a link that opens an account stands nowhere longer than it must.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import override

from config.kernel import secrets, states
from config.kernel.errors import RemoteError
from config.kernel.mail_server import deliver, one_line
from config.kernel.models import AccountMail, AccountMailStatus
from config.kernel.queue import FREE, Clock, Queue, backoff, held
from config.kernel.secrets import SecretUnreadable
from config.kernel.tries import MESSAGE_DELAYS, MESSAGE_TRIES

logger = structlog.get_logger(__name__)

# Longer than any hand-over lasts: every step of the SMTP session has EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
KEPT_FOR = timedelta(days=30)
NOBODY = "Personne n’a de compte à cette adresse."
Find = Callable[[AccountMail, datetime], dict[str, str] | None]
ADDRESSED: dict[str, Find] = {}
MAYBE_SENT = "Message en attente dans une base restaurée : il est peut-être parti."


def queue_mail(*, kind: str, to: str, language: str, context: dict[str, str], at: datetime) -> AccountMail:
    """Write the mail to send, in the transaction of what it tells. Raises ValidationError where `to` is no address.

    `kind` names the template; `context` fills it and is kept encrypted.
    """
    validate_email(to)
    mail = AccountMail(kind=kind, to=to, language=language, next_attempt_at=at, created_at=at)
    mail.context_cipher = _sealed(mail, context)
    mail.save(force_insert=True)
    return mail


def _sealed(mail: AccountMail, context: dict[str, str]) -> str:
    return secrets.encrypt(json.dumps(context), context=mail.sealed_as)


def written(mail: AccountMail) -> tuple[str, str]:
    """Subject and text in the language of the mail. Raises SecretUnreadable, also where they were emptied."""
    if not mail.context_cipher:
        raise SecretUnreadable
    context = json.loads(secrets.decrypt(mail.context_cipher, context=mail.sealed_as))
    with override(mail.language):
        text = render_to_string(f"people/mails/{mail.kind}.txt", context)
    subject, _line, body = text.strip().partition("\n")
    return one_line(subject), body.strip() + "\n"


def addressed_by(kind: str) -> Callable[[Find], Find]:
    """Declare what fills mails of a kind as they leave, and whether anybody gets them (None: nobody)."""

    def declared(find: Find) -> Find:
        ADDRESSED[kind] = find
        return find

    return declared


def _due(at: datetime) -> QuerySet[AccountMail]:
    rows: QuerySet[AccountMail] = AccountMail.everywhere.filter(
        status=AccountMailStatus.WAITING, next_attempt_at__lte=at
    )
    return rows.order_by("next_attempt_at", "id")


def _take(mail: AccountMail, _at: datetime) -> bool:
    mail.attempts += 1
    mail.save(update_fields=["attempts"])
    return True


def _hand_over(mail: AccountMail, now: Clock) -> None:
    """Give a claimed mail to the mail server. One that may have left leaves again: a link twice harms nobody."""
    if find := ADDRESSED.get(mail.kind):
        context = find(mail, now())
        if context is None:
            _record(mail, AccountMailStatus.FAILED, last_error=NOBODY, context_cipher="")
            return
        mail.context_cipher = _sealed(mail, context)
    try:
        message = _message(mail, *written(mail))
        if settings.SMTP_CONFIGURED:
            deliver(message)
    except SecretUnreadable as error:
        _record(mail, AccountMailStatus.FAILED, last_error=str(error), context_cipher="")
    except RemoteError as error:
        _record_failure(mail, error, now())
    else:
        if settings.SMTP_CONFIGURED:
            _record(mail, AccountMailStatus.SENT, sent_at=now(), last_error="", context_cipher="")
        else:
            _record(mail, AccountMailStatus.KEPT, context_cipher=mail.context_cipher)


def _message(mail: AccountMail, subject: str, body: str) -> EmailMessage:
    _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return EmailMessage(
        subject=subject,
        body=body,
        from_email=formataddr(("Quittance", sender)),
        to=[mail.to],
        headers={
            "Message-ID": f"<{mail.pk}.quittance@{sender.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _record_failure(mail: AccountMail, error: RemoteError, at: datetime) -> None:
    last_error = error.message[:500]
    if not (error.retryable or error.outcome_unknown) or mail.attempts >= MESSAGE_TRIES:
        _record(mail, AccountMailStatus.FAILED, last_error=last_error, context_cipher="")
        return
    again = at + backoff(mail.attempts, delays=MESSAGE_DELAYS)
    with held(mail, status=AccountMailStatus.WAITING) as row:
        if row is not None:
            AccountMail.everywhere.filter(pk=row.pk).update(next_attempt_at=again, last_error=last_error, **FREE)


def _record(mail: AccountMail, to: AccountMailStatus, **changes: Any) -> None:
    """Write the outcome, unless the claim is no longer ours: then what was recorded meanwhile stands."""
    with held(mail, status=AccountMailStatus.WAITING) as row:
        if row is None:
            logger.warning("account_mail_outcome_after_lease", mail=mail.pk, outcome=str(to))
        else:
            states.swap(row, to, **changes, **FREE)


def withdraw_waiting() -> int:
    """What waited when a copy of the database was made may have left since: it leaves no more. Returns how many."""
    rows = list(AccountMail.everywhere.filter(status=AccountMailStatus.WAITING).order_by("pk"))
    for mail in rows:
        states.swap(mail, AccountMailStatus.FAILED, last_error=MAYBE_SENT, context_cipher="")
    return len(rows)


def forget(*, at: datetime) -> int:
    """Delete the mails of long ago. Returns how many."""
    return AccountMail.everywhere.filter(created_at__lt=at - KEPT_FOR).delete()[0]


ACCOUNT_MAILS: Queue[AccountMail] = Queue(
    name="envoi des messages de compte", due=_due, take=_take, work=_hand_over, lease=LEASE, leaves=True
)
