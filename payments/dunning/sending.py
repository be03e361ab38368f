"""Reminders written under lock, each decided with the facts of the moment; the third level waits for a person.

Nothing goes out for a paid, disputed or credited invoice, while an unmatched credit could cover it, or when the bank
data is older than 24 hours. Each is decided once more as it is handed over (`payments.dunning.delivery`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from billing.models import Email, EmailKind, Invoice
from billing.services.emails import queue_email
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from payments.dunning.evidence import LEVELS
from payments.dunning.letters import STANDARD, LetterText, reminder_letter
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.planning import decide_now, plan, reminder_address
from payments.dunning.policy import Decision
from payments.dunning.schedule import overdue


class NothingToSend(DomainError):
    code = "nothing_to_send"
    message = "La relance ne peut pas partir maintenant. %(sentence)s"


class NoReminderAddress(DomainError):
    code = "no_reminder_address"
    message = "Ce client n’a pas d’adresse e-mail valide pour les relances. Complétez sa fiche."


def send_reminders(
    *, company: Company, actor: Actor, at: datetime, chosen: Collection[int] | None = None
) -> list[Reminder]:
    """Queue what is due now, one letter per customer; each invoice is decided again under its own lock.

    `chosen`: the invoices that may be reminded of, all of them when None.
    """
    written: dict[int, Reminder] = {}

    def remind(invoice: Invoice) -> None:
        if invoice.customer_id not in written:
            reminder = _remind(invoice, actor=actor, at=at)
            if reminder is not None:
                written[invoice.customer_id] = reminder

    invoices = None
    if chosen is not None:
        invoices = list(overdue(company, at).filter(pk__in=chosen).order_by("due_date", "id"))
    planned = plan(company=company, at=at, invoices=invoices)
    due = [row.invoice for row in planned if row.decision.level is not None]
    treat_each(due, remind, loop="relance d’une facture", at=at)
    return list(written.values())


def _lock_with_customer(key: int) -> Invoice:
    """The invoice and its customer, locked: a customer is reminded of one thing at a time."""
    # with the customer: two of its invoices reminded at once would each find that nothing was sent lately
    rows = Invoice.everywhere.select_for_update(no_key=True, of=("self", "customer"))
    locked: Invoice = rows.select_related("customer", "company").get(pk=key)
    return locked


@transaction.atomic
def _remind(invoice: Invoice, *, actor: Actor, at: datetime) -> Reminder | None:
    locked = _lock_with_customer(invoice.pk)
    decision = decide_now(locked, at)
    address = reminder_address(locked.customer)
    if decision.level is None or not address:
        return None
    return _write(locked, decision, address, STANDARD, actor, at)


@transaction.atomic
def remind_invoice(*, invoice: Invoice, text: LetterText, actor: Actor, at: datetime) -> Reminder:
    """Write the reminder that is due for one invoice, at somebody's request.

    The level is the policy's, whoever requests it. A formal notice keeps its legal text and waits for a person.
    Raises NothingToSend with the reason, NoReminderAddress.
    """
    locked = _lock_with_customer(invoice.pk)
    decision = decide_now(locked, at)
    if decision.level is None:
        raise NothingToSend(sentence=str(decision))
    address = reminder_address(locked.customer)
    if not address:
        raise NoReminderAddress
    return _write(locked, decision, address, text, actor, at)


def _write(
    invoice: Invoice, decision: Decision, address: str, text: LetterText, actor: Actor, at: datetime
) -> Reminder:
    level = LEVELS[decision.level or ""]
    email = None if decision.needs_person else _queue(invoice, level, address, at, text)
    reminder: Reminder = Reminder.everywhere.create(
        company=invoice.company,
        invoice=invoice,
        level=level,
        status=ReminderStatus.DRAFTED if decision.needs_person else ReminderStatus.QUEUED,
        balance=invoice.balance,
        email=email,
        created_at=at,
    )
    tag = "payments.reminder.drafted" if decision.needs_person else "payments.reminder.queued"
    audit.record(
        tag,
        subject=reminder,
        also=[invoice, invoice.customer],
        actor=actor,
        at=at,
        data={"level": level, "balance": invoice.balance, "sentence": str(decision)},
    )
    return reminder


def _queue(invoice: Invoice, level: ReminderLevel, address: str, at: datetime, text: LetterText = STANDARD) -> Email:
    subject_line, body = reminder_letter(invoice, level, at=at, text=text)
    return queue_email(
        company_id=invoice.company_id,
        invoice=invoice,
        kind=EmailKind.REMINDER,
        recipient=address,
        subject_line=subject_line,
        body=body,
        needs_document=False,
        at=at,
    )


@transaction.atomic
def send_drafted(*, reminder: Reminder, actor: Actor, at: datetime) -> Reminder:
    """A person has read the drafted letter and sends it. Raises NothingToSend, NoReminderAddress, TransitionRefused."""
    invoice = _lock_with_customer(reminder.invoice_id)
    decision = decide_now(invoice, at, sending=reminder)
    if decision.level is None:
        raise NothingToSend(sentence=str(decision))
    address = reminder_address(invoice.customer)
    if not address:
        raise NoReminderAddress
    email = _queue(invoice, ReminderLevel(reminder.level), address, at)
    states.move(
        reminder,
        ReminderStatus.QUEUED,
        tag="payments.reminder.queued",
        actor=actor,
        at=at,
        also=[invoice, invoice.customer],
        email=email,
        balance=invoice.balance,
    )
    return reminder


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
