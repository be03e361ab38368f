"""The rows the money resources show, loaded so that a list costs the same number of queries whatever its length."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, F, Func, OuterRef, Prefetch, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.shortcuts import get_object_or_404

from billing.models import Invoice
from config.kernel.models import AuditEvent
from payments.models import Allocation, Match, MatchPart, Payment

WRITTEN = ("payments.payment.recorded", "payments.payment.reversed")


def payments() -> QuerySet[Payment]:
    """Payments with their customer, what they pay, and who wrote them."""
    allocations = Allocation.objects.select_related("invoice").order_by("at", "invoice__due_date", "invoice_id")
    rows: QuerySet[Payment] = Payment.objects.select_related("customer", "reversal").prefetch_related(
        Prefetch("allocations", allocations)
    )
    live = MatchPart.objects.filter(payment=OuterRef("pk"), match__undone_at=None).order_by("id")
    line = Subquery(live.values("match__line_id")[:1])
    return rows.annotate(created_by_name=Subquery(_who_wrote()), bank_line_id=line)


def _who_wrote() -> QuerySet[Any]:
    """The actor of the payment's first event. Sorted by a computed key, so that the subjects' index is read."""
    name = Concat(Value(Payment.subject_of(0).rstrip("0")), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    subjects = Func(name, template="ARRAY[%(expressions)s]", output_field=ArrayField(CharField(max_length=60)))
    events = AuditEvent.objects.filter(subjects__contains=subjects, tag__in=WRITTEN)
    return events.order_by(F("id") + 0).values("actor_name")[:1]


def matches() -> QuerySet[Match]:
    """Matches with what they are made of."""
    parts = MatchPart.objects.select_related("payment", "refund").order_by("position")
    rows: QuerySet[Match] = Match.objects.select_related("line").prefetch_related(Prefetch("parts", parts))
    return rows


def payment_of(pk: int) -> Payment:
    """Raises Http404."""
    return get_object_or_404(payments(), pk=pk)


def invoice_of(pk: int) -> Invoice:
    """Raises Http404."""
    invoice: Invoice = get_object_or_404(Invoice.objects.select_related("customer"), pk=pk)
    return invoice


def paying(rows: QuerySet[Payment], invoice_id: int) -> QuerySet[Payment]:
    """Only the payments of which the invoice holds something."""
    sums = Allocation.objects.filter(invoice_id=invoice_id).values("payment_id").annotate(held=Sum("amount"))
    return rows.filter(pk__in=sums.filter(held__gt=0).values("payment_id"))


def narrowed(found: QuerySet[Payment], filters: dict[str, Any]) -> QuerySet[Payment]:
    """Those that the filters of a `PaymentFilter` or a `StatsQuery` leave."""
    columns = {
        "customer_id": "customer_id",
        "from_date": "paid_on__gte",
        "to_date": "paid_on__lte",
        "payment_method": "method",
        "currency": "currency",
    }
    found = found.filter(**{column: filters[name] for name, column in columns.items() if name in filters})
    return paying(found, filters["invoice_id"]) if "invoice_id" in filters else found
