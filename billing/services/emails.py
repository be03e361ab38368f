"""Messages to customers, and notices to the team.

Queued with the fact, claimed by a sweep, handed over with no transaction open, recorded.

« Acceptée » means that the mail server took the message. What may or may not have been taken is UNKNOWN, and only a
person sends it again. Without a mail server the message is kept here, readable, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import override

from billing.models import (
    NO_ADDRESS,
    DocumentKind,
    Email,
    EmailAttachment,
    EmailKind,
    EmailStatus,
    Invoice,
    InvoiceDocument,
)
from billing.services.bounces import refused_addresses
from billing.variables import sent_body
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, RemoteError, TransitionRefused
from config.kernel.identifiers import payment_reference
from config.kernel.kept import keep_file, read_to_send
from config.kernel.mail_server import deliver, one_line
from config.kernel.models import CompanyRow
from config.kernel.queue import FREE, Clock, Queue, backoff, held
from config.kernel.tries import MESSAGE_DELAYS, MESSAGE_TRIES

logger = structlog.get_logger(__name__)

# Longer than any hand-over lasts: every step of the SMTP session has EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
COURIER = Actor.system("courrier")
LEASE_ENDED = "L’envoi a été interrompu : le message est peut-être parti. Vérifiez avant de le renvoyer."
ADDRESS_REFUSED = "Cette adresse a déjà refusé un message : corrigez-la, ou dites qu’elle fonctionne de nouveau."


class InvalidRecipient(Invalid):
    code = "invalid_recipient"
    message = "Cette adresse e-mail n’est pas valide."


def invoice_letter(invoice: Invoice) -> tuple[str, str]:
    """The subject and the text that go with an issued invoice or credit note, in French."""
    with override("fr"):
        subject = f"{invoice.get_kind_display()} {invoice.number} – {invoice.seller['name']}"
        reference = payment_reference.format(invoice.payment_reference)
        body = render_to_string("billing/emails/invoice.txt", {"invoice": invoice, "reference": reference})
    return one_line(subject)[:200], body.strip() + "\n"


@transaction.atomic
def queue_email(
    *,
    company_id: int,
    invoice: Invoice | None,
    kind: str,
    recipient: str,
    subject_line: str,
    body: str,
    needs_document: bool,
    at: datetime,
) -> Email:
    """Write the message to send, in the transaction of what it tells. Raises InvalidRecipient."""
    try:
        validate_email(recipient)
    except ValidationError as error:
        raise InvalidRecipient(fields={"recipient": InvalidRecipient.message}) from error
    email = Email(
        company_id=company_id,
        invoice=invoice,
        kind=kind,
        recipient=recipient,
        subject_line=one_line(subject_line)[:200],
        body=body,
        needs_document=needs_document,
        next_attempt_at=at,
        created_at=at,
    )
    email.save(force_insert=True)
    audit.record(
        "billing.email.queued",
        subject=email,
        also=_also(email),
        actor=COURIER,
        at=at,
        data={"kind": kind, "recipient": recipient},
    )
    return email


def waiting(kind: str, at: datetime) -> QuerySet[Email]:
    """The messages of a kind that may leave; one that needs its document waits until a valid Factur-X exists.

    Those being sent are among them: their lease has ended when a sweep meets them.
    """
    document = InvoiceDocument.everywhere.filter(
        invoice_id=OuterRef("invoice_id"), kind=DocumentKind.FACTURX, verdict__valid=True
    )
    rows: QuerySet[Email] = Email.everywhere.filter(
        Q(needs_document=False) | Exists(document),
        kind=kind,
        status__in=[EmailStatus.QUEUED, EmailStatus.SENDING],
        next_attempt_at__lte=at,
    )
    return rows.select_related("company", "invoice__customer").order_by("next_attempt_at", "id")


def take(email: Email, at: datetime) -> bool:
    """Claimed to be handed over; one whose carrier died may have left, and only a person sends it again."""
    # its lease has ended: who held it may have died after the mail server took the message
    if email.status == EmailStatus.SENDING:
        _move(
            email,
            EmailStatus.UNKNOWN,
            "billing.email.unknown",
            at=at,
            data={"reason": LEASE_ENDED},
            last_error=LEASE_ENDED,
            **FREE,
        )
        return False
    _move(email, EmailStatus.SENDING, "billing.email.claimed", at=at, attempts=email.attempts + 1)
    return True


def queue_of(kind: EmailKind, *, name: str, work: Callable[[Email, Clock], Any]) -> Queue[Email]:
    """The queue of the messages of one kind."""
    return Queue(name=name, due=lambda at: waiting(kind, at), take=take, work=work, lease=LEASE, leaves=True)


def hand_over(*, email: Email, at: datetime) -> Email:
    """Give a claimed message to the mail server and record what it said. Must be called outside a transaction.

    Raises TransitionRefused, and sends nothing, when the message was not claimed.
    """
    if email.status != EmailStatus.SENDING:
        raise TransitionRefused(state=email.get_status_display())
    if not settings.SMTP_CONFIGURED:
        return _record(email, EmailStatus.KEPT, "billing.email.kept", at=at)
    if refused_addresses([email.recipient]):
        return _record_failure(email, RemoteError(ADDRESS_REFUSED, retryable=False), at)
    try:
        deliver(_message(email, at))
    except RemoteError as error:
        return _record_failure(email, error, at)
    return _record(email, EmailStatus.SENT, "billing.email.sent", at=at, sent_at=at, last_error="")


def _record_failure(email: Email, error: RemoteError, at: datetime) -> Email:
    changes: dict[str, Any] = {"last_error": error.message[:500]}
    # not tried again: a customer who gets an invoice twice asks which one to pay
    if error.outcome_unknown:
        return _record(email, EmailStatus.UNKNOWN, "billing.email.unknown", at=at, **changes)
    if error.retryable and email.attempts < MESSAGE_TRIES:
        again = at + backoff(email.attempts, delays=MESSAGE_DELAYS)
        return _record(email, EmailStatus.QUEUED, "billing.email.postponed", at=at, next_attempt_at=again, **changes)
    return _record(email, EmailStatus.FAILED, "billing.email.failed", at=at, **changes)


def _record(email: Email, to: EmailStatus, tag: str, *, at: datetime, **changes: Any) -> Email:
    """Write the outcome, unless the claim is no longer ours: then what was recorded meanwhile stands."""
    with held(email, status=EmailStatus.SENDING) as row:
        if row is None:
            logger.warning("email_outcome_after_lease", email=email.pk, outcome=str(to))
            stands: Email = Email.everywhere.get(pk=email.pk)
            return stands
        data = {"recipient": row.recipient, "attempt": row.attempts}
        if changes.get("last_error"):
            data["reason"] = changes["last_error"]
        _move(row, to, tag, at=at, data=data, **changes, **FREE)
        return row


@transaction.atomic
def postpone_email(*, email: Email, reason: str, at: datetime) -> None:
    """A queued message whose document cannot be made for now: it waits, as after a failed hand-over.

    Given up after the last delay, and a person is told.
    """
    row: Email = Email.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=email.pk)
    if row.status != EmailStatus.QUEUED:
        return
    if row.attempts + 1 >= MESSAGE_TRIES:
        give_up_email(email=row, reason=reason, at=at)
        return
    changes = {
        "attempts": row.attempts + 1,
        "next_attempt_at": at + backoff(row.attempts + 1, delays=MESSAGE_DELAYS),
        "last_error": reason[:500],
    }
    Email.everywhere.filter(pk=row.pk).update(**changes, **FREE)
    audit.record(
        "billing.email.postponed",
        subject=row,
        also=_also(row),
        actor=COURIER,
        at=at,
        data={"recipient": row.recipient, "reason": reason[:500], "attempt": row.attempts + 1},
    )


@transaction.atomic
def give_up_email(*, email: Email, reason: str, at: datetime) -> None:
    """A queued message whose document cannot be made: a person is told, and may queue it again once mended.

    One that was withdrawn meanwhile stays so.
    """
    row: Email = Email.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=email.pk)
    if row.status != EmailStatus.QUEUED:
        return
    _move(
        row,
        EmailStatus.FAILED,
        "billing.email.failed",
        at=at,
        data={"recipient": email.recipient, "reason": reason},
        last_error=reason[:500],
        **FREE,
    )


def withdraw_email(*, email: Email, reason: str, at: datetime) -> None:
    """A claimed message that may no longer leave, unless the claim is no longer ours."""
    with held(email, status=EmailStatus.SENDING) as row:
        if row is not None:
            _move(row, EmailStatus.CANCELLED, "billing.email.cancelled", at=at, data={"reason": reason}, **FREE)


class MessageErased(DomainError):
    code = "message_erased"
    message = "Ce message a été effacé avec la personne à qui il était adressé."


@transaction.atomic
def resend_email(*, email: Email, actor: Actor, at: datetime) -> Email:
    """A person sends a kept, refused or doubtful message again, now. Raises MessageErased, TransitionRefused, Stale."""
    if email.recipient == NO_ADDRESS:
        raise MessageErased
    _move(
        email,
        EmailStatus.QUEUED,
        "billing.email.requeued",
        actor=actor,
        at=at,
        attempts=0,
        next_attempt_at=at,
        last_error="",
    )
    return email


def _move(email: Email, to: EmailStatus, tag: str, *, at: datetime, actor: Actor = COURIER, **changes: Any) -> None:
    states.move(email, to, tag=tag, actor=actor, at=at, also=_also(email), **changes)


def _also(email: Email) -> list[CompanyRow]:
    return [email.invoice, email.invoice.customer] if email.invoice else []


def _message(email: Email, at: datetime) -> EmailMessage:
    """The message on the wire. Its Message-ID is that of the row, so that a receiver can tell a repeated one."""
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=one_line(email.subject_line),
        body=sent_body(email, at),
        from_email=formataddr((one_line(email.company.name), sender)),
        to=[email.recipient],
        reply_to=[one_line(email.company.email)],
        headers={"Message-ID": f"<{email.pk}.quittance@{sender.rpartition('@')[2]}>"},
    )
    if email.kind == EmailKind.NOTICE:
        # made from the text that is kept: what was sent can be read here, word for word
        message.attach_alternative(render_to_string("billing/emails/notice.html", {"email": email}), "text/html")
    if email.needs_document and email.invoice:
        message.attach(f"{email.invoice.number}.pdf".replace("/", "-"), _document(email.invoice, at), "application/pdf")
    for attachment in EmailAttachment.everywhere.filter(email=email).order_by("created_at", "name"):
        record = email.invoice or email
        message.attach(attachment.name, read_to_send(attachment, record=record, at=at), "application/pdf")
    return message


def attach(*, email: Email, name: str, data: bytes, at: datetime) -> EmailAttachment:
    """Keep a PDF that leaves with the message; one of that name is kept once, as it was made first."""
    kept: EmailAttachment | None = EmailAttachment.everywhere.filter(email=email, name=name).first()
    if kept is None:
        kept = EmailAttachment(company_id=email.company_id, email=email, name=name, size=len(data), created_at=at)
        keep_file(kept, name, data)
        kept.save(force_insert=True)
    return kept


def _document(invoice: Invoice, at: datetime) -> bytes:
    """The legal file. Raises RemoteError: what is missing or altered waits for a person."""
    document = InvoiceDocument.everywhere.get(invoice=invoice, kind=DocumentKind.FACTURX)
    return read_to_send(document, record=invoice, at=at)
