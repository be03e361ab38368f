"""Messages that came back: which address refused, what no longer goes there, and when it may again.

A permanent refusal (5.x.x) stops every mail of the company to that address until it is changed, or a person says that
it works again. A delay (4.x.x) is kept and stops nothing. Twice the same report changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from billing.delivery_reports import Report
from billing.events import email_bounced
from billing.models.emails import Bounce, Email, EmailStatus
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.models import CompanyRow
from config.kernel.states import can_move
from customers.models import Contact, Customer


def refused_addresses(addresses: Iterable[str]) -> set[str]:
    """Which of these addresses refuse our mails now, in lower case, in the company of the scope."""
    asked = {address.lower() for address in addresses if address}
    rows = Bounce.objects.filter(address__in=asked, is_permanent=True, cleared_at=None)
    return set(rows.values_list("address", flat=True)) if asked else set()


def addresses_to_mend() -> QuerySet[Bounce]:
    """The refusals whose address a customer or a contact of the company still has, the latest first."""
    mine = Customer.objects.annotate(low=Lower("email")).filter(low=OuterRef("address"), archived_at=None)
    theirs = Contact.objects.annotate(low=Lower("email")).filter(low=OuterRef("address"))
    rows: QuerySet[Bounce] = Bounce.objects.filter(Exists(mine) | Exists(theirs), is_permanent=True, cleared_at=None)
    return rows.order_by("-at", "-id")


def bounces_of(customer: Customer) -> QuerySet[Bounce]:
    """The live refusals of the addresses that a customer has: its own and its contacts'."""
    contacts = Contact.objects.filter(customer=customer).values_list("email", flat=True)
    asked = {address.lower() for address in (customer.email, *contacts) if address}
    rows: QuerySet[Bounce] = Bounce.objects.filter(address__in=asked, is_permanent=True, cleared_at=None)
    return rows.order_by("-at", "-id")


@transaction.atomic
def record_report(*, email: Email, report: Report, source: str, actor: Actor, at: datetime) -> bool:
    """Write down what a delivery report says of a message. False when it is known already, or says nothing against.

    The address is the message's own: a report that names another was forwarded on the recipient's side.
    """
    row: Email = Email.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=email.pk)
    if not report.is_failure and not report.is_delay:
        return False
    bounce, is_new = Bounce.everywhere.get_or_create(
        company_id=row.company_id,
        email=row,
        is_permanent=report.is_failure,
        defaults={
            "address": row.recipient.lower(),
            "status_code": report.status[:12],
            "diagnostic": report.diagnostic[:300],
            "source": source,
            "at": at,
        },
    )
    if not is_new:
        return False
    data = {"recipient": row.recipient, "code": bounce.status_code, "reason": bounce.diagnostic}
    if report.is_failure and can_move(row, EmailStatus.BOUNCED):
        error = f"{bounce.status_code} {bounce.diagnostic}".strip()[:500]
        tag = "billing.email.bounced"
        states.move(row, EmailStatus.BOUNCED, tag=tag, actor=actor, at=at, also=_also(row), data=data, last_error=error)
        email_bounced.send(sender=Email, email=row, actor=actor, at=at)
    else:
        audit.record("billing.email.delayed", subject=row, actor=actor, at=at, also=_also(row), data=data)
    return True


def _also(email: Email) -> list[CompanyRow]:
    return [email.invoice, email.invoice.customer] if email.invoice else []


@transaction.atomic
def clear_address(*, customer: Customer, address: str, actor: Actor, at: datetime) -> int:
    """A person says that the address works again: mails go there. Returns how many refusals were lifted."""
    rows = Bounce.objects.filter(address=address.lower(), cleared_at=None).filter(Q(is_permanent=True))
    lifted: int = rows.update(cleared_at=at)
    if lifted:
        audit.record("billing.email.cleared", subject=customer, actor=actor, at=at, data={"recipient": address})
    return lifted
