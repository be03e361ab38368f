"""Payments: record, allocate, take back, reverse; credit an invoice that was paid.

Lock order, everywhere: invoices by key, then the payment, then the counters. Two people paying at once queue up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Invoice, Journal, JournalLine
from billing.numbering import next_number
from billing.services.settling import count_payment, lock_invoice
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.money import ZERO, round2
from customers.models import Customer
from payments.events import allocation_written
from payments.models import Allocation, BankAccount, Method, Payment

SERIES = "ENC"


class AmountNotPositive(Invalid):
    code = "amount_not_positive"
    message = "Le montant encaissé doit être positif."


class FractionOfACent(Invalid):
    code = "fraction_of_a_cent"
    message = "Un montant s’écrit avec deux décimales au plus."


class PaidInTheFuture(Invalid):
    code = "paid_in_the_future"
    message = "La date de paiement est dans le futur."


class NotEnoughCredit(DomainError):
    code = "not_enough_credit"
    message = "Il reste %(unallocated)s à affecter sur %(number)s : %(amount)s ne sont pas disponibles."


class SharesBeyondAmount(NotEnoughCredit):
    message = (
        "Les factures recevraient %(shares)s alors que %(amount)s sont encaissés : "
        "réduisez ce qui est affecté, ou corrigez le montant reçu."
    )


class NothingToAllocate(Invalid):
    code = "nothing_to_allocate"
    message = "Indiquez un montant pour une facture au moins."


class AlreadyReversed(DomainError):
    code = "already_reversed"
    message = "%(number)s est déjà annulé."


class AnotherCustomer(DomainError):
    code = "another_customer"
    message = "%(invoice)s n’est pas une facture de ce client."


class AnotherCurrency(DomainError):
    code = "another_currency"
    message = "%(invoice)s est en %(found)s : un encaissement en %(currency)s ne peut pas la payer."


def _check_amount(amount: Decimal) -> None:
    """An amount of money received or used: positive, in whole cents."""
    if amount <= 0:
        raise AmountNotPositive(fields={"amount": AmountNotPositive.message})
    if round2(amount) != amount:
        raise FractionOfACent(fields={"amount": FractionOfACent.message})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feed read a payment: the service, and the ids there of the payment and of the invoice it pays."""

    service: str
    payment: str
    invoice: str

    def columns(self) -> dict[str, str]:
        return {"origin_service": self.service, "origin_payment": self.payment, "origin_invoice": self.invoice}


@dataclass(frozen=True, slots=True)
class Share:
    """So much for that invoice."""

    invoice: Invoice
    amount: Decimal


def spread(amount: Decimal, invoices: Sequence[Invoice]) -> list[Share]:
    """The amount over the invoices in their order, each up to its balance; what they do not take stays credit.

    The oldest debt first is the law where the debtor says nothing (art. 1342-10 C. civ.): the caller orders them so.
    """
    shares, left = [], amount
    for invoice in invoices:
        part = min(left, invoice.balance)
        if part > 0:
            shares.append(Share(invoice, part))
            left -= part
    return shares


@transaction.atomic
def record_payment(
    *,
    customer: Customer,
    amount: Decimal,
    method: str,
    paid_on: date,
    shares: Sequence[Share],
    actor: Actor,
    at: datetime,
    reference: str = "",
    notes: str = "",
    currency: str = "EUR",
    bank_account: BankAccount | None = None,
    transaction_id: str = "",
    origin: Origin | None = None,
) -> Payment:
    """Write money received and what it pays. What is not allocated stays the customer's credit.

    It is booked on the ledger account of `bank_account`, where a statement tells where it came in.

    Raises AmountNotPositive, FractionOfACent, PaidInTheFuture, AnotherCustomer, AnotherCurrency, OverAllocated,
    NothingOutstanding, NotEnoughCredit, and Stale when another reading has recorded its `origin` meanwhile.
    """
    _check_amount(amount)
    if paid_on > local_day(at):
        raise PaidInTheFuture(fields={"paid_on": PaidInTheFuture.message})
    # invoices first, in the order of their keys
    locked = lock_invoices(share.invoice for share in shares)
    wanted = sum((share.amount for share in shares), ZERO)
    # an invoice that owes less is the nearer fault, and allocating names it
    if wanted > amount and all(share.amount <= locked[share.invoice.pk].balance for share in shares):
        raise SharesBeyondAmount(shares=typography.money(wanted, currency), amount=typography.money(amount, currency))
    payment = _insert(
        company_id=customer.company_id,
        customer=customer,
        amount=amount,
        currency=currency,
        method=method,
        paid_on=paid_on,
        bank_account=bank_account,
        reference=reference,
        transaction_id=transaction_id,
        notes=notes,
        recorded_at=at,
        **(origin.columns() if origin else {}),
    )
    audit.record(
        "payments.payment.recorded",
        subject=payment,
        also=[customer, *(share.invoice for share in shares)],
        actor=actor,
        at=at,
        seal=True,
        exact=True,
        data={"number": payment.number, "amount": amount, "method": method},
    )
    _write_journal(payment, actor=actor, at=at)
    _allocate(payment, shares, locked, actor=actor, at=at)
    return payment


