"""Alarm clocks of billing: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task

from billing.models import Email, EmailKind
from billing.services.emails import hand_over, queue_of
from config.kernel.queue import Clock, Queue


@shared_task(name="billing.deliver_emails")
def deliver_emails() -> int:
    """Hand invoices, then notices, that are due to the mail server. Reminders are delivered by payments."""
    return sum(len(queue.sweep(limit=10)) for queue in (INVOICE_EMAILS, NOTICES))


def _hand_over(email: Email, now: Clock) -> None:
    hand_over(email=email, at=now())


INVOICE_EMAILS: Queue[Email] = queue_of(EmailKind.INVOICE, name="envoi des e-mails", work=_hand_over)
NOTICES: Queue[Email] = queue_of(EmailKind.NOTICE, name="envoi des avis", work=_hand_over)
