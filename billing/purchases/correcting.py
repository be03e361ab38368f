"""What credit notes and corrected invoices (BG-3) name, in whatever order the documents come.

A platform may bring the correction before what it corrects, and a person may be the first to read the number it names.
"""

from __future__ import annotations

from datetime import date

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.models import ENDED, IN_BOOKS, PurchaseQuerySet, PurchaseStatus
from customers.models import Customer

CORRECTING = (InvoiceKind.CREDIT_NOTE, InvoiceKind.CORRECTED)


def find_corrected(
    *, supplier: Customer, kind: str, number: str, but: PurchaseInvoice | None = None
) -> PurchaseInvoice | None:
    """The invoice of ours that a credit note or a corrected invoice names, the latest of its number; never `but`."""
    if not number.strip() or kind not in CORRECTING:
        return None
    rows = PurchaseInvoice.everywhere.filter(supplier=supplier, number=number.strip()).exclude(status__in=ENDED)
    rows = rows.exclude(kind=InvoiceKind.CREDIT_NOTE).order_by("-issue_date", "-pk")
    return rows.first() if but is None else rows.exclude(pk=but.pk).first()


def _named_before(*, supplier_id: int, number: str, issue_date: date) -> PurchaseQuerySet:
    """What names a number of the supplier, and came before it: no correction is older than its original."""
    rows: PurchaseQuerySet = PurchaseInvoice.everywhere.filter(
        supplier_id=supplier_id, corrects_number=number.strip(), corrects=None, kind__in=CORRECTING
    )
    return rows.filter(issue_date__gte=issue_date)


def adopt_corrections(purchase: PurchaseInvoice) -> None:
    """Tell what waits for a new purchase, and came before it, what it corrects. What is booked is frozen."""
    if purchase.is_credit_note:
        return
    rows = _named_before(
        supplier_id=purchase.supplier_id, number=purchase.number, issue_date=purchase.issue_date
    ).exclude(pk=purchase.pk)
    waiting = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED)
    rows.filter(status__in=waiting).update(corrects=purchase)


def earlier_credits(purchase: PurchaseInvoice) -> list[int]:
    """The keys of the credit notes that were booked before the invoice that they name, which is not yet."""
    if purchase.is_credit_note:
        return []
    rows = _named_before(
        supplier_id=purchase.supplier_id, number=purchase.number, issue_date=purchase.issue_date
    ).filter(kind=InvoiceKind.CREDIT_NOTE, status=PurchaseStatus.BOOKED, currency=purchase.currency)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def is_replaced(*, supplier: Customer, number: str, issue_date: date) -> bool:
    """Whether a corrected invoice in the books names this number without its original: both would be owed."""
    rows = _named_before(supplier_id=supplier.pk, number=number, issue_date=issue_date)
    return bool(rows.filter(kind=InvoiceKind.CORRECTED, status__in=IN_BOOKS).exists())
