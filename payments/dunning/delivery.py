"""Queued reminders handed to the mail server: each is decided once more just before, and withdrawn if facts changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.models import Email, EmailKind, EmailStatus
from billing.services.emails import hand_over, queue_of
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.queue import FREE, Clock, Queue
from payments.dunning.models import Reminder, ReminderStatus
from payments.dunning.notices import cancel_reminder
from payments.dunning.papers import attach_papers
from payments.dunning.planning import decide_together

MAIL = Actor.system("relances")
BALANCE_MOVED = "Le montant dû a changé depuis que la lettre est écrite : elle sera écrite de nouveau."
ADDRESS_CHANGED = "Le destinataire a changé depuis que la lettre est écrite : elle sera écrite de nouveau."


def deliver_reminders(*, at: datetime, limit: int = 10) -> int:
    """Hand queued reminders to the mail server, each decided once more just before. Returns how many left."""
    return sum(REMINDER_EMAILS.sweep(now=lambda: at, limit=limit))


def _deliver(email: Email, now: Clock) -> int:
    at = now()
    rows = Reminder.everywhere.select_related("invoice__customer", "invoice__company").filter(email=email)
    reminders = list(rows.order_by("invoice__due_date", "invoice_id"))
    # hours may lie between writing and sending: what was paid meanwhile must not be asked for
    if reason := _changed(reminders, at):
        _withdraw(reminders, email, reason, at)
        return 0
    attach_papers(email, reminders, at=at)
    email = hand_over(email=email, at=at)
    if email.status in {EmailStatus.SENT, EmailStatus.KEPT}:
        for reminder in reminders:
            _record_sent(reminder, email, at)
    return 1


def _changed(reminders: Sequence[Reminder], at: datetime) -> str:
    """Why the letter may no longer leave as it is written; '' when it may. One invoice changes the whole letter."""
    planned = decide_together([one.invoice for one in reminders], at, sending=reminders)
    for one, row in zip(reminders, planned, strict=True):
        if row.decision.level is None:
            return str(row.decision)
        if one.balance != one.invoice.balance:
            # the letter asks for what was due when it was written
            return BALANCE_MOVED
        if one.email and row.address != one.email.recipient:
            return ADDRESS_CHANGED
    return ""


def _record_sent(reminder: Reminder, email: Email, at: datetime) -> None:
    # a message kept here counts as sent; it may be sent again by a person
    if reminder.status != ReminderStatus.QUEUED:
        return
    states.move(
        reminder,
        ReminderStatus.SENT,
        tag="payments.reminder.sent",
        actor=MAIL,
        at=at,
        also=[reminder.invoice, reminder.invoice.customer],
        sent_at=at,
        data={"level": reminder.level, "recipient": email.recipient, "email": str(email.get_status_display())},
    )


@transaction.atomic
def _withdraw(reminders: Sequence[Reminder], email: Email, reason: str, at: datetime) -> None:
    states.move(
        email,
        EmailStatus.CANCELLED,
        tag="billing.email.cancelled",
        actor=MAIL,
        at=at,
        also=[reminder.invoice for reminder in reminders],
        data={"reason": reason},
        **FREE,
    )
    for reminder in reminders:
        # a message kept here counts as sent; sent again by a person, it may find the invoice paid
        if reminder.status == ReminderStatus.QUEUED:
            cancel_reminder(reminder, reason, MAIL, at)


REMINDER_EMAILS: Queue[Email] = queue_of(EmailKind.REMINDER, name="envoi des relances", work=_deliver)
