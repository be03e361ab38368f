"""Credit notes on invoices that may already be paid: what was paid first becomes the customer's credit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.models import Invoice
from billing.services.invoices import draft_credit_note
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from billing.services.settling import CreditTooLarge, lock_invoice
from config.kernel.actor import Actor
from config.kernel.money import ZERO
from payments.models import Allocation, Payment
from payments.services.payments import release_allocation


@transaction.atomic
def credit_invoice(
    *, invoice: Invoice, lines: Sequence[LineInput] | None, reason: str, actor: Actor, at: datetime
) -> Invoice:
    """Draft and issue a credit note for the whole invoice (`lines` None) or for part of it.

    Money already received beyond what remains due is released to the customer's credit first.
    Raises CreditTooLarge, and whatever issuing refuses.
    """
    note = draft_credit_note(invoice=invoice, lines=lines, reason=reason, actor=actor, at=at)
    return issue_credit_note(invoice=note, actor=actor, at=at)


@transaction.atomic
def issue_credit_note(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Issue a drafted credit note, releasing payments of the invoice it corrects as far as needed."""
    note = invoice
    if note.corrects is None:
        raise ValueError("a credit note corrects an invoice")
    invoice = lock_invoice(note.corrects)
    room = invoice.total_gross - invoice.amount_credited
    if note.total_gross > room:
        raise CreditTooLarge(number=invoice.number, amount=note.total_gross, room=room)
    missing = note.total_gross - invoice.balance
    standing: dict[int, list[Allocation]] = {}
    for allocation in Allocation.everywhere.filter(invoice=invoice).order_by("-at", "-id"):
        standing.setdefault(allocation.payment_id, []).append(allocation)
    for payment_id, allocations in standing.items():
        held = sum((allocation.amount for allocation in allocations), ZERO)
        share = min(held, missing)
        if share > 0:
            release_allocation(
                payment=Payment.everywhere.select_related("customer").get(pk=payment_id),
                invoice=invoice,
                amount=share,
                reason="Avoir",
                actor=actor,
                at=at,
            )
            missing -= share
    return issue_invoice(invoice=note, actor=actor, at=at)