def _insert(**columns: Any) -> Payment:
    """The next payment of its company. Raises Stale when its origin was recorded meanwhile."""
    number = next_number(company_id=columns["company_id"], series=SERIES, on=local_day(columns["recorded_at"]))
    try:
        with transaction.atomic(savepoint="origin_payment" in columns):
            payment: Payment = Payment.everywhere.create(number=number, **columns)
    except IntegrityError as error:
        if "one_live_payment_per_origin" in str(error):
            raise Stale from error
        raise
    return payment


def allocate_payment(*, payment: Payment, invoice: Invoice, amount: Decimal, actor: Actor, at: datetime) -> Allocation:
    """Use `amount` of the payment for the invoice: never beyond the invoice's balance, nor the payment's rest."""
    (allocation,) = allocate_shares(payment=payment, shares=[Share(invoice, amount)], actor=actor, at=at)
    return allocation


@transaction.atomic
def allocate_shares(*, payment: Payment, shares: Sequence[Share], actor: Actor, at: datetime) -> list[Allocation]:
    """Use the payment for several invoices, all of them or none. Raises NothingToAllocate, and what each raises."""
    if not shares:
        raise NothingToAllocate
    invoices = lock_invoices(share.invoice for share in shares)
    locked = _lock_payment(payment)
    rows = _allocate(locked, shares, invoices, actor=actor, at=at)
    payment.refresh_from_db()
    return rows


def lock_invoices(invoices: Iterable[Invoice]) -> dict[int, Invoice]:
    """The invoices, fresh and locked in the order of their keys, and before any payment, as everywhere."""
    ordered = sorted({invoice.pk: invoice for invoice in invoices}.items())
    return {pk: lock_invoice(invoice) for pk, invoice in ordered}


def _lock_payment(payment: Payment) -> Payment:
    locked: Payment = (
        Payment.everywhere.select_for_update(no_key=True, of=("self",)).select_related("customer").get(pk=payment.pk)
    )
    return locked


def _allocate(
    payment: Payment, shares: Sequence[Share], invoices: Mapping[int, Invoice], *, actor: Actor, at: datetime
) -> list[Allocation]:
    """Use a locked payment for locked invoices."""
    rows = []
    for share in sorted(shares, key=lambda one: one.invoice.pk):
        invoice = invoices[share.invoice.pk]
        _check_amount(share.amount)
        if invoice.customer_id != payment.customer_id:
            raise AnotherCustomer(invoice=str(invoice))
        if invoice.currency != payment.currency:
            raise AnotherCurrency(invoice=str(invoice), found=invoice.currency, currency=payment.currency)
        count_payment(locked=invoice, amount=share.amount, actor=actor, at=at)
        rows.append(_write_allocation(payment=payment, invoice=invoice, amount=share.amount, actor=actor, at=at))
    return rows


