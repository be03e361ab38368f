"""What payments pay: so much of one for that invoice, taken back as a row of its own.

Lock order, everywhere: invoices by key, then the payment, then the counters. Two people paying at once queue up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing.ledger.vat.moving import Settled, move_settled_vat
from billing.models import Invoice
from billing.services.settling import check_outstanding, count_payments, lock_each, lock_invoice
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO, round_in
from config.kernel.rows import insert_each
from payments.events import allocations_written
from payments.models import Allocation, Method, Payment
from payments.services.cash import check_cash_share
from payments.services.exchange import book_differences, value_of, value_of_last


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


def check_amount(amount: Decimal, currency: str = "EUR") -> None:
    """Money received or used is positive, in whole cents, or units of its currency. Raises AmountNotPositive,
    FractionOfACent.
    """
    if amount <= 0:
        raise AmountNotPositive(fields={"amount": AmountNotPositive.message})
    if round_in(amount, currency) != amount:
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
    return lock_payments([payment])[payment.pk]


def lock_payments(payments: Iterable[Payment]) -> dict[int, Payment]:
    """The payments by their keys, read again with their customers and locked in the order of these."""
    keys = {payment.pk for payment in payments}
    rows = Payment.everywhere.filter(pk__in=keys).select_related("customer").order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))} if keys else {}


def allocate_locked(
    payment: Payment, shares: Sequence[Share], invoices: Mapping[int, Invoice], *, actor: Actor, at: datetime
) -> list[Allocation]:
    """Use a locked payment for locked invoices. Raises what `allocate_shares` does."""
    spend(payment, shares, invoices)
    payment.save(update_fields=["allocated"])
    return write_allocations([(payment, shares)], invoices, actor=actor, at=at)


def spend(payment: Payment, shares: Sequence[Share], invoices: Mapping[int, Invoice]) -> None:
    """Count the shares as used of a payment in memory, if locked invoices may have them. The caller saves it.

    Raises what `allocate_shares` does.
    """
    for share in sorted(shares, key=lambda share: share.invoice.pk):
        invoice = invoices[share.invoice.pk]
        check_amount(share.amount, payment.currency)
        if invoice.customer_id != payment.customer_id:
            raise AnotherCustomer(invoice=str(invoice))
        if invoice.currency != payment.currency:
            raise AnotherCurrency(invoice=str(invoice), found=invoice.currency, currency=payment.currency)
        if payment.method == Method.CASH and not payment.origin_service:
            check_cash_share(invoice, share.amount, on=payment.paid_on)
        check_outstanding(invoice, share.amount)
        if share.amount > payment.unallocated:
            raise NotEnoughCredit(
                number=payment.number,
                unallocated=typography.money(payment.unallocated, payment.currency),
                amount=typography.money(share.amount, payment.currency),
            )
        payment.allocated += share.amount


def write_allocations(
    spent: Sequence[tuple[Payment, Sequence[Share]]], invoices: Mapping[int, Invoice], *, actor: Actor, at: datetime
) -> list[Allocation]:
    """Write what payments of one company were spent on: the amounts of locked invoices, and the rows between.

    One statement for each kind of row; the VAT that waited for them falls due. Raises OverAllocated where shares
    together are more than an invoice asks for.
    """
    rows: list[Allocation] = []
    used = {id(payment): payment.allocated - sum((one.amount for one in shares), ZERO) for payment, shares in spent}
    for turn in _turns(spent):
        count_payments([(invoices[share.invoice.pk], share.amount) for _p, share in turn], actor=actor, at=at)
        written = [_allocation(payment, invoices[share.invoice.pk], share.amount, at=at) for payment, share in turn]
        _insert(written, [payment.paid_on for payment, _share in turn], actor=actor, at=at)
        _book_differences(written, used, actor=actor, at=at)
        rows += written
    move_settled_vat([_settled(row, row.payment.paid_on) for row in rows], actor=actor, at=at)
    return rows


def _settled(row: Allocation, on: date) -> Settled:
    """What an allocation makes due of the VAT that waited for it."""
    return Settled(invoice=row.invoice, amount=row.amount, by=row.payment, piece=row.payment.number, on=on)


def _book_differences(written: Sequence[Allocation], used: dict[int, Decimal], *, actor: Actor, at: datetime) -> None:
    """What exchange gained or lost; `used`: what of each payment in memory was used before these."""
    foreign = []
    for row in written:
        before = used[id(row.payment)]
        used[id(row.payment)] = before + row.amount
        if row.invoice.is_foreign:
            value = value_of(row.payment, before + row.amount) - value_of(row.payment, before)
            foreign.append((row, value))
    book_differences(foreign, actor=actor, at=at)


def _turns(spent: Sequence[tuple[Payment, Sequence[Share]]]) -> list[list[tuple[Payment, Share]]]:
    """The shares in the order of invoices, in as few turns as let each invoice be in one of them once.

    What a share pays of each VAT rate follows from the shares before it.
    """
    turns: list[list[tuple[Payment, Share]]] = []
    times: Counter[int] = Counter()
    for payment, shares in spent:
        for share in sorted(shares, key=lambda share: share.invoice.pk):
            turn = times[share.invoice.pk]
            times[share.invoice.pk] += 1
            if turn == len(turns):
                turns.append([])
            turns[turn].append((payment, share))
    return turns


def _allocation(payment: Payment, invoice: Invoice, amount: Decimal, *, at: datetime, reason: str = "") -> Allocation:
    return Allocation(
        company_id=payment.company_id, payment=payment, invoice=invoice, amount=amount, at=at, reason=reason
    )


def _insert(rows: Sequence[Allocation], days: Sequence[date], *, actor: Actor, at: datetime) -> None:
    """Rows between locked payments and locked invoices, all of one sign, sealed and announced with their days."""
    insert_each(rows)
    tag = "payments.payment.allocated" if rows[0].amount > 0 else "payments.payment.released"
    audit.record_all(tag, [_happening(row) for row in rows], actor=actor, at=at, seal=True)
    # inside the transaction: the receiver writes the rows of status 212, and all are kept or none
    allocations_written.send(sender=Allocation, allocations=rows, days=days, actor=actor, at=at)


def _happening(row: Allocation) -> audit.Happening:
    payment, invoice = row.payment, row.invoice
    data = {"payment": payment.number, "invoice": invoice.number, "amount": row.amount} | audit.in_currency(
        invoice.currency
    )
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
    count_payments([(locked, -amount)], actor=actor, at=at)
    paying = lock_payment(payment)
    paying.allocated -= amount
    paying.save(update_fields=["allocated"])
    row, day = _allocation(paying, locked, -amount, at=at, reason=reason), on or local_day(at)
    _insert([row], [day], actor=actor, at=at)
    if locked.is_foreign:
        book_differences([(row, value_of_last(paying, -amount))], actor=actor, at=at)
    move_settled_vat([_settled(row, day)], actor=actor, at=at)
    payment.refresh_from_db()
    return row
