"""What would happen now to each overdue invoice, and why; where its reminder would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from customers.models import Contact, Customer
from payments.dunning import policy
from payments.dunning.evidence import facts_of, gather_evidence, policy_of, refusal_of_all
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.policy import Decision
from payments.dunning.schedule import due_for_reminder, overdue

BATCH = 200  # invoices decided together while looking for what goes out
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
        invoices, evidence = list(overdue(company, at).order_by("due_date", "id")), gather_evidence(company, at=at)
    else:
        evidence = gather_evidence(company, at=at, customers={invoice.customer_id for invoice in invoices})
    rules = policy_of(company)
    addresses = reminder_addresses({invoice.customer_id: invoice.customer for invoice in invoices})
    planned = []
    for invoice in invoices:
        decision = policy.decide(facts_of(invoice, evidence), rules)
        address = addresses[invoice.customer_id]
        if decision.level is not None and not address:
            decision = NO_ADDRESS
        planned.append(Planned(invoice, decision, address))
    return planned


def letters_due(*, company: Company, at: datetime, limit: int) -> list[Planned]:
    """At most `limit` letters that go out now: one per customer, for the oldest debt."""
    first: dict[int, Planned] = {}
    if refusal_of_all(company, at=at):
        return []
    due = due_for_reminder(overdue(company, at), company=company, at=at).order_by("due_date", "id")
    rows = due.iterator(chunk_size=BATCH)
    while invoices := list(islice(rows, BATCH)):
        for planned in plan(company=company, at=at, invoices=invoices):
            if planned.decision.level is not None:
                first.setdefault(planned.invoice.customer_id, planned)
        if len(first) >= limit:
            break
    return list(first.values())[:limit]


def decide_now(invoice: Invoice, at: datetime, *, sending: Reminder | None = None) -> Decision:
    """The decision with the facts of this instant. A reminder being sent is not counted against itself."""
    evidence = gather_evidence(invoice.company, at=at, customers={invoice.customer_id})
    if sending is not None:
        others = Reminder.everywhere.filter(invoice__customer_id=invoice.customer_id).exclude(pk=sending.pk)
        others = others.exclude(status=ReminderStatus.CANCELLED)
        # as if this reminder did not exist: else it would find itself sent already, and its customer just reminded
        evidence.last_level[invoice.pk] = sending.level - 1
        if sending.level == ReminderLevel.FRIENDLY:
            del evidence.last_level[invoice.pk]
        last = others.filter(status=ReminderStatus.SENT).order_by("-created_at").first()
        evidence.last_sent_on.pop(invoice.customer_id, None)
        if last is not None:
            evidence.last_sent_on[invoice.customer_id] = local_day(last.created_at)
    return policy.decide(facts_of(invoice, evidence), policy_of(invoice.company))


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
