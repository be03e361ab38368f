"""What the invoices in hand add up to: drafts, what is due, what is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min, Q, Sum

from billing.models import BALANCE, Invoice, InvoiceKind, InvoiceStatus

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class InvoiceSums:
    """Counts, totals with VAT, and the key of the only one where there is one."""

    drafts: int
    draft_total: Decimal
    only_draft: int | None
    due: int
    due_total: Decimal
    late: int
    late_total: Decimal
    only_late: int | None
    oldest: date | None


def invoice_sums(today: date) -> InvoiceSums:
    """Of the company in scope, in one query."""
    draft = Q(status=InvoiceStatus.DRAFT)
    due = Q(status=InvoiceStatus.ISSUED) & ~Q(kind=InvoiceKind.CREDIT_NOTE)
    late = due & Q(due_date__lt=today)
    row = Invoice.objects.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.ISSUED]).aggregate(
        drafts=Count("pk", filter=draft),
        draft_total=Sum("total_gross", filter=draft, default=ZERO),
        only_draft=Min("pk", filter=draft),
        due=Count("pk", filter=due),
        due_total=Sum(BALANCE, filter=due, default=ZERO),
        late=Count("pk", filter=late),
        late_total=Sum(BALANCE, filter=late, default=ZERO),
        only_late=Min("pk", filter=late),
        oldest=Min("due_date", filter=late),
    )
    return InvoiceSums(**row)
