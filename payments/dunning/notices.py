"""Formal notices: drafted, read by a person, then sent by e-mail, posted with a tracking number, or given up.

The notices of a grouped customer go together: one letter names all that is due in one currency.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from billing.models import Email
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid, TransitionRefused
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.planning import Planned, decide_together
from payments.dunning.practice import practice_of
from payments.dunning.sending import lock_with_customer, queue_letter, refusal


def drafted_together(reminder: Reminder) -> list[Reminder]:
    """The drafted notices of the letter of this one, itself among them, the oldest debt first."""
    invoice = reminder.invoice
    rows = Reminder.everywhere.filter(pk=reminder.pk)
    if practice_of(invoice.company, invoice.customer_id).is_grouped:
        drafted = Reminder.everywhere.filter(company_id=reminder.company_id, status=ReminderStatus.DRAFTED)
        rows |= drafted.filter(invoice__customer_id=invoice.customer_id, invoice__currency=invoice.currency)
    rows = rows.select_related("invoice__customer", "invoice__company")
    return list(rows.order_by("invoice__due_date", "invoice_id"))


@transaction.atomic
def send_drafted(*, reminder: Reminder, actor: Actor, at: datetime) -> Reminder:
    """A person has read the drafted letter and sends it. Raises NothingToSend, NoReminderAddress, TransitionRefused.

    One of a group that may no longer be asked for stays behind; the one that was chosen must be able to leave.
    """
    together, planned = _ready(reminder, at)
    by_invoice = {row.invoice.pk: row.invoice for row in planned}
    email = queue_letter(list(by_invoice.values()), ReminderLevel(reminder.level), planned[0].address, at)
    for one in together:
        invoice = by_invoice[one.invoice_id]
        states.move(
            one,
            ReminderStatus.QUEUED,
            tag="payments.reminder.queued",
            actor=actor,
            at=at,
            also=[invoice, invoice.customer],
            email=email,
            balance=invoice.balance,
        )
    reminder.refresh_from_db()
    return reminder


def _ready(reminder: Reminder, at: datetime, *, by_post: bool = False) -> tuple[list[Reminder], list[Planned]]:
    """The notices of the letter that may leave now, and their decisions under lock."""
    drafted = {one.invoice_id: one for one in drafted_together(reminder)}
    if reminder.status != ReminderStatus.DRAFTED:
        raise TransitionRefused(state=str(reminder.get_status_display()))
    locked = lock_with_customer(drafted)
    planned = decide_together(locked, at, sending=list(drafted.values()))
    # a letter by post needs no e-mail address
    anywhere = {"no_address", "address_refused"} if by_post else set()
    ready = [row for row in planned if row.decision.level is not None or row.decision.reason in anywhere]
    if not any(row.invoice.pk == reminder.invoice_id for row in ready):
        raise refusal(next(row for row in planned if row.invoice.pk == reminder.invoice_id))
    return [drafted[row.invoice.pk] for row in ready], ready


@transaction.atomic
def post_drafted(*, reminder: Reminder, posted_on: date, tracking_number: str, actor: Actor, at: datetime) -> Reminder:
    """A person has posted the printed letter: it is sent, by registered mail where it has a tracking number.

    Raises Invalid for a day to come, NothingToSend, TransitionRefused.
    """
    if posted_on > local_day(at):
        raise Invalid(fields={"posted_on": "Cette date est à venir."})
    together, planned = _ready(reminder, at, by_post=True)
    by_invoice = {row.invoice.pk: row.invoice for row in planned}
    for one in together:
        invoice = by_invoice[one.invoice_id]
        states.move(
            one,
            ReminderStatus.SENT,
            tag="payments.reminder.posted",
            actor=actor,
            at=at,
            also=[invoice, invoice.customer],
            data={"level": one.level, "posted_on": posted_on, "tracking_number": tracking_number},
            posted_on=posted_on,
            tracking_number=tracking_number[:40],
            sent_at=at,
            balance=invoice.balance,
        )
    reminder.refresh_from_db()
    return reminder


@transaction.atomic
def track_sent(*, reminder: Reminder, posted_on: date, tracking_number: str, actor: Actor, at: datetime) -> None:
    """A notice that was e-mailed was posted too: its tracking number. Raises Invalid, TransitionRefused."""
    row: Reminder = Reminder.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=reminder.pk)
    if row.status != ReminderStatus.SENT or row.level != ReminderLevel.FINAL:
        raise TransitionRefused(state=str(row.get_status_display()))
    if posted_on > local_day(at):
        raise Invalid(fields={"posted_on": "Cette date est à venir."})
    row.posted_on, row.tracking_number = posted_on, tracking_number[:40]
    row.save(update_fields=["posted_on", "tracking_number"])
    audit.record(
        "payments.reminder.posted",
        subject=row,
        also=[row.invoice, row.invoice.customer],
        actor=actor,
        at=at,
        data={"level": row.level, "posted_on": posted_on, "tracking_number": tracking_number},
    )


@transaction.atomic
def cancel_drafted(*, reminder: Reminder, reason: str, actor: Actor, at: datetime) -> Reminder:
    """A person decides that the drafted letter will not go. Raises TransitionRefused for one that is on its way."""
    if reminder.status != ReminderStatus.DRAFTED:
        raise TransitionRefused(state=str(reminder.get_status_display()))
    cancel_reminder(reminder, reason, actor, at)
    return reminder


def cancel_reminder(reminder: Reminder, reason: str, actor: Actor, at: datetime) -> None:
    """Raises TransitionRefused, Stale."""
    states.move(
        reminder,
        ReminderStatus.CANCELLED,
        tag="payments.reminder.cancelled",
        actor=actor,
        at=at,
        also=[reminder.invoice, reminder.invoice.customer],
        data={"reason": reason},
        cancelled_because=reason[:300],
    )


def return_letter(*, email: Email, actor: Actor, at: datetime) -> None:
    """The letter came back. A notice that was posted too stays sent."""
    for reminder in Reminder.everywhere.filter(email=email, status=ReminderStatus.SENT, posted_on=None):
        states.move(
            reminder,
            ReminderStatus.RETURNED,
            tag="payments.reminder.returned",
            actor=actor,
            at=at,
            also=[reminder.invoice, reminder.invoice.customer],
            data={"recipient": email.recipient},
        )
