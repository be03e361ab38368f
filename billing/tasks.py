"""Alarm clocks of billing: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from billing.models import Email, EmailKind
from billing.services.emails import claim_due, hand_over
from config.kernel.isolating import treat_each

BATCH = 10


@shared_task(name="billing.deliver_emails")
def deliver_emails() -> None:
    """Hand invoices, then notices, that are due to the mail server. Reminders are delivered by payments."""
    for kind in (EmailKind.INVOICE, EmailKind.NOTICE):
        _deliver(kind)


def _deliver(kind: EmailKind) -> None:
    for _turn in range(BATCH):
        # one at a time: a worker that dies leaves one message in doubt, not ten
        claimed = claim_due(kind=kind, at=timezone.now(), limit=1)
        if not claimed:
            return
        treat_each(claimed, _hand_over, loop="envoi des e-mails", at=timezone.now())


def _hand_over(email: Email) -> None:
    hand_over(email=email, at=timezone.now())
