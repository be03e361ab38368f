"""The API's words for what an invoice is and where it stands, derived on the day one asks; and the rows they select."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from billing.models.invoices import InvoiceQuerySet

DRAFT, SENT, PAID, OVERDUE, CANCELLED = STATUSES = ("draft", "sent", "paid", "overdue", "cancelled")
UNPAID, PARTIALLY_PAID = "unpaid", "partially_paid"
PAYMENT_STATUSES = (UNPAID, PARTIALLY_PAID, PAID)

KINDS = {
    "invoice": InvoiceKind.INVOICE,
    "deposit": InvoiceKind.DEPOSIT,
    "corrected": InvoiceKind.CORRECTED,
    "credit_note": InvoiceKind.CREDIT_NOTE,
}
KIND_WORDS = tuple(KINDS)
NEW_KINDS = ("invoice", "deposit")
NEW_STATUSES = (DRAFT, SENT)
_WORD_OF_KIND = {kind: word for word, kind in KINDS.items()}
_STATUS_WORDS = {InvoiceStatus.DRAFT: DRAFT, InvoiceStatus.PAID: PAID, InvoiceStatus.CREDITED: CANCELLED}
# every other method is its own name in lower case
_METHOD_WORDS = {"DEBIT": "direct_debit"}
METHODS = ("card", "transfer", "check", "cash", "direct_debit")


def kind_word(invoice: Invoice) -> str:
    return _WORD_OF_KIND[InvoiceKind(invoice.kind)]


def method_word(method: str) -> str:
    return _METHOD_WORDS.get(method, method.lower())


def status_word(invoice: Invoice, on: date) -> str:
    """One of STATUSES: an issued invoice is sent, and overdue from the day after it was due."""
    settled = _STATUS_WORDS.get(InvoiceStatus(invoice.status))
    return settled or (OVERDUE if invoice.is_overdue(on) else SENT)


def payment_word(invoice: Invoice) -> str | None:
    """One of PAYMENT_STATUSES; None where no money is expected: on a credit note, and once cancelled."""
    if invoice.is_credit_note or invoice.status == InvoiceStatus.CREDITED:
        return None
    if invoice.status == InvoiceStatus.PAID:
        return PAID
    return PARTIALLY_PAID if invoice.amount_paid else UNPAID


def is_overdue(on: date) -> Q:
    return Q(status=InvoiceStatus.ISSUED, due_date__lt=on) & ~Q(kind=InvoiceKind.CREDIT_NOTE)


def has_status(word: str, on: date) -> Q:
    """The rows that `status_word` calls so."""
    if word == OVERDUE:
        return is_overdue(on)
    if word == SENT:
        return Q(status=InvoiceStatus.ISSUED) & ~is_overdue(on)
    return Q(status={word: status for status, word in _STATUS_WORDS.items()}[word])


def with_payment_status(rows: InvoiceQuerySet, word: str) -> InvoiceQuerySet:
    """The rows that `payment_word` calls so."""
    if word == PAID:
        return rows.filter(status=InvoiceStatus.PAID).exclude(kind=InvoiceKind.CREDIT_NOTE)
    if word == PARTIALLY_PAID:
        return rows.partially_paid()
    waiting = rows.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.ISSUED], amount_paid=0)
    return waiting.exclude(kind=InvoiceKind.CREDIT_NOTE)
