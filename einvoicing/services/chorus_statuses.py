"""How the Chorus Pro module names where an invoice stands, and what a supplier's invoices add up to.

The words are its own, and Chorus Pro's where it has none. SOLDEE is said when the bank has proved the payment: many
public bodies never report theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)

from billing.models import InvoiceStatus
from config.kernel.money import ZERO
from einvoicing.models import LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.services.compliance import STOPPED, THERE, WAITING
from einvoicing.services.routing import CHORUS_PRO
from payments.models import Allocation

WAITS, GIVEN_UP, DEPOSITED, PROCESSING = "EN_ATTENTE", "ABANDONNEE", "DEPOSEE", "EN_COURS_DE_TRAITEMENT"
AVAILABLE, ORDERED, PAYING, PAID = "MISE_A_DISPOSITION", "MANDATEE", "MISE_EN_PAIEMENT", "SOLDEE"
REJECTED, RESUBMITTED, SUSPENDED, TO_RECYCLE, UNKNOWN = "REJETEE", "RECYCLEE", "SUSPENDUE", "A_RECYCLER", "INCONNUE"
STATUSES = (
    WAITS, DEPOSITED, PROCESSING, AVAILABLE, ORDERED, PAYING, PAID, REJECTED, RESUBMITTED, SUSPENDED, TO_RECYCLE,
    GIVEN_UP, UNKNOWN,
)  # fmt: skip
# status of the life-cycle (XP Z12-012) → status of the module
STATUS_OF: Mapping[str, str] = {
    "200": DEPOSITED, "201": PROCESSING, "202": PROCESSING, "203": AVAILABLE, "204": AVAILABLE, "205": ORDERED,
    "206": AVAILABLE, "207": AVAILABLE, "208": SUSPENDED, "209": PROCESSING, "210": REJECTED, "211": PAYING,
    "212": PAYING, "213": REJECTED, "214": AVAILABLE, "221": TO_RECYCLE, "501": REJECTED,
}  # fmt: skip
REFUSALS = tuple(code for code, status in STATUS_OF.items() if status == REJECTED)
STOPPED_HERE = (*STOPPED, TransmissionStatus.INVALID)
NOT_PENDING = (REJECTED, PAID, GIVEN_UP)


def submitted() -> QuerySet[Any]:
    """What went or goes to Chorus Pro, with its `chorus_status` and the day the invoice was paid (`paid_on`)."""
    rows: QuerySet[Any] = Transmission.objects.filter(
        account__kind=CHORUS_PRO, kind=TransmissionKind.INVOICE
    ).select_related("invoice")
    paid = Allocation.objects.filter(invoice=OuterRef("invoice"), amount__gt=0).order_by().values("invoice")
    paid_on = Subquery(paid.annotate(last=Max("payment__paid_on")).values("last"))
    return rows.annotate(chorus_status=_chorus_status(), paid_on=paid_on)


def _chorus_status() -> Case:
    there = Q(status__in=THERE)
    sent_again = Exists(
        Transmission.objects.filter(
            invoice=OuterRef("invoice"),
            account=OuterRef("account"),
            kind=TransmissionKind.INVOICE,
            status=TransmissionStatus.REJECTED,
            created_at__lt=OuterRef("created_at"),
        )
    )
    recycled = Exists(
        Transmission.objects.filter(
            invoice=OuterRef("invoice"), account=OuterRef("account"), kind=TransmissionKind.RECYCLE, status__in=THERE
        )
    )
    by_code: dict[str, list[str]] = {}
    for code, status in STATUS_OF.items():
        by_code.setdefault(status, []).append(code)
    return Case(
        When(Q(status=TransmissionStatus.REJECTED) | Q(lifecycle_code__in=REFUSALS), then=Value(REJECTED)),
        When(invoice__status=InvoiceStatus.PAID, then=Value(PAID)),
        When(status__in=WAITING, then=Value(WAITS)),
        When(status__in=STOPPED_HERE, then=Value(GIVEN_UP)),
        When(recycled, lifecycle_code="221", then=Value(RESUBMITTED)),
        When(there & sent_again & Q(lifecycle_code__in=["", "200"]), then=Value(RESUBMITTED)),
        When(lifecycle_code="", then=Value(DEPOSITED)),
        *(When(lifecycle_code__in=codes, then=Value(status)) for status, codes in by_code.items()),
        default=Value(UNKNOWN),
        output_field=CharField(),
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """One status the invoice passed through."""

    status: str
    at: datetime
    comment: str = ""


def history(row: Transmission) -> list[Passage]:
    """Every status the platform declared, oldest first, from the queue on."""
    # Chorus Pro dates to the minute: its status of the deposit may be dated before the deposit
    return [Passage(WAITS, row.created_at), *sorted(_passages(row), key=lambda passage: passage.at)]


def _passages(row: Transmission) -> Iterator[Passage]:
    received = LifecycleEvent.objects.filter(transmission=row).exclude(document=None)
    events = list(received.order_by("occurred_at", "code"))
    if row.deposited_at and not any(event.code == "200" for event in events):
        yield Passage(DEPOSITED, row.deposited_at)
    for event in events:
        yield Passage(STATUS_OF.get(event.code, UNKNOWN), event.occurred_at, event.reason)
    if row.status == TransmissionStatus.REJECTED and not any(event.code in REFUSALS for event in events):
        yield Passage(REJECTED, row.deposited_at or row.created_at, row.last_error)
    paid = row.invoice.status == InvoiceStatus.PAID
    last = Allocation.objects.filter(invoice=row.invoice, amount__gt=0).order_by("-at").first() if paid else None
    if last is not None:
        yield Passage(PAID, last.at)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which invoices: by the SIRETs the document bears, and the day it was issued."""

    supplier_siret: str
    recipient_siret: str = ""
    number: str = ""
    status: str = ""
    first: date | None = None
    last: date | None = None