def _write_allocation(
    *, payment: Payment, invoice: Invoice, amount: Decimal, actor: Actor, at: datetime, reason: str = ""
) -> Allocation:
    """The row between a locked payment and a locked invoice, sealed and told."""
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
    audit.record(
        "payments.payment.allocated" if amount > 0 else "payments.payment.released",
        subject=allocation,
        also=[payment, invoice, payment.customer],
        actor=actor,
        at=at,
        seal=True,
        exact=True,
        data={"payment": payment.number, "invoice": invoice.number, "amount": amount},
    )
    allocation_written.send(sender=Allocation, allocation=allocation, actor=actor, at=at)
    return allocation


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
    *, payment: Payment, invoice: Invoice, amount: Decimal, reason: str, actor: Actor, at: datetime
) -> Allocation:
    """Take `amount` back from the invoice: it becomes the customer's credit again. Raises NotEnoughCredit."""
    locked = lock_invoice(invoice)
    held = held_by(payment).get(invoice.pk, ZERO)
    if not 0 < amount <= held:
        raise NotEnoughCredit(
            number=payment.number,
            unallocated=typography.money(held, payment.currency),
            amount=typography.money(amount, payment.currency),
        )
    count_payment(locked=locked, amount=-amount, actor=actor, at=at)
    paying = _lock_payment(payment)
    row = _write_allocation(payment=paying, invoice=locked, amount=-amount, actor=actor, at=at, reason=reason)
    payment.refresh_from_db()
    return row


@transaction.atomic
def reverse_payment(
    *, payment: Payment, reason: str, actor: Actor, at: datetime, origin: Origin | None = None
) -> Payment:
    """Undo a payment by an opposite one: its invoices are open again, the history stays.

    `origin` when the service where it was read took it back; None when a person does.
    Raises AlreadyReversed, and Stale when somebody allocates or releases at the same moment.
    """
    held = held_by(payment)
    invoices = Invoice.everywhere.in_bulk(held)
    for key in sorted(held):
        lock_invoice(invoices[key])
    locked = _lock_payment(payment)
    if not locked.can_be_reversed:
        raise AlreadyReversed(number=locked.number)
    if held_by(locked) != held:
        raise Stale
    for key in sorted(held):
        release_allocation(payment=locked, invoice=invoices[key], amount=held[key], reason=reason, actor=actor, at=at)
    reversal = _insert(
        company_id=locked.company_id,
        customer=locked.customer,
        amount=-locked.amount,
        currency=locked.currency,
        method=locked.method,
        paid_on=local_day(at),
        bank_account_id=locked.bank_account_id,
        reference=locked.reference,
        reverses=locked,
        reversal_reason=reason,
        recorded_at=at,
        **(origin.columns() if origin else {}),
    )
    Payment.everywhere.filter(pk=locked.pk).update(reversed_at=at)
    audit.record(
        "payments.payment.reversed",
        subject=reversal,
        also=[locked, locked.customer, *invoices.values()],
        actor=actor,
        at=at,
        seal=True,
        data={"number": locked.number, "reversal": reversal.number, "amount": locked.amount, "reason": reason},
    )
    _write_journal(reversal, actor=actor, at=at)
    payment.refresh_from_db()
    return reversal


@transaction.atomic
def change_payment_text(
    *, payment: Payment, reference: str, notes: str, actor: Actor, at: datetime, transaction_id: str | None = None
) -> Payment:
    """Change the reference, the service's transaction and the notes: the only words that may change."""
    kept = payment.transaction_id if transaction_id is None else transaction_id
    Payment.everywhere.filter(pk=payment.pk).update(reference=reference[:140], transaction_id=kept, notes=notes)
    audit.record(
        "payments.payment.changed", subject=payment, actor=actor, at=at,
        data={"from": payment.reference, "to": reference[:140]},
    )  # fmt: skip
    payment.refresh_from_db()
    return payment


def _write_journal(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """D 512 / C 411; the other way round, on the same accounts, for a reversal."""
    entry = Entry(
        label=f"{'Annulation' if payment.reverses_id else 'Encaissement'} {payment.number} {payment.customer.name}",
        piece=payment.number,
        piece_date=payment.paid_on,
        source=payment,
        postings=[
            Posting(_money_account(payment), payment.amount),
            Posting(ledger.CUSTOMERS, -payment.amount, payment.customer_id),
        ],
    )
    ledger.post([entry], journal=Journal.BANK, day=local_day(at), actor=actor, at=at)


def _money_account(payment: Payment) -> str:
    """Where the money is booked: the bank's own account where it is known. A reversal undoes what was booked."""
    if payment.reverses is not None:
        booked = JournalLine.everywhere.filter(entry__source=payment.reverses.subject, debit__gt=0)
        return str(booked.values_list("account", flat=True).get())
    if payment.bank_account is not None:
        return payment.bank_account.ledger_account
    return ledger.CASH if payment.method == Method.CASH else ledger.BANK
