"""Counting money and credit on an issued invoice: the amounts, and the status that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.deducting import check_not_deducted, set_free
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from config.kernel.rows import update_each
from config.kernel.typography import money


class OverAllocated(DomainError):
    code = "over_allocated"
    message = "Il reste %(balance)s à payer sur %(number)s : %(amount)s ne peuvent pas y être affectés."


class NothingOutstanding(DomainError):
    code = "nothing_outstanding"
    message = "%(number)s n’attend pas de paiement."


class CreditTooLarge(DomainError):
    code = "credit_too_large"
    message = "L’avoir de %(amount)s dépasse ce qui peut encore être crédité sur %(number)s : %(room)s."


class NothingToCredit(DomainError):
    code = "nothing_to_credit"
    message = "%(number)s ne se corrige pas par un avoir : seule une facture émise le peut."


class NotCorrectable(DomainError):
    code = "not_correctable"
    message = "%(number)s ne se rectifie pas : seule une facture émise, sans avoir et qui n’est pas un acompte le peut."


class HoldsPayments(DomainError):
    code = "holds_payments"
    message = "Des encaissements sont affectés à %(number)s : ils doivent d’abord revenir au crédit du client."


class HoldsWriteOffs(DomainError):
    code = "holds_write_offs"
    message = "Une partie de %(number)s est soldée sans paiement : annulez d’abord cette différence."


def check_creditable(invoice: Invoice) -> None:
    """Raises NothingToCredit for a draft and for a credit note, DepositDeducted for a deposit that is deducted."""
    if invoice.is_draft or invoice.is_credit_note:
        raise NothingToCredit(number=str(invoice))
    check_not_deducted(invoice)


def check_correctable(invoice: Invoice) -> None:
    """Raises NotCorrectable."""
    if not invoice.can_be_corrected:
        raise NotCorrectable(number=str(invoice))


def lock_invoice(invoice: Invoice) -> Invoice:
    """The invoice read again with its customer, its row locked until the transaction ends."""
    locked: Invoice = (
        Invoice.everywhere.select_for_update(no_key=True, of=("self",)).select_related("customer").get(pk=invoice.pk)
    )
    return locked


def lock_each(keys: Collection[int]) -> dict[int, Invoice]:
    """The invoices by their keys, read with their customers and locked in the order of these, in one statement."""
    rows = Invoice.everywhere.filter(pk__in=keys).select_related("customer").order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))} if keys else {}


def count_payments(paid: Sequence[tuple[Invoice, Decimal]], *, actor: Actor, at: datetime) -> None:
    """Add amounts (negative ones take back) to what was paid of locked invoices, each once, in as many statements as
    for one. Payments calls it with its allocations.

    Raises NothingOutstanding, OverAllocated. Paid in full moves to PAID; a taken-back payment moves back to ISSUED.
    """
    moves: dict[InvoiceStatus, list[states.Move]] = {InvoiceStatus.PAID: [], InvoiceStatus.ISSUED: []}
    parts = []
    for invoice, amount in paid:
        check_outstanding(invoice, amount)
        columns = {"amount_paid": invoice.amount_paid + amount}
        # out of PAID and into it with the amount: the constraint "settled means nothing remains" always holds
        if amount < 0 and invoice.status == InvoiceStatus.PAID:
            moves[InvoiceStatus.ISSUED].append(_counted(invoice, **columns))
        elif invoice.status == InvoiceStatus.ISSUED and amount == invoice.balance:
            moves[InvoiceStatus.PAID].append(_counted(invoice, **columns))
        else:
            parts.append((invoice, columns))
    for to, moving in moves.items():
        if moving:
            states.move_all(moving, to, tag=_TAGS[to], actor=actor, at=at)
    if not parts:
        return
    # they are locked: one that is not written as it was read is a defect
    rows, changes = zip(*parts, strict=True)
    if update_each(rows, changes, expecting="amount_paid") != len(rows):
        raise Stale
    for invoice, columns in parts:
        invoice.amount_paid = columns["amount_paid"]


def count_write_off(*, locked: Invoice, amount: Decimal, actor: Actor, at: datetime) -> None:
    """Add `amount` (negative takes back) to what is written off a locked invoice, as `count_payments` does for money.

    Raises NothingOutstanding, OverAllocated.
    """
    check_outstanding(locked, amount)
    written_off = locked.amount_written_off + amount
    if amount < 0 and locked.status == InvoiceStatus.PAID:
        _move(locked, InvoiceStatus.ISSUED, actor=actor, at=at, amount_written_off=written_off)
    elif locked.status == InvoiceStatus.ISSUED and amount == locked.balance:
        _move(locked, InvoiceStatus.PAID, actor=actor, at=at, amount_written_off=written_off)
    else:
        Invoice.everywhere.filter(pk=locked.pk).update(amount_written_off=written_off)
        locked.amount_written_off = written_off


def check_outstanding(locked: Invoice, amount: Decimal) -> None:
    """Raises NothingOutstanding, OverAllocated where `amount` cannot be counted on the invoice."""
    if locked.is_draft or locked.is_credit_note:
        raise NothingOutstanding(number=str(locked))
    if amount > 0 and amount > locked.balance:
        if not locked.balance:
            raise NothingOutstanding(number=locked.number)
        balance, wanted = (money(value, locked.currency) for value in (locked.balance, amount))
        raise OverAllocated(number=locked.number, balance=balance, amount=wanted)


@transaction.atomic
def count_credit(
    *, invoice: Invoice | None, amount: Decimal, actor: Actor, at: datetime, with_deposits: bool = False
) -> Invoice:
    """Take a credit note's amount off the invoice it corrects.

    Payments frees paid amounts first (they become the customer's credit), so that paid + credited never pass the total.
    What a final invoice deducts stays paid by its deposits, unless the note takes the deductions back `with_deposits`:
    it is then cancelled whole. Raises NothingToCredit, DepositDeducted, CreditTooLarge.
    """
    if invoice is None:
        raise ValueError("a credit note corrects an invoice")
    locked = lock_invoice(invoice)
    check_creditable(locked)
    if amount > locked.balance:
        room, wanted = (money(value, locked.currency) for value in (locked.balance, amount))
        raise CreditTooLarge(number=locked.number, amount=wanted, room=room)
    credited = locked.amount_credited + amount
    if credited == locked.payable and (with_deposits or not locked.amount_deposited):
        _move(locked, InvoiceStatus.CREDITED, actor=actor, at=at, amount_credited=credited, **_UNDISPUTED)
        set_free(locked)
    elif amount == locked.balance and locked.status == InvoiceStatus.ISSUED:
        _move(locked, InvoiceStatus.PAID, actor=actor, at=at, amount_credited=credited)
    else:
        Invoice.everywhere.filter(pk=locked.pk).update(amount_credited=credited)
        locked.refresh_from_db()
    return locked


@transaction.atomic
def replace_invoice(*, invoice: Invoice | None, actor: Actor, at: datetime) -> Invoice:
    """Cancel an invoice that a corrected one replaces, in the issuing transaction of that one.

    Raises NotCorrectable, HoldsPayments, HoldsWriteOffs.
    """
    if invoice is None:
        raise ValueError("a corrected invoice corrects an invoice")
    locked = lock_invoice(invoice)
    check_correctable(locked)
    if locked.amount_paid:
        raise HoldsPayments(number=locked.number)
    if locked.amount_written_off:
        raise HoldsWriteOffs(number=locked.number)
    states.move(
        locked,
        InvoiceStatus.CREDITED,
        tag="billing.invoice.replaced",
        actor=actor,
        at=at,
        also=[locked.customer],
        data={"number": locked.number},
        # what it deducted stays paid by its deposits, which `set_free` lets the corrected invoice deduct
        amount_credited=locked.balance,
        replaced_at=at,
        **_UNDISPUTED,
    )
    set_free(locked)
    return locked


def settle_where_nothing_remains(*, invoices: Sequence[Invoice], actor: Actor, at: datetime) -> None:
    """An invoice that asks for nothing, or whose deposits cover it, is paid the moment it is issued."""
    moves = [_counted(invoice) for invoice in invoices if invoice.can_be_paid and not invoice.balance]
    if moves:
        states.move_all(moves, InvoiceStatus.PAID, tag=_TAGS[InvoiceStatus.PAID], actor=actor, at=at)


def _counted(invoice: Invoice, **columns: Decimal) -> states.Move:
    return states.Move(row=invoice, also=[invoice.customer], data={"number": invoice.number}, changes=columns)


# nothing is left to contest of what is cancelled
_UNDISPUTED: dict[str, Any] = {"disputed_at": None, "dispute_reason": ""}
_TAGS = {
    InvoiceStatus.PAID: "billing.invoice.settled",
    InvoiceStatus.ISSUED: "billing.invoice.reopened",
    InvoiceStatus.CREDITED: "billing.invoice.credited",
}


def _move(invoice: Invoice, to: InvoiceStatus, *, actor: Actor, at: datetime, **changes: Any) -> None:
    states.move(
        invoice,
        to,
        tag=_TAGS[to],
        actor=actor,
        at=at,
        also=[invoice.customer],
        data={"number": invoice.number},
        **changes,
    )
