"""Which documents settle one another: by allocations, credits, refunds, write-offs, deposits.

A tie counts while the amounts between its two documents do not add up to nothing. Each kind is read by its keys, for
the documents asked about alone, however many a customer has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from billing.models import (
    DepositDeduction,
    Invoice,
    InvoiceKind,
    ManualEntry,
    PurchaseCredit,
    PurchaseDeposit,
    PurchaseInvoice,
)
from payments.models import Allocation, Payment, Refund, RefundShare, SupplierPayment, SupplierShare, WriteOff

MOST = 20_000  # documents of one family that are followed; what is tied to more is left to people

INVOICE, PAYMENT, REFUND = (model._meta.label_lower for model in (Invoice, Payment, Refund))
PURCHASE, SUPPLIER_PAYMENT = (model._meta.label_lower for model in (PurchaseInvoice, SupplierPayment))
ALLOCATION = Allocation._meta.label_lower
WRITE_OFF, MANUAL = WriteOff._meta.label_lower, ManualEntry._meta.label_lower


@dataclass(frozen=True, slots=True)
class Tie:
    """Rows that tie a document of kind `left`, by its column, to one of kind `right`."""

    rows: Callable[[], QuerySet[Any]]
    left: tuple[str, str]  # kind, column
    right: tuple[str, str]
    amount: str = ""  # its column, where rows take back others

    def among(self, documents: dict[str, set[int]]) -> Iterator[tuple[str, str]]:
        """The ties of these documents, as pairs of them and others."""
        (left, left_column), (right, right_column) = self.left, self.right
        asked = Q()
        if documents.get(left):
            asked |= Q(**{f"{left_column}__in": documents[left]})
        if documents.get(right):
            asked |= Q(**{f"{right_column}__in": documents[right]})
        if not asked:
            return
        pairs = self.rows().filter(asked).order_by().values_list(left_column, right_column)
        if self.amount:
            pairs = pairs.annotate(held=Sum(self.amount)).exclude(held=0)
        for row in pairs:
            if row[0] and row[1]:
                yield f"{left}:{row[0]}", f"{right}:{row[1]}"


def _credit_notes() -> QuerySet[Any]:
    return Invoice.everywhere.filter(kind=InvoiceKind.CREDIT_NOTE, corrects__isnull=False).exclude(number=None)


def _exchanged() -> QuerySet[Any]:
    """Of invoices in another currency: what exchange gained or lost with each share is booked of the share."""
    return Allocation.everywhere.exclude(invoice__currency=F("invoice__accounting_currency"))


# what settles 411, 401 and 404
SETTLING: tuple[Tie, ...] = (
    Tie(lambda: Allocation.everywhere.all(), (PAYMENT, "payment_id"), (INVOICE, "invoice_id"), "amount"),
    Tie(_exchanged, (ALLOCATION, "id"), (INVOICE, "invoice_id")),
    Tie(lambda: RefundShare.everywhere.all(), (REFUND, "refund_id"), (PAYMENT, "payment_id"), "amount"),
    Tie(lambda: WriteOff.everywhere.all(), (WRITE_OFF, "id"), (INVOICE, "invoice_id")),
    Tie(lambda: WriteOff.everywhere.all(), (WRITE_OFF, "id"), (PAYMENT, "payment_id")),
    Tie(_credit_notes, (INVOICE, "id"), (INVOICE, "corrects_id")),
    Tie(lambda: Payment.everywhere.all(), (PAYMENT, "id"), (PAYMENT, "reverses_id")),
    Tie(lambda: SupplierShare.everywhere.all(), (SUPPLIER_PAYMENT, "payment_id"), (PURCHASE, "purchase_id"), "amount"),
    Tie(lambda: SupplierPayment.everywhere.all(), (SUPPLIER_PAYMENT, "id"), (SUPPLIER_PAYMENT, "returns_id")),
    Tie(lambda: PurchaseCredit.everywhere.all(), (PURCHASE, "credit_note_id"), (PURCHASE, "purchase_id"), "amount"),
    Tie(lambda: ManualEntry.everywhere.all(), (MANUAL, "id"), (MANUAL, "reverses_id")),
)
# what takes deposits off 4191 and 4091
DEDUCTING: tuple[Tie, ...] = (
    Tie(lambda: DepositDeduction.everywhere.all(), (INVOICE, "invoice_id"), (INVOICE, "deposit_id")),
    Tie(_credit_notes, (INVOICE, "id"), (INVOICE, "corrects_id")),
    Tie(lambda: PurchaseDeposit.everywhere.all(), (PURCHASE, "purchase_id"), (PURCHASE, "deposit_id")),
    Tie(lambda: ManualEntry.everywhere.all(), (MANUAL, "id"), (MANUAL, "reverses_id")),
)


@dataclass
class Families:
    """Documents joined by their ties, each family under one of them."""

    heads: dict[str, str] = field(default_factory=dict)

    def head(self, document: str) -> str:
        head = document
        while self.heads.setdefault(head, head) != head:
            head = self.heads[head]
        while self.heads[document] != head:
            document, self.heads[document] = self.heads[document], head
        return head

    def join(self, left: str, right: str) -> None:
        self.heads[self.head(left)] = self.head(right)

    def all(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for document in list(self.heads):
            found.setdefault(self.head(document), []).append(document)
        return list(found.values())


def families_of(documents: Iterable[str], ties: Sequence[Tie]) -> list[list[str]]:
    """Every family that has one of the documents, whole; [] of the rest once more than MOST would be followed."""
    families, fresh = Families(), set(documents)
    for document in fresh:
        families.head(document)
    while fresh:
        if len(families.heads) > MOST:
            return []
        by_kind: dict[str, set[int]] = {}
        for document in fresh:
            kind, _colon, key = document.partition(":")
            by_kind.setdefault(kind, set()).add(int(key))
        fresh = set()
        for tie in ties:
            for left, right in tie.among(by_kind):
                fresh |= {document for document in (left, right) if document not in families.heads}
                families.join(left, right)
    return families.all()
