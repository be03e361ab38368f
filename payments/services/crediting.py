"""Credit notes and corrected invoices for what may already be settled: what was paid first becomes customer credit, and
where that does not suffice what was written off is taken back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.models import Invoice, InvoiceLine
from billing.services.crediting import reprice_note
from billing.services.deducting import lock_for_issue
from billing.services.issuing import issue_invoice
from billing.services.settling import check_correctable, lock_invoice
from config.kernel.actor import Actor
from config.kernel.money import ZERO
from payments.models import Allocation, Payment
from payments.services.allocations import allocate_payment, lock_payment, release_allocation
from payments.services.write_offs import live_write_offs, take_back_write_off


@transaction.atomic
def issue_credit_note(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Issue a drafted credit note, releasing payments of the invoice it corrects as far as needed."""
    note = invoice
    if note.corrects is None:
        raise ValueError("a credit note corrects an invoice")
    invoice = lock_invoice(note.corrects)
    # first: what must be released follows from the note as it is issued, not as it was drafted
    reprice_note(note, list(InvoiceLine.everywhere.filter(invoice=note).order_by("position")))
    # paid + credited ≤ total is a constraint: the credit has room only once the payments have left it
    missing = note.payable - invoice.balance
    if missing > invoice.amount_paid:
        missing -= _take_back_write_offs(invoice, reason="Avoir", actor=actor, at=at)
    _release(invoice, missing, reason="Avoir", actor=actor, at=at)
    return issue_invoice(invoice=note, actor=actor, at=at)


@transaction.atomic
def issue_correction(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Issue a drafted corrected invoice (384) in the place of the one it corrects.

    What was received on the original is released to the customer's credit, and put at once on the corrected invoice as
    far as that one asks for it; the rest stays the customer's credit. Raises NotCorrectable, and what issuing refuses.
    """
    if invoice.corrects is None:
        raise ValueError("a corrected invoice corrects an invoice")
    # what issuing will lock, locked before the original: its deposits come in the order of the keys with it
    lock_for_issue(invoice)
    original = lock_invoice(invoice.corrects)
    check_correctable(original)
    _take_back_write_offs(original, reason="Facture rectificative", actor=actor, at=at)
    held = _release(original, original.amount_paid, reason="Facture rectificative", actor=actor, at=at)
    issued = issue_invoice(invoice=invoice, actor=actor, at=at)
    for payment, amount in held:
        part = min(amount, issued.balance)
        if part > 0 and payment.customer_id == issued.customer_id and payment.currency == issued.currency:
            allocate_payment(payment=payment, invoice=issued, amount=part, actor=actor, at=at)
            issued.refresh_from_db()
    return issued


def _take_back_write_offs(invoice: Invoice, *, reason: str, actor: Actor, at: datetime) -> Decimal:
    """Undo all that is written off the locked invoice; how much that was."""
    taken_back = invoice.amount_written_off
    if taken_back:
        _lock_payments_of(invoice)
    for row in live_write_offs(invoice):
        take_back_write_off(write_off=row, reason=reason, actor=actor, at=at)
    return taken_back


def _lock_payments_of(invoice: Invoice) -> None:
    """What is released next, before any number is taken: that of an entry of VAT is one."""
    for payment in Payment.everywhere.filter(allocations__invoice=invoice).distinct().order_by("pk"):
        lock_payment(payment)


def _release(
    invoice: Invoice, missing: Decimal, *, reason: str, actor: Actor, at: datetime
) -> list[tuple[Payment, Decimal]]:
    """Free `missing` of what payments hold on the locked invoice, the latest first; what each gave back."""
    if missing > 0:
        _lock_payments_of(invoice)
    freed = []
    standing: dict[int, list[Allocation]] = {}
    for allocation in Allocation.everywhere.filter(invoice=invoice).order_by("-at", "-id"):
        standing.setdefault(allocation.payment_id, []).append(allocation)
    for payment_id, allocations in standing.items():
        held = sum((allocation.amount for allocation in allocations), ZERO)
        share = min(held, missing)
        if share > 0:
            payment = Payment.everywhere.select_related("customer").get(pk=payment_id)
            release_allocation(payment=payment, invoice=invoice, amount=share, reason=reason, actor=actor, at=at)
            freed.append((payment, share))
            missing -= share
    return freed
