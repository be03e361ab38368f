"""The figures of all invoices at once, by SQL: one query."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.api.invoices.filters import billed_rows
from billing.models import BALANCE, InvoiceStatus, in_books
from config.kernel.api.documented import documented
from config.kernel.api.examples import received
from config.kernel.api.fields import Money
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call

EXAMPLE = {
    "draft_count": 5, "sent_count": 12, "paid_count": 45, "overdue_count": 3, "cancelled_count": 2,
    "total_paid": Decimal("125000.00"), "total_pending": Decimal("34500.00"), "total_overdue": Decimal("8900.00"),
}  # fmt: skip


class InvoiceStatsShape(serializers.Serializer):
    draft_count = serializers.IntegerField()
    sent_count = serializers.IntegerField(help_text="Waiting for money and not overdue.")
    paid_count = serializers.IntegerField()
    overdue_count = serializers.IntegerField()
    cancelled_count = serializers.IntegerField()
    total_paid = Money(help_text="Received on invoices, part payments included.")
    total_pending = Money(help_text="Still due on issued invoices, overdue ones included.")
    total_overdue = Money(help_text="The part of it that is overdue.")


def figures(on: date) -> dict[str, Any]:
    zero = Decimal("0.00")
    counts = {
        f"{status}_count": Count("pk", filter=vocabulary.has_status(status, on)) for status in vocabulary.STATUSES
    }
    return billed_rows().aggregate(
        **counts,
        total_paid=Sum(in_books(F("amount_paid")), default=zero),
        total_pending=Sum(in_books(BALANCE), filter=Q(status=InvoiceStatus.ISSUED), default=zero),
        total_overdue=Sum(in_books(BALANCE), filter=vocabulary.is_overdue(on), default=zero),
    )


class InvoiceStats(ApiView):
    area = "invoices"

    @operation(answer=InvoiceStatsShape)
    @documented(id="invoice_stats", examples=[received(EXAMPLE)])
    def get(self, request: Call) -> dict[str, Any]:
        """Counts and totals of all invoices.

        Credit notes are not counted: what they take off is no longer pending. Amounts are told in the currency of the
        books, each at the rate that its invoice froze.
        """
        return figures(timezone.localdate(request.at))
