"""Queued reminders handed to the mail server: each is decided once more just before, and withdrawn if facts changed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import Email, EmailKind, EmailStatus
from billing.services.emails import hand_over, queue_of
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.queue import FREE, Clock, Queue
from payments.dunning.models import Reminder, ReminderStatus
from payments.dunning.planning import decide_now
from payments.dunning.sending import cancel_reminder

MAIL = Actor.system("relances")
BALANCE_MOVED = "Le montant dû a changé depuis que la lettre est écrite : elle sera écrite de nouveau."


def deliver_reminders(*, at: datetime, limit: int = 10) -> int:
    """Hand queued reminders to the mail server, each decided once more just before. Returns how many left."""
    return sum(REMINDER_EMAILS.sweep(now=lambda: at, limit=limit))


def _deliver(email: Email, now: Clock) -> int:
    at = now()
    reminder = Reminder.everywhere.select_related("invoice__customer", "invoice__company").get(email=email)
    # hours may lie between writing and sending: what was paid meanwhile must not be asked for
    decision = decide_now(reminder.invoice, at, sending=reminder)
    if decision.level is None:
        _withdraw(reminder, email, str(decision), at)
        return 0
    if reminder.balance != reminder.invoice.balance:
        # the letter asks for what was due when it was written
        _withdraw(reminder, email, BALANCE_MOVED, at)
        return 0
    email = hand_over(email=email, at=at)
    if email.status in {EmailStatus.SENT, EmailStatus.KEPT} and reminder.status == ReminderStatus.QUEUED:
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
    return 1


@transaction.atomic
def _withdraw(reminder: Reminder, email: Email, reason: str, at: datetime) -> None:
    states.move(
        email,
        EmailStatus.CANCELLED,
        tag="billing.email.cancelled",
        actor=MAIL,
        at=at,
        also=[reminder.invoice],
        data={"reason": reason},
        **FREE,
    )
    # a message kept here counts as sent; sent again by a person, it may find the invoice paid
    if reminder.status == ReminderStatus.QUEUED:
        cancel_reminder(reminder, reason, MAIL, at)


REMINDER_EMAILS: Queue[Email] = queue_of(EmailKind.REMINDER, name="envoi des relances", work=_deliver)
