"""What the API calls the kind and the state of an invoice, derived on the day of the call, and the rows of each."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from billing.models import Invoice, InvoiceKind, InvoiceQuerySet, InvoiceStatus

DRAFT, SENT, PAID, OVERDUE, CANCELLED = STATUSES = ("draft", "sent", "paid", "overdue", "cancelled")
UNPAID, PARTIALLY_PAID = "unpaid", "partially_paid"
PAYMENT_STATUSES = (UNPAID, PARTIALLY_PAID, PAID)

KINDS = {
    "invoice": InvoiceKind.INVOICE,
    "deposit": InvoiceKind.DEPOSIT,
    "corrected": InvoiceKind.CORRECTED,
    "credit_note": InvoiceKind.CREDIT_NOTE,
}
KIND_NAMES = tuple(KINDS)
NEW_KINDS = ("invoice", "deposit")
NEW_STATUSES = (DRAFT, SENT)
_NAME_OF_KIND = {kind: name for name, kind in KINDS.items()}
_STATUS_NAMES = {InvoiceStatus.DRAFT: DRAFT, InvoiceStatus.PAID: PAID, InvoiceStatus.CREDITED: CANCELLED}
# every other method is its own name in lower case
_METHOD_NAMES = {"DEBIT": "direct_debit"}
METHODS = ("card", "transfer", "check", "cash", "direct_debit")


def kind_name(invoice: Invoice) -> str:
    return _NAME_OF_KIND[InvoiceKind(invoice.kind)]


def method_name(method: str) -> str:
    return _METHOD_NAMES.get(method, method.lower())


def status_name(invoice: Invoice, on: date) -> str:
    """One of STATUSES: an issued invoice is sent, and overdue from the day after it was due."""
    settled = _STATUS_NAMES.get(InvoiceStatus(invoice.status))
    return settled or (OVERDUE if invoice.is_overdue(on) else SENT)


def payment_status_name(invoice: Invoice) -> str | None:
    """One of PAYMENT_STATUSES; None where no money is expected: on a credit note, and once cancelled."""
    if invoice.is_credit_note or invoice.status == InvoiceStatus.CREDITED:
        return None
    if invoice.status == InvoiceStatus.PAID:
        return PAID
    return PARTIALLY_PAID if invoice.amount_paid else UNPAID


def is_overdue(on: date) -> Q:
    return Q(status=InvoiceStatus.ISSUED, due_date__lt=on) & ~Q(kind=InvoiceKind.CREDIT_NOTE)


def has_status(status: str, on: date) -> Q:
    """The rows that `status_name` calls so."""
    if status == OVERDUE:
        return is_overdue(on)
    if status == SENT:
        return Q(status=InvoiceStatus.ISSUED) & ~is_overdue(on)
    return Q(status={name: stored for stored, name in _STATUS_NAMES.items()}[status])


def with_payment_status(rows: InvoiceQuerySet, status: str) -> InvoiceQuerySet:
    """The rows that `payment_status_name` calls so."""
    if status == PAID:
        return rows.filter(status=InvoiceStatus.PAID).exclude(kind=InvoiceKind.CREDIT_NOTE)
    if status == PARTIALLY_PAID:
        return rows.partially_paid()
    waiting = rows.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.ISSUED], amount_paid=0)
    return waiting.exclude(kind=InvoiceKind.CREDIT_NOTE)
