"""What is owed to suppliers, as SQL sums: booked invoices, less the credit notes that wait to be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce

from billing.models import InvoiceKind
from billing.purchases.models import PurchaseInvoice, SupplierIban
from billing.purchases.models.invoices import SETTLED
from customers.models import Customer, CustomerQuerySet

CURRENCY = "EUR"
ZERO = Decimal("0.00")
_REST = F("total_gross") - SETTLED
OWED = Sum(Case(When(kind=InvoiceKind.CREDIT_NOTE, then=-_REST), default=_REST), default=ZERO)


def suppliers_with_owed() -> CustomerQuerySet:
    """The suppliers in scope, each with `owed` (in euros) and `new_ibans` (whether an account waits for a person)."""
    mine = PurchaseInvoice.objects.owed().filter(supplier=OuterRef("pk"), currency=CURRENCY).order_by()
    sums = mine.values("supplier").annotate(sum=OWED).values("sum")
    unconfirmed = SupplierIban.objects.filter(supplier=OuterRef("pk"), confirmed_at=None, rejected_at=None)
    rows: CustomerQuerySet = Customer.objects.suppliers().annotate(
        owed=Coalesce(Subquery(sums), ZERO), new_ibans=Exists(unconfirmed)
    )
    return rows


def account_of(supplier: Customer, *, on: Any) -> Sequence[Mapping[str, Any]]:
    """What is owed to one supplier, a row per currency: `owed`, `rows`, and what of it is `late`. One query."""
    late = Q(due_date__lt=on) & ~Q(kind=InvoiceKind.CREDIT_NOTE)
    rows = PurchaseInvoice.objects.owed().filter(supplier=supplier).order_by().values("currency")
    return list(
        rows.annotate(
            owed=OWED,
            rows=Count("pk"),
            late=Sum(_REST, filter=late, default=ZERO),
            late_rows=Count("pk", filter=late),
            credit=Sum(_REST, filter=Q(kind=InvoiceKind.CREDIT_NOTE), default=ZERO),
        ).order_by("currency")
    )
