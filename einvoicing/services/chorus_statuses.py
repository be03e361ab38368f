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
    Aggregate,
    Avg,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Greatest

from billing.models import InvoiceKind, InvoiceStatus
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
REJECTED_ROWS = Q(status=TransmissionStatus.REJECTED) | Q(lifecycle_code__in=REFUSALS)


def submitted() -> QuerySet[Any]:
    """What went or goes to Chorus Pro, with its `chorus_status` and the day of the last payment that stands."""
    rows = _submissions().select_related("invoice")
    held = Allocation.objects.filter(invoice=OuterRef("invoice")).order_by().values("payment", "payment__paid_on")
    held = held.annotate(left=Sum("amount")).filter(left__gt=0).order_by("-payment__paid_on")
    return rows.annotate(chorus_status=_chorus_status(), paid_on=Subquery(held.values("payment__paid_on")[:1]))


def invoices_submitted() -> QuerySet[Any]:
    """The same, each invoice once: by its latest submission."""
    at_once = Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    later = _submissions().filter(Q(created_at__gt=OuterRef("created_at")) | at_once, invoice=OuterRef("invoice"))
    return submitted().filter(~Exists(later))


def awaited(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those from which something is still to come: neither rejected, given up, corrected, paid nor credited.

    A credit note is at its end when its recipient has it: it is never paid.
    """
    settled = Q(invoice__status__in=[InvoiceStatus.PAID, InvoiceStatus.CREDITED])
    arrived = Q(invoice__kind=InvoiceKind.CREDIT_NOTE, chorus_status__in=[AVAILABLE, ORDERED, PAYING])
    return rows.exclude(chorus_status__in=NOT_PENDING).exclude(settled).exclude(arrived)


def _submissions() -> QuerySet[Any]:
    rows: QuerySet[Any] = Transmission.objects.filter(account__kind=CHORUS_PRO, kind=TransmissionKind.INVOICE)
    return rows


def _predecessors(invoice: Any, order: Any, before: Any) -> QuerySet[Any]:
    """What was rejected before this submission: of the same invoice, or of the one that it corrects or replaces.

    One replaces another when it says so, or was issued for the same order after that one was credited.
    """
    same = Q(invoice=invoice)
    corrected = Q(invoice__corrections=invoice, invoice__corrections__kind=InvoiceKind.CORRECTED)
    ordered_again = Q(invoice__order=order, invoice__order__isnull=False, invoice__status=InvoiceStatus.CREDITED)
    replaced = Q(invoice__replacements=invoice)
    return _submissions().filter(REJECTED_ROWS, same | corrected | replaced | ordered_again, created_at__lt=before)


def _successors(invoice: Any, order: Any, after: Any) -> QuerySet[Any]:
    """What was submitted in the place of this rejected submission, as `_predecessors` says."""
    same = Q(invoice=invoice)
    correction = Q(invoice__corrects=invoice, invoice__kind=InvoiceKind.CORRECTED)
    ordered_again = Q(invoice__order=order, invoice__order__isnull=False)
    replacement = Q(invoice__replaces=invoice)
    found = same | correction | replacement | ordered_again
    return _submissions().filter(found, status__in=THERE, created_at__gt=after)


def _chorus_status() -> Case:
    there = Q(status__in=THERE)
    names = OuterRef("invoice"), OuterRef("invoice__order"), OuterRef("created_at")
    sent_again, corrected = Exists(_predecessors(*names)), Exists(_successors(*names))
    recycled = Exists(
        Transmission.objects.filter(
            invoice=OuterRef("invoice"), account=OuterRef("account"), kind=TransmissionKind.RECYCLE, status__in=THERE
        )
    )
    by_code: dict[str, list[str]] = {}
    for code, status in STATUS_OF.items():
        by_code.setdefault(status, []).append(code)
    return Case(
        When(REJECTED_ROWS & corrected, then=Value(RESUBMITTED)),
        When(REJECTED_ROWS, then=Value(REJECTED)),
        When(invoice__status=InvoiceStatus.PAID, then=Value(PAID)),
        When(invoice__status=InvoiceStatus.CREDITED, invoice__amount_paid__gt=0, then=Value(PAID)),
        When(status__in=WAITING, then=Value(WAITS)),
        When(status__in=STOPPED_HERE, then=Value(GIVEN_UP)),
        When(~Q(unknown_status=""), then=Value(UNKNOWN)),
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
    """Every status the platform declared, oldest first, from the queue on.

    A rejection and what was submitted in its place stand in the history of both: REJETEE, then RECYCLEE.
    """
    # Chorus Pro dates to the minute: its status of the deposit may be dated before the deposit
    own = [Passage(WAITS, row.created_at), *sorted(_passages(row), key=lambda passage: passage.at)]
    return [*_rejected_before(row), *own, *_submitted_after(row)]


def rejection_of(row: Transmission) -> str:
    """Why a rejected submission was, in the words of Chorus Pro or of the public body; '' without."""
    event = LifecycleEvent.objects.filter(transmission=row, code__in=REFUSALS).order_by("occurred_at").last()
    is_rejected = row.status == TransmissionStatus.REJECTED or row.lifecycle_code in REFUSALS
    return (event.reason if event else "") or (row.last_error if is_rejected else "")


def _rejected_before(row: Transmission) -> list[Passage]:
    found = _predecessors(row.invoice_id, row.invoice.order_id, row.created_at).select_related("invoice")
    former = found.order_by("-created_at").first()
    if former is None:
        return []
    return [Passage(REJECTED, _rejected_at(former), rejection_of(former)), _resubmitted(former, row)]


def _submitted_after(row: Transmission) -> list[Passage]:
    if row.status != TransmissionStatus.REJECTED and row.lifecycle_code not in REFUSALS:
        return []
    found = _successors(row.invoice_id, row.invoice.order_id, row.created_at).select_related("invoice")
    successor = found.order_by("created_at").first()
    return [] if successor is None else [_resubmitted(row, successor)]


def _resubmitted(former: Transmission, latter: Transmission) -> Passage:
    """With both numbers, where the correction is another invoice."""
    numbers = [str(former.invoice.number), str(latter.invoice.number)]
    return Passage(
        RESUBMITTED, latter.created_at, " → ".join(numbers) if former.invoice_id != latter.invoice_id else ""
    )


def _rejected_at(row: Transmission) -> datetime:
    event = LifecycleEvent.objects.filter(transmission=row, code__in=REFUSALS).order_by("occurred_at").last()
    return event.occurred_at if event else row.deposited_at or row.created_at


def _passages(row: Transmission) -> Iterator[Passage]:
    received = LifecycleEvent.objects.filter(transmission=row).exclude(document=None)
    events = list(received.order_by("occurred_at", "code"))
    if row.deposited_at and not any(event.code == "200" for event in events):
        yield Passage(DEPOSITED, row.deposited_at)
    for event in events:
        yield Passage(STATUS_OF.get(event.code, UNKNOWN), event.occurred_at, event.reason)
    if row.unknown_status and not any(event.code not in STATUS_OF for event in events):
        yield Passage(UNKNOWN, row.watched_at or row.deposited_at or row.created_at, row.unknown_status)
    if row.status == TransmissionStatus.REJECTED and not any(event.code in REFUSALS for event in events):
        yield Passage(REJECTED, _rejected_at(row), row.last_error)
    answers = Transmission.objects.filter(
        invoice=row.invoice, account=row.account, kind=TransmissionKind.RECYCLE, status__in=THERE
    )
    for answer in answers:
        yield Passage(RESUBMITTED, answer.deposited_at or answer.created_at)
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
    """The submitted invoices that the criteria select, each once."""
    found = invoices_submitted().filter(invoice__seller__siret=by.supplier_siret)
    criteria = {
        "invoice__buyer__siret": by.recipient_siret,
        "invoice__number": by.number,
        "chorus_status": by.status,
        "invoice__issue_date__gte": by.first,
        "invoice__issue_date__lte": by.last,
    }
    return found.filter(**{column: value for column, value in criteria.items() if value})


_SIGNED = Case(
    When(invoice__kind=InvoiceKind.CREDIT_NOTE, then=-F("invoice__total_gross")), default=F("invoice__total_gross")
)
_FIGURES: Mapping[str, Aggregate] = {"count": Count("pk"), "amount": Sum(_SIGNED, default=ZERO)}


def statistics(by: Narrowing) -> dict[str, Any]:
    """Counts and gross amounts by status, and the mean delay from issue to payment in days. Three queries.

    Each invoice counts once; a credit note counts less its amount. What was paid before the issue was paid at once.
    """
    rows = narrowed(by).order_by()
    by_status = {row["chorus_status"]: row for row in rows.values("chorus_status").annotate(**_FIGURES)}
    total = sum(row["count"] for row in by_status.values())
    whole = sum((row["amount"] for row in by_status.values()), ZERO)
    none = {"count": 0, "amount": ZERO}
    paid, rejected = by_status.get(PAID, none), by_status.get(REJECTED, none)
    pending = awaited(rows).aggregate(**_FIGURES)
    issued = F("invoice__issue_date")
    paid_rows = rows.filter(chorus_status=PAID).exclude(paid_on=None)
    delay = paid_rows.aggregate(mean=Avg(Greatest(F("paid_on"), issued) - issued))["mean"]
    return {
        "total_invoices": total,
        "total_amount": whole,
        "paid_invoices": paid["count"],
        "paid_amount": paid["amount"],
        "rejected_invoices": rejected["count"],
        "rejected_amount": rejected["amount"],
        "pending_invoices": pending["count"],
        "pending_amount": pending["amount"],
        "rejection_rate": round(100 * rejected["count"] / total, 1) if total else 0.0,
        "average_payment_days": round(delay.total_seconds() / 86_400, 1) if delay is not None else None,
        "by_status": [
            {"status": status, "count": by_status[status]["count"], "amount": by_status[status]["amount"]}
            for status in STATUSES
            if status in by_status
        ],
    }
