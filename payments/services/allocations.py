"""What payments pay: so much of one for that invoice, taken back as a row of its own.

Lock order, everywhere: invoices by key, then the payment, then the counters. Two people paying at once queue up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing.models import Invoice
from billing.services.settling import count_payment, count_payments, lock_each, lock_invoice
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO, round2
from config.kernel.rows import insert_each
from payments.events import allocations_written
from payments.models import Allocation, Method, Payment
from payments.services.cash import check_cash_share


class AmountNotPositive(Invalid):
    code = "amount_not_positive"
    message = "Le montant encaissé doit être positif."


class FractionOfACent(Invalid):
    code = "fraction_of_a_cent"
    message = "Un montant s’écrit avec deux décimales au plus."


class NotEnoughCredit(DomainError):
    code = "not_enough_credit"
    message = "Il reste %(unallocated)s à affecter sur %(number)s : %(amount)s ne sont pas disponibles."


class NothingToAllocate(Invalid):
    code = "nothing_to_allocate"
    message = "Indiquez un montant pour une facture au moins."


class AnotherCustomer(DomainError):
    code = "another_customer"
    message = "%(invoice)s n’est pas une facture de ce client."


class AnotherCurrency(DomainError):
    code = "another_currency"
    message = "%(invoice)s est en %(found)s : un encaissement en %(currency)s ne peut pas la payer."


def check_amount(amount: Decimal) -> None:
    """Money received or used is positive, in whole cents. Raises AmountNotPositive, FractionOfACent."""
    if amount <= 0:
        raise AmountNotPositive(fields={"amount": AmountNotPositive.message})
    if round2(amount) != amount:
        raise FractionOfACent(fields={"amount": FractionOfACent.message})


@dataclass(frozen=True, slots=True)
class Share:
    """An amount for an invoice, in its currency."""

    invoice: Invoice
    amount: Decimal


def spread(amount: Decimal, invoices: Sequence[Invoice]) -> list[Share]:
    """The amount over the invoices in their order, each up to its balance; what they do not take stays credit.

    The caller orders them, the oldest debt first where the debtor names none (art. 1342-10 C. civ.).
    """
    shares, left = [], amount
    for invoice in invoices:
        part = min(left, invoice.balance)
        if part > 0:
            shares.append(Share(invoice, part))
            left -= part
    return shares


def allocate_payment(*, payment: Payment, invoice: Invoice, amount: Decimal, actor: Actor, at: datetime) -> Allocation:
    """Use `amount` of the payment for the invoice. Raises what `allocate_shares` does."""
    (allocation,) = allocate_shares(payment=payment, shares=[Share(invoice, amount)], actor=actor, at=at)
    return allocation


@transaction.atomic
def allocate_shares(*, payment: Payment, shares: Sequence[Share], actor: Actor, at: datetime) -> list[Allocation]:
    """Use the payment for several invoices, all of them or none.

    Raises NothingToAllocate, AmountNotPositive, FractionOfACent, AnotherCustomer, AnotherCurrency, OverAllocated beyond
    an invoice's balance, NothingOutstanding, and NotEnoughCredit beyond what is left of the payment.
    """
    if not shares:
        raise NothingToAllocate
    invoices = lock_invoices(share.invoice for share in shares)
    locked = lock_payment(payment)
    rows = allocate_locked(locked, shares, invoices, actor=actor, at=at)
    payment.refresh_from_db()
    return rows


def lock_invoices(invoices: Iterable[Invoice]) -> dict[int, Invoice]:
    """The invoices by their keys, read again and locked in the order of these. Call it before locking a payment."""
    return lock_each({invoice.pk for invoice in invoices})


def lock_payment(payment: Payment) -> Payment:
    """The payment read again with its customer, and locked. Call it after locking invoices."""
    locked: Payment = (
        Payment.everywhere.select_for_update(no_key=True, of=("self",)).select_related("customer").get(pk=payment.pk)
    )
    return locked


def allocate_locked(
    payment: Payment, shares: Sequence[Share], invoices: Mapping[int, Invoice], *, actor: Actor, at: datetime
) -> list[Allocation]:
    """Use a locked payment for locked invoices. Raises what `allocate_shares` does."""
    rows = []
    for share in sorted(shares, key=lambda share: share.invoice.pk):
        invoice = invoices[share.invoice.pk]
        check_amount(share.amount)
        if invoice.customer_id != payment.customer_id:
            raise AnotherCustomer(invoice=str(invoice))
        if invoice.currency != payment.currency:
            raise AnotherCurrency(invoice=str(invoice), found=invoice.currency, currency=payment.currency)
        if payment.method == Method.CASH and not payment.origin_service:
            check_cash_share(invoice, share.amount)
        count_payment(locked=invoice, amount=share.amount, actor=actor, at=at)
        rows.append(_write_allocation(payment=payment, invoice=invoice, amount=share.amount, actor=actor, at=at))
    return rows


def _write_allocation(
    *,
    payment: Payment,
    invoice: Invoice,
    amount: Decimal,
    actor: Actor,
    at: datetime,
    reason: str = "",
    on: date | None = None,
) -> Allocation:
    """The row between a locked payment and a locked invoice, sealed and announced. Raises NotEnoughCredit."""
    if amount > 0 and amount > payment.unallocated:
        raise NotEnoughCredit(
            number=payment.number,
            unallocated=typography.money(payment.unallocated, payment.currency),
            amount=typography.money(amount, payment.currency),
        )
    payment.allocated += amount
    payment.save(update_fields=["allocated"])
    allocation: Allocation = Allocation.everywhere.create(
        company_id=payment.company_id, payment=payment, invoice=invoice, amount=amount, at=at, reason=reason
    )
    tag = "payments.payment.allocated" if amount > 0 else "payments.payment.released"
    audit.record_all(tag, [_happening(allocation)], actor=actor, at=at, seal=True)
    day = on or (payment.paid_on if amount > 0 else local_day(at))
    # inside the transaction: the receiver writes the row of status 212, and both are kept or neither
    allocations_written.send(sender=Allocation, allocations=[allocation], days=[day], actor=actor, at=at)
    return allocation


def allocate_new(received: Sequence[tuple[Payment, Sequence[Share]]], *, actor: Actor, at: datetime) -> None:
    """Write what payments recorded just now, by transfer, pay of locked invoices of their customers, each in one alone.

    They say already what is allocated of them. One statement for each kind of row. Raises NothingOutstanding,
    OverAllocated.
    """
    pairs = [(payment, share) for payment, shares in received for share in shares]
    count_payments([(share.invoice, share.amount) for _payment, share in pairs], actor=actor, at=at)
    rows = [
        Allocation(
            company_id=payment.company_id, payment=payment, invoice=share.invoice, amount=share.amount, at=at, reason=""
        )
        for payment, share in pairs
    ]
    insert_each(rows)
    audit.record_all("payments.payment.allocated", [*map(_happening, rows)], actor=actor, at=at, seal=True)
    days = [row.payment.paid_on for row in rows]
    allocations_written.send(sender=Allocation, allocations=rows, days=days, actor=actor, at=at)


def _happening(row: Allocation) -> audit.Happening:
    payment, invoice = row.payment, row.invoice
    data = {"payment": payment.number, "invoice": invoice.number, "amount": row.amount}
    return audit.Happening(subject=row, also=[payment, invoice, payment.customer], data=data)


def held_by(payment: Payment) -> dict[int, Decimal]:
    """What each invoice still holds of the payment."""
    rows = (
        Allocation.everywhere.filter(payment=payment)
        .values("invoice_id")
        .annotate(held=Sum("amount"))
        .order_by("invoice_id")
    )
    return {row["invoice_id"]: row["held"] for row in rows if row["held"]}


@transaction.atomic
def release_allocation(
    *,
    payment: Payment,
    invoice: Invoice,
    amount: Decimal,
    reason: str,
    actor: Actor,
    at: datetime,
    on: date | None = None,
) -> Allocation:
    """Take `amount` back from the invoice: it becomes the customer's credit again. Raises NotEnoughCredit.

    `on` is the day the money left where it did, the day of `at` otherwise: what was declared is declared back on it.
    """
    locked = lock_invoice(invoice)
    held = held_by(payment).get(invoice.pk, ZERO)
    if not 0 < amount <= held:
        raise NotEnoughCredit(
            number=payment.number,
            unallocated=typography.money(held, payment.currency),
            amount=typography.money(amount, payment.currency),
        )
    count_payment(locked=locked, amount=-amount, actor=actor, at=at)
    paying = lock_payment(payment)
    row = _write_allocation(payment=paying, invoice=locked, amount=-amount, actor=actor, at=at, reason=reason, on=on)
    payment.refresh_from_db()
    return row
