"""Alarm clocks of billing: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from billing import bounce_mailbox
from billing.events import email_leaving
from billing.models import Email, EmailKind
from billing.purchases.spreading import book_due_shares
from billing.services import overdue
from billing.services.emails import hand_over, queue_of, withdraw_email
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from config.kernel.queue import Clock, Queue


@shared_task(name="billing.deliver_emails")
def deliver_emails() -> int:
    """Hand invoices, then notices, that are due to the mail server. Reminders are delivered by payments."""
    return sum(len(queue.sweep(limit=10)) for queue in (INVOICE_EMAILS, NOTICES))


@shared_task(name="billing.read_bounces")
def read_bounces() -> int:
    """Read the mailbox where undelivered mails come back; how many reports were news."""
    return bounce_mailbox.read_bounces(at=timezone.now())


@shared_task(name="billing.announce_overdue")
def announce_overdue() -> int:
    """Announce what became overdue, in every company; how many invoices."""
    return sum(treat_each(Company.objects.order_by("id"), _announce, loop="annonce des retards", at=timezone.now()))


def _announce(company: Company) -> int:
    return overdue.announce_overdue(company=company, actor=Actor.beat("retards"), at=timezone.now())


@shared_task(name="billing.spread_charges")
def spread_charges() -> int:
    """Book what of charges paid in advance is due, in every company; how many months' shares."""
    return sum(
        treat_each(Company.objects.order_by("id"), _spread, loop="charges constatées d’avance", at=timezone.now())
    )


def _spread(company: Company) -> int:
    at = timezone.now()
    return book_due_shares(company_id=company.pk, on=local_day(at), actor=Actor.beat("charges d’avance"), at=at)


def _hand_over(email: Email, now: Clock) -> None:
    at = now()
    answers = email_leaving.send(sender=Email, email=email, at=at)
    if reason := next((str(answer) for _receiver, answer in answers if answer), ""):
        withdraw_email(email=email, reason=reason, at=at)
    else:
        hand_over(email=email, at=at)


INVOICE_EMAILS: Queue[Email] = queue_of(EmailKind.INVOICE, name="envoi des e-mails", work=_hand_over)
NOTICES: Queue[Email] = queue_of(EmailKind.NOTICE, name="envoi des avis", work=_hand_over)
