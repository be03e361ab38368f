"""Reminders: decided under lock with fresh facts, and decided again at the moment of sending.

Nothing goes out for a paid, disputed or credited invoice, while an unmatched credit could cover it, or when the bank
data is older than 24 hours. The third level is drafted for a person to send.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from billing import dunning
from billing.dunning import Decision
from billing.models import Email, EmailKind, EmailStatus, Invoice, Reminder, ReminderLevel, ReminderStatus
from billing.services.emails import hand_over, queue_email, queue_of
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from config.kernel.queue import FREE, Clock, Queue
from customers.models import Contact, Customer
from payments.services.facts import LEVELS, facts_of, gather, policy_of, refusal_of_all
from payments.services.letters import own_letter
from payments.services.turns import its_turn, overdue

AT_ONCE = 200  # invoices decided together while looking for what goes out
MAIL = Actor.system("relances")


class NothingToSend(DomainError):
    code = "nothing_to_send"
    message = "La relance ne peut pas partir maintenant. %(sentence)s"


class NoReminderAddress(DomainError):
    code = "no_reminder_address"
    message = "Ce client n’a pas d’adresse e-mail valide pour les relances. Complétez sa fiche."


BALANCE_MOVED = "Le montant dû a changé depuis que la lettre est écrite : elle sera écrite de nouveau."
NO_ADDRESS = Decision(
    level=None,
    reason="no_address",
    sentence="Aucune relance : ce client n’a pas d’adresse e-mail valide. Complétez sa fiche.",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen now to one overdue invoice, and why."""

    invoice: Invoice
    decision: Decision
    address: str  # where it would go; '' for nowhere


def plan(*, company: Company, at: datetime, invoices: Sequence[Invoice] | None = None) -> list[Planned]:
    """These invoices, or every overdue one, each with its decision: what goes out now, and why the others do not."""
    if invoices is None:
        invoices, known = list(overdue(company, at).order_by("due_date", "id")), gather(company, at=at)
    else:
        known = gather(company, at=at, customers={invoice.customer_id for invoice in invoices})
    policy = policy_of(company)
    addresses = reminder_addresses({invoice.customer_id: invoice.customer for invoice in invoices})
    planned = []
    for invoice in invoices:
        decision = dunning.decide(facts_of(invoice, known), policy)
        address = addresses[invoice.customer_id]
        if decision.level is not None and not address:
            decision = NO_ADDRESS
        planned.append(Planned(invoice, decision, address))
    return planned


def leaving(*, company: Company, at: datetime, most: int) -> list[Planned]:
    """What goes out now, `most` letters of it: one per customer, for the oldest debt."""
    first: dict[int, Planned] = {}
    if refusal_of_all(company, at=at):
        return []
    turn = its_turn(overdue(company, at), company=company, at=at).order_by("due_date", "id")
    rows = turn.iterator(chunk_size=AT_ONCE)
    while invoices := list(islice(rows, AT_ONCE)):
        for planned in plan(company=company, at=at, invoices=invoices):
            if planned.decision.level is not None:
                first.setdefault(planned.invoice.customer_id, planned)
        if len(first) >= most:
            break
    return list(first.values())[:most]


def send_reminders(
    *, company: Company, actor: Actor, at: datetime, chosen: Collection[int] | None = None
) -> list[Reminder]:
    """Queue what is due now, one letter per customer; each invoice is decided again under its own lock.

    `chosen`: the invoices that may be reminded of, all of them when None.
    """
    made: dict[int, Reminder] = {}

    def remind(invoice: Invoice) -> None:
        if invoice.customer_id not in made:
            reminder = _remind(invoice, actor=actor, at=at)
            if reminder is not None:
                made[invoice.customer_id] = reminder

    invoices = None
    if chosen is not None:
        invoices = list(overdue(company, at).filter(pk__in=chosen).order_by("due_date", "id"))
    planned = plan(company=company, at=at, invoices=invoices)
    due = [one.invoice for one in planned if one.decision.level is not None]
    treat_each(due, remind, loop="relance d’une facture", at=at)
    return list(made.values())


def _decide_now(invoice: Invoice, at: datetime, *, sending: Reminder | None = None) -> Decision:
    """The decision with the facts of this instant. A reminder being sent is not counted against itself."""
    known = gather(invoice.company, at=at, customers={invoice.customer_id})
    if sending is not None:
        others = Reminder.everywhere.filter(invoice__customer_id=invoice.customer_id).exclude(pk=sending.pk)
        others = others.exclude(status=ReminderStatus.CANCELLED)
        known.last_level[invoice.pk] = sending.level - 1
        if sending.level == ReminderLevel.FRIENDLY:
            del known.last_level[invoice.pk]
        last = others.filter(status=ReminderStatus.SENT).order_by("-created_at").first()
        known.last_sent_on.pop(invoice.customer_id, None)
        if last is not None:
            known.last_sent_on[invoice.customer_id] = local_day(last.created_at)
    return dunning.decide(facts_of(invoice, known), policy_of(invoice.company))


def _lock_with_customer(key: int) -> Invoice:
    """The invoice and its customer, locked: a customer is reminded of one thing at a time."""
    rows = Invoice.everywhere.select_for_update(no_key=True, of=("self", "customer"))
    locked: Invoice = rows.select_related("customer", "company").get(pk=key)
    return locked


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What whoever asks for a reminder wants it to say; '' keeps the letter's own."""

    subject_line: str = ""
    message: str = ""


NO_WORDS = OwnWords()


