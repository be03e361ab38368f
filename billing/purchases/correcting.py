"""What credit notes and corrected invoices (BG-3) name, in whatever order the documents come.

A platform may bring the correction before what it corrects, and a person may be the first to read the number it names.
"""

from __future__ import annotations

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.models import ENDED, IN_BOOKS, PurchaseStatus
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


def adopt_corrections(purchase: PurchaseInvoice) -> None:
    """Tell what waits for a new purchase, and came before it, what it corrects. What is booked is frozen."""
    if purchase.is_credit_note:
        return
    rows = PurchaseInvoice.everywhere.filter(
        supplier=purchase.supplier, corrects_number=purchase.number, corrects=None, kind__in=CORRECTING
    )
    waiting = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED)
    rows.filter(status__in=waiting).exclude(pk=purchase.pk).update(corrects=purchase)


def is_replaced(*, supplier: Customer, number: str) -> bool:
    """Whether a corrected invoice in the books names this number without its original: both would be owed."""
    rows = PurchaseInvoice.everywhere.filter(supplier=supplier, kind=InvoiceKind.CORRECTED, status__in=IN_BOOKS)
    return bool(rows.filter(corrects_number=number.strip(), corrects=None).exists())
