"""What would happen now to each overdue invoice, and why; where its reminder would go, and with which others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.models import Invoice
from billing.services.bounces import refused_addresses
from config.kernel.clock import local_day
from config.kernel.models import Company
from customers.models import Contact, Customer
from payments.dunning import policy
from payments.dunning.evidence import LEVELS, Evidence, facts_of, gather_evidence, refusal_of_all
from payments.dunning.models import VOID, Reminder, ReminderHold, ReminderLevel, ReminderStatus
from payments.dunning.policy import Decision
from payments.dunning.practice import Practices, practices_of
from payments.dunning.schedule import due_for_reminder, overdue

BATCH = 200  # invoices decided together while looking for what goes out
NO_ADDRESS = Decision(
    level=None,
    reason="no_address",
    sentence="Aucune relance : ce client n’a pas d’adresse e-mail valide. Complétez sa fiche.",
)
ADDRESS_REFUSED = "Aucune relance : l’adresse %(address)s a été refusée. Corrigez la fiche du client."


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen now to one overdue invoice, and why."""

    invoice: Invoice
    decision: Decision
    address: str  # where it would go; '' for nowhere
    is_grouped: bool = False  # its customer gets one letter for all
    broken_promise: ReminderHold | None = None


def plan(*, company: Company, at: datetime, invoices: Sequence[Invoice] | None = None) -> list[Planned]:
    """These invoices, or every overdue one, each with its decision: what goes out now, and why the others do not."""
    if invoices is None:
        invoices, evidence = list(overdue(company, at).order_by("due_date", "id")), gather_evidence(company, at=at)
    else:
        evidence = gather_evidence(company, at=at, customers={invoice.customer_id for invoice in invoices})
    return _planned(invoices, evidence)


def _planned(invoices: Sequence[Invoice], evidence: Evidence, waived: Collection[str] = ()) -> list[Planned]:
    customers = {invoice.customer_id: invoice.customer for invoice in invoices}
    addresses = reminder_addresses(customers, evidence.practices)
    refused = refused_addresses(addresses.values())
    planned = []
    for invoice in invoices:
        rules = evidence.policy_for(invoice.customer_id)
        decision = policy.decide(facts_of(invoice, evidence), rules, waived=waived)
        address = addresses[invoice.customer_id]
        if decision.level is not None and not address:
            decision = NO_ADDRESS
        elif decision.level is not None and address.lower() in refused:
            decision = _refused(address)
        grouped = evidence.practices.of(invoice.customer_id).is_grouped
        planned.append(Planned(invoice, decision, address, grouped, evidence.broken_promise(invoice)))
    return planned


def _refused(address: str) -> Decision:
    return Decision(level=None, reason="address_refused", sentence=ADDRESS_REFUSED, params={"address": address})


@dataclass(frozen=True, slots=True)
class Group:
    """The invoices of one letter, the oldest debt first, of one customer and currency; its level the most severe."""

    rows: Sequence[Planned]

    @property
    def level(self) -> ReminderLevel:
        return max(LEVELS[row.decision.level or ""] for row in self.rows)

    @property
    def invoices(self) -> list[Invoice]:
        return [row.invoice for row in self.rows]

    @property
    def first(self) -> Planned:
        return self.rows[0]


def group_of(rows: Sequence[Planned]) -> Group | None:
    """The one letter that a customer gets now out of these rows of it, in the order of their debts; None for none.

    Alone the oldest debt; grouped, all that are due in its currency. A formal notice is for those alone whose turn it
    is: no invoice is given formal notice that was never reminded of.
    """
    due = [row for row in rows if row.decision.level is not None]
    if not due:
        return None
    if not due[0].is_grouped:
        return Group(due[:1])
    same = [row for row in due if row.invoice.currency == due[0].invoice.currency]
    level = Group(same).level
    if level == ReminderLevel.FINAL:
        same = [row for row in same if LEVELS[row.decision.level or ""] == level]
    return Group(same)