@transaction.atomic
def _remind(invoice: Invoice, *, actor: Actor, at: datetime) -> Reminder | None:
    locked = _lock_with_customer(invoice.pk)
    decision = _decide_now(locked, at)
    address = reminder_address(locked.customer)
    if decision.level is None or not address:
        return None
    return _write(locked, decision, address, NO_WORDS, actor, at)


@transaction.atomic
def remind_invoice(*, invoice: Invoice, words: OwnWords, actor: Actor, at: datetime) -> Reminder:
    """The reminder that is due for one invoice, because somebody asks for it now.

    The level is the policy's, never the asker's. A formal notice keeps its legal text and waits for a person.
    Raises NothingToSend with the reason, NoReminderAddress.
    """
    locked = _lock_with_customer(invoice.pk)
    decision = _decide_now(locked, at)
    if decision.level is None:
        raise NothingToSend(sentence=str(decision))
    address = reminder_address(locked.customer)
    if not address:
        raise NoReminderAddress
    return _write(locked, decision, address, words, actor, at)


def _write(invoice: Invoice, decision: Decision, address: str, words: OwnWords, actor: Actor, at: datetime) -> Reminder:
    level = LEVELS[decision.level or ""]
    email = None if decision.needs_person else _queue(invoice, level, address, at, words)
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
        tag, subject=reminder, also=[invoice, invoice.customer], actor=actor, at=at,
        data={"level": level, "balance": invoice.balance, "sentence": str(decision)},
    )  # fmt: skip
    return reminder


def _queue(invoice: Invoice, level: ReminderLevel, address: str, at: datetime, words: OwnWords = NO_WORDS) -> Email:
    subject_line, body = own_letter(invoice, level, subject_line=words.subject_line, message=words.message, at=at)
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


def reminder_address(customer: Customer) -> str:
    """Who is reminded: the first contact marked so, else the customer's own address; '' when there is none."""
    return reminder_addresses({customer.pk: customer})[customer.pk]


def reminder_addresses(customers: Mapping[int, Customer]) -> dict[int, str]:
    """The same for many customers at once: one query."""
    contacts = Contact.everywhere.filter(customer__in=list(customers), gets_reminders=True).exclude(email="")
    # the last written wins: the oldest contact
    found = dict(contacts.order_by("-id").values_list("customer_id", "email"))
    addresses = {key: found.get(key) or customer.email for key, customer in customers.items()}
    return {key: address if _is_address(address) else "" for key, address in addresses.items()}


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


@transaction.atomic
def send_drafted(*, reminder: Reminder, actor: Actor, at: datetime) -> Reminder:
    """A person has read the drafted letter and sends it. Raises NothingToSend, NoReminderAddress, TransitionRefused."""
    invoice = _lock_with_customer(reminder.invoice_id)
    decision = _decide_now(invoice, at, sending=reminder)
    if decision.level is None:
        raise NothingToSend(sentence=str(decision))
    address = reminder_address(invoice.customer)
    if not address:
        raise NoReminderAddress
    email = _queue(invoice, ReminderLevel(reminder.level), address, at)
    states.move(
        reminder, ReminderStatus.QUEUED, tag="payments.reminder.queued", actor=actor, at=at,
        also=[invoice, invoice.customer], email=email, balance=invoice.balance,
    )  # fmt: skip
    return reminder


@transaction.atomic
def cancel_drafted(*, reminder: Reminder, reason: str, actor: Actor, at: datetime) -> Reminder:
    """A person decides that the drafted letter will not go. Raises TransitionRefused for one that is on its way."""
    if reminder.status != ReminderStatus.DRAFTED:
        raise TransitionRefused(state=str(reminder.get_status_display()))
    _cancel(reminder, reason, actor, at)
    return reminder


def deliver_reminders(*, at: datetime, limit: int = 10) -> int:
    """Hand queued reminders to the mail server, each decided once more just before. Returns how many left."""
    return sum(REMINDER_EMAILS.sweep(now=lambda: at, limit=limit))


def _deliver(email: Email, now: Clock) -> int:
    at = now()
    reminder = Reminder.everywhere.select_related("invoice__customer", "invoice__company").get(email=email)
    decision = _decide_now(reminder.invoice, at, sending=reminder)
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
            reminder, ReminderStatus.SENT, tag="payments.reminder.sent", actor=MAIL, at=at,
            also=[reminder.invoice, reminder.invoice.customer], sent_at=at,
            data={"level": reminder.level, "recipient": email.recipient, "email": str(email.get_status_display())},
        )  # fmt: skip
    return 1


@transaction.atomic
def _withdraw(reminder: Reminder, email: Email, reason: str, at: datetime) -> None:
    states.move(
        email, EmailStatus.CANCELLED, tag="billing.email.cancelled", actor=MAIL, at=at, also=[reminder.invoice],
        data={"reason": reason}, **FREE,
    )  # fmt: skip
    # a message kept here counts as sent; sent again by a person, it may find the invoice paid
    if reminder.status == ReminderStatus.QUEUED:
        _cancel(reminder, reason, MAIL, at)


def _cancel(reminder: Reminder, reason: str, actor: Actor, at: datetime) -> None:
    states.move(
        reminder, ReminderStatus.CANCELLED, tag="payments.reminder.cancelled", actor=actor, at=at,
        also=[reminder.invoice, reminder.invoice.customer], data={"reason": reason}, cancelled_because=reason[:300],
    )  # fmt: skip


REMINDER_EMAILS: Queue[Email] = queue_of(EmailKind.REMINDER, name="envoi des relances", work=_deliver)