def narrowed(by: Narrowing) -> QuerySet[Any]:
    """The submitted invoices that the criteria select."""
    found = submitted().filter(invoice__seller__siret=by.supplier_siret)
    criteria = {
        "invoice__buyer__siret": by.recipient_siret,
        "invoice__number": by.number,
        "chorus_status": by.status,
        "invoice__issue_date__gte": by.first,
        "invoice__issue_date__lte": by.last,
    }
    return found.filter(**{column: value for column, value in criteria.items() if value})


def statistics(by: Narrowing) -> dict[str, Any]:
    """Counts and gross amounts by status, and the mean delay from issue to payment in days. Two queries."""
    rows = narrowed(by).order_by()
    counted = rows.values("chorus_status").annotate(count=Count("pk"), amount=Sum("invoice__total_gross", default=ZERO))
    by_status = {row["chorus_status"]: row for row in counted}
    total = sum(row["count"] for row in by_status.values())
    whole = sum((row["amount"] for row in by_status.values()), ZERO)
    none = {"count": 0, "amount": ZERO}
    paid, rejected = by_status.get(PAID, none), by_status.get(REJECTED, none)
    pending = [row for status, row in by_status.items() if status not in NOT_PENDING]
    paid_rows = rows.filter(chorus_status=PAID).exclude(paid_on=None)
    delay = paid_rows.aggregate(mean=Avg(F("paid_on") - F("invoice__issue_date")))["mean"]
    return {
        "total_invoices": total,
        "total_amount": whole,
        "paid_invoices": paid["count"],
        "paid_amount": paid["amount"],
        "rejected_invoices": rejected["count"],
        "rejected_amount": rejected["amount"],
        "pending_invoices": sum(row["count"] for row in pending),
        "pending_amount": sum((row["amount"] for row in pending), ZERO),
        "rejection_rate": round(100 * rejected["count"] / total, 1) if total else 0.0,
        "average_payment_days": round(delay.total_seconds() / 86_400, 1) if delay is not None else None,
        "by_status": [
            {"status": status, "count": by_status[status]["count"], "amount": by_status[status]["amount"]}
            for status in STATUSES
            if status in by_status
        ],
    }