def letters_due(*, company: Company, at: datetime, limit: int) -> list[Group]:
    """At most `limit` letters that go out now, one per customer, the oldest debts first."""
    found: dict[int, list[Planned]] = {}
    if refusal_of_all(company, at=at):
        return []
    due = due_for_reminder(overdue(company, at), company=company, at=at).order_by("due_date", "id")
    rows = due.iterator(chunk_size=BATCH)
    while invoices := list(islice(rows, BATCH)):
        for planned in plan(company=company, at=at, invoices=invoices):
            if planned.decision.level is not None:
                found.setdefault(planned.invoice.customer_id, []).append(planned)
        if len(found) >= limit:
            break
    groups = (group_of(_whole(company, at, rows)) for rows in list(found.values())[:limit])
    return [group for group in groups if group is not None]


def _whole(company: Company, at: datetime, rows: list[Planned]) -> list[Planned]:
    """All rows of a grouped customer: those that are in a batch not read yet too."""
    if not rows[0].is_grouped:
        return rows
    invoices = overdue(company, at).filter(customer=rows[0].invoice.customer_id).order_by("due_date", "id")
    return plan(company=company, at=at, invoices=list(invoices))


def decide_together(
    invoices: Sequence[Invoice], at: datetime, *, sending: Sequence[Reminder] = (), waived: Collection[str] = ()
) -> list[Planned]:
    """The decisions with the facts of this instant, for invoices of one customer.

    The reminders being sent are not counted against themselves, and keep what was set aside for them.
    """
    company, customer_id = invoices[0].company, invoices[0].customer_id
    evidence = gather_evidence(company, at=at, customers={customer_id})
    if sending:
        others = Reminder.everywhere.filter(invoice__customer_id=customer_id)
        others = others.exclude(pk__in=[one.pk for one in sending]).exclude(status__in=VOID)
        for one in sending:
            # as if this reminder did not exist: else it would find itself sent already, and its customer just reminded
            evidence.last_level[one.invoice_id] = one.level - 1
            if one.level == ReminderLevel.FRIENDLY:
                del evidence.last_level[one.invoice_id]
        last = others.filter(status=ReminderStatus.SENT).order_by("-created_at").first()
        evidence.last_sent_on.pop(customer_id, None)
        if last is not None:
            evidence.last_sent_on[customer_id] = local_day(last.created_at)
        waived = {*waived, *(code for one in sending for code in one.waived)}
    return _planned(invoices, evidence, waived)


def reasons_against(invoice: Invoice, at: datetime) -> list[Decision]:
    """Everything that holds a reminder of the invoice back now, in words; empty when it may leave."""
    evidence = gather_evidence(invoice.company, at=at, customers={invoice.customer_id})
    found = list(policy.refusals(facts_of(invoice, evidence), evidence.policy_for(invoice.customer_id)))
    address = reminder_addresses({invoice.customer_id: invoice.customer}, evidence.practices)[invoice.customer_id]
    if not address:
        found.append(NO_ADDRESS)
    elif refused_addresses([address]):
        found.append(_refused(address))
    return found


def reminder_address(customer: Customer) -> str:
    """Who is reminded: the contact chosen for it, the first contact marked so, else the customer's own address."""
    practices = practices_of(customer.company, {customer.pk})
    return reminder_addresses({customer.pk: customer}, practices)[customer.pk]


def _own(customer: Customer) -> str:
    """Its own address: that of the record it was merged into before the one it had."""
    return (customer.merged_into and customer.merged_into.email) or customer.email


def reminder_addresses(customers: Mapping[int, Customer], practices: Practices) -> dict[int, str]:
    """The same for many customers at once, in one query; '' for nowhere."""
    # contacts followed into the record that goes on
    kept = {key: one.merged_into_id or key for key, one in customers.items()}
    contacts = Contact.everywhere.filter(customer__in=set(kept.values())).exclude(email="").order_by("-name", "-id")
    marked: dict[int, str] = {}
    chosen: dict[int, str] = {}
    for pk, customer_id, email, marked_so in contacts.values_list("pk", "customer_id", "email", "gets_reminders"):
        if marked_so:
            # the last one wins: the first by name, as the record lists them
            marked[customer_id] = email
        if practices.of(customer_id).contact_id == pk:
            chosen[customer_id] = email
    addresses = {key: chosen.get(kept[key]) or marked.get(kept[key]) or _own(one) for key, one in customers.items()}
    return {key: address if _is_address(address) else "" for key, address in addresses.items()}


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
