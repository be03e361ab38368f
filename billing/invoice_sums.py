"""What the invoices in hand add up to: drafts, what is due, what is late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum

from billing.models import BALANCE, Invoice, InvoiceKind, InvoiceStatus, in_books

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class InvoiceSums:
    """Counts, totals with VAT, and the key of the only one where there is one.

    What is issued is told in the currency of the books, at its frozen rates; drafts have none: theirs stay apart.
    """

    currency: str  # of the books

    drafts: int
    draft_totals: Mapping[str, Decimal]  # by currency
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
    open_rows = Invoice.objects.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.ISSUED]).order_by()
    rows: Any = open_rows.values("currency").annotate(
        books=Min("accounting_currency", filter=due),
        drafts=Count("pk", filter=draft),
        draft_total=Sum("total_gross", filter=draft, default=ZERO),
        only_draft=Min("pk", filter=draft),
        due=Count("pk", filter=due),
        due_total=Sum(in_books(BALANCE), filter=due, default=ZERO),
        late=Count("pk", filter=late),
        late_total=Sum(in_books(BALANCE), filter=late, default=ZERO),
        only_late=Min("pk", filter=late),
        oldest=Min("due_date", filter=late),
    )
    return _together(sorted(rows, key=lambda row: row["currency"]))


def _together(rows: Sequence[Mapping[str, Any]]) -> InvoiceSums:
    """Of all currencies: counts and what is told in the books add up, drafts do not."""

    def least(name: str) -> Any:
        return min((row[name] for row in rows if row[name] is not None), default=None)

    def total(name: str) -> Decimal:
        return sum((row[name] for row in rows), ZERO)

    return InvoiceSums(
        currency=least("books") or "EUR",
        drafts=sum(row["drafts"] for row in rows),
        draft_totals={row["currency"]: row["draft_total"] for row in rows if row["drafts"]},
        only_draft=least("only_draft"),
        due=sum(row["due"] for row in rows),
        due_total=total("due_total"),
        late=sum(row["late"] for row in rows),
        late_total=total("late_total"),
        only_late=least("only_late"),
        oldest=least("oldest"),
    )
