"""Reminders written under lock, each decided with the facts of the moment; the third level waits for a person.

Nothing goes out for a paid, disputed or credited invoice, while an unmatched credit could cover it, or when the bank
data is older than 24 hours; some guards a person may set aside, with a reason (`policy.WAIVABLE`). Each is decided once
more as it is handed over (`payments.dunning.delivery`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from billing.models import Email, EmailKind, Invoice
from billing.services.emails import queue_email
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from customers.models import Customer
from payments.dunning.evidence import LEVELS
from payments.dunning.letters import STANDARD, LetterText, letter_for
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.planning import Group, Planned, decide_together, group_of, plan
from payments.dunning.policy import WAIVABLE
from payments.dunning.schedule import overdue


class NothingToSend(DomainError):
    code = "nothing_to_send"
    message = "La relance ne peut pas partir maintenant. %(sentence)s"


class NoReminderAddress(DomainError):
    code = "no_reminder_address"
    message = "Ce client n’a pas d’adresse e-mail valide pour les relances. Complétez sa fiche."


@dataclass(frozen=True, slots=True)
class Waiver:
    """The guards that a person sets aside for one reminder, by their codes, and why."""

    codes: Collection[str] = ()
    reason: str = ""


NOTHING_WAIVED = Waiver()


def send_reminders(
    *, company: Company, actor: Actor, at: datetime, chosen: Collection[int] | None = None
) -> list[Reminder]:
    """Queue what is due now, one letter per customer; each invoice is decided again under lock.

    `chosen`: the invoices that may be reminded of, all of them when None.
    """
    written: list[Reminder] = []
    invoices = None
    if chosen is not None:
        invoices = list(overdue(company, at).filter(pk__in=chosen).order_by("due_date", "id"))
    due: dict[int, list[Invoice]] = {}
    for row in plan(company=company, at=at, invoices=invoices):
        if row.decision.level is not None:
            due.setdefault(row.invoice.customer_id, []).append(row.invoice)

    def remind(customer: Customer) -> None:
        written.extend(_remind(due[customer.pk], actor=actor, at=at))

    treat_each([rows[0].customer for rows in due.values()], remind, loop="relances d’un client", at=at)
    return written


def lock_with_customer(keys: Collection[int]) -> list[Invoice]:
    """The invoices of one customer as they are now, the oldest debt first, changed by nobody until the end.

    With the customer: two of its invoices reminded at once would each find that nothing was sent lately.
    """
    rows = Invoice.everywhere.select_for_update(no_key=True, of=("self", "customer")).filter(pk__in=list(keys))
    found: list[Invoice] = list(rows.select_related("customer", "company").order_by("pk"))
    return sorted(found, key=lambda row: (row.due_date is None, row.due_date, row.pk))


@transaction.atomic
def _remind(invoices: Sequence[Invoice], *, actor: Actor, at: datetime) -> list[Reminder]:
    locked = lock_with_customer([invoice.pk for invoice in invoices])
    group = group_of(decide_together(locked, at))
    return _write(group, STANDARD, NOTHING_WAIVED, actor, at) if group else []


@transaction.atomic
def remind_invoice(
    *, invoice: Invoice, actor: Actor, at: datetime, text: LetterText = STANDARD, waiver: Waiver = NOTHING_WAIVED
) -> Reminder:
    """Write the reminder that is due for one invoice, at somebody's request; a grouped customer's others join it.

    The level is the policy's, whoever requests it. A formal notice keeps its legal text and waits for a person.
    Raises NothingToSend with the reason, NoReminderAddress, Invalid for a waiver without a reason.
    """
    if waiver.codes and not waiver.reason.strip():
        raise Invalid(fields={"reason": "Dites pourquoi : le motif reste au dossier."})
    # a guard that nobody may set aside is not set aside, whatever was sent
    waiver = Waiver(WAIVABLE.intersection(waiver.codes), waiver.reason.strip()[:300])
    companions = overdue(invoice.company, at).filter(customer=invoice.customer_id, currency=invoice.currency)
    locked = lock_with_customer({invoice.pk, *companions.values_list("pk", flat=True)})
    lead = next(row for row in locked if row.pk == invoice.pk)
    (own,) = decide_together([lead], at, waived=waiver.codes)
    if own.decision.level is None:
        raise refusal(own)
    rows = [own]
    if own.is_grouped and not waiver.codes:
        rows += [row for row in decide_together(locked, at) if row.invoice.pk != lead.pk]
    # the one that was asked for leads: what does not go with it waits
    group = group_of([row for row in rows if _goes_with(row, own)])
    reminders = _write(group or Group([own]), text, waiver, actor, at)
    return next(one for one in reminders if one.invoice_id == lead.pk)


def _goes_with(row: Planned, own: Planned) -> bool:
    """Whether both are formal notices, or neither is."""
    final = LEVELS[own.decision.level or ""] == ReminderLevel.FINAL
    return row.decision.level is not None and (LEVELS[row.decision.level] == ReminderLevel.FINAL) == final


def refusal(row: Planned) -> DomainError:
    if row.decision.reason == "no_address":
        return NoReminderAddress()
    return NothingToSend(sentence=row.decision.worded(gettext, typography.day))


def _write(group: Group, text: LetterText, waiver: Waiver, actor: Actor, at: datetime) -> list[Reminder]:
    """The rows of one letter, each at its own level; of a formal notice the letter waits for a person."""
    needs_person = any(row.decision.needs_person for row in group.rows)
    email = None if needs_person else queue_letter(group.invoices, group.level, group.first.address, at, text)
    return [_write_one(row, email, waiver, actor, at) for row in group.rows]


def _write_one(row: Planned, email: Email | None, waiver: Waiver, actor: Actor, at: datetime) -> Reminder:
    invoice, level = row.invoice, LEVELS[row.decision.level or ""]
    reminder: Reminder = Reminder.everywhere.create(
        company=invoice.company,
        invoice=invoice,
        level=level,
        status=ReminderStatus.QUEUED if email else ReminderStatus.DRAFTED,
        balance=invoice.balance,
        email=email,
        waived=sorted(waiver.codes),
        waived_because=waiver.reason,
        created_at=at,
    )
    data: dict[str, Any] = {"level": level, "balance": invoice.balance, "sentence": str(row.decision)}
    if waiver.codes:
        data |= {"waived": sorted(waiver.codes), "reason": waiver.reason}
    audit.record(
        "payments.reminder.queued" if email else "payments.reminder.drafted",
        subject=reminder,
        also=[invoice, invoice.customer],
        actor=actor,
        at=at,
        data=data,
    )
    return reminder


def queue_letter(
    invoices: Sequence[Invoice], level: ReminderLevel, address: str, at: datetime, text: LetterText = STANDARD
) -> Email:
    letter = letter_for(invoices, level, at=at, text=text)
    return queue_email(
        company_id=invoices[0].company_id,
        invoice=invoices[0],
        kind=EmailKind.REMINDER,
        recipient=address,
        subject_line=letter.subject_line,
        body=letter.body,
        needs_document=False,
        at=at,
    )
