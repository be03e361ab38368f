"""Payments: recorded with what they pay, reversed by an opposite one, booked. Lock order: see `allocations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Invoice, Journal, JournalLine
from billing.numbering import next_number
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.money import ZERO
from customers.models import Customer
from payments.debits.standing import reopen_debit
from payments.models import BankAccount, Method, Payment
from payments.services.allocations import (
    NotEnoughCredit,
    Share,
    allocate_locked,
    check_amount,
    held_by,
    lock_invoices,
    lock_payment,
    release_allocation,
)
from payments.services.cash import check_cash_limit, check_till
from payments.services.remittances import take_off_slip

SERIES = "ENC"
# until the bank credits it: then the match of its line moves it to 512
ON_HAND: dict[str, str] = {Method.CHECK: ledger.CHECKS, Method.CARD: ledger.CARDS, Method.CASH: ledger.CASH}


class PaidInTheFuture(Invalid):
    code = "paid_in_the_future"
    message = "La date de paiement est dans le futur."


class SharesBeyondAmount(NotEnoughCredit):
    message = (
        "Les factures recevraient %(shares)s alors que %(amount)s sont encaissés : "
        "réduisez ce qui est affecté, ou corrigez le montant reçu."
    )


class PaymentUsedElsewhere(DomainError):
    code = "payment_refunded"
    message = "%(number)s a été remboursé ou gardé en partie : annulez d’abord le remboursement ou la différence."


class AlreadyReversed(DomainError):
    code = "already_reversed"
    message = "%(number)s est déjà annulé."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feed read a payment: the service, and the ids there of the payment and of the invoice it pays."""

    service: str
    payment: str
    invoice: str

    def columns(self) -> dict[str, str]:
        return {"origin_service": self.service, "origin_payment": self.payment, "origin_invoice": self.invoice}


class Wording(TypedDict, total=False):
    """What people write about a payment and may correct later: nothing is computed from it."""

    reference: str
    notes: str
    transaction_id: str


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
    currency: str = "EUR",
    bank_account: BankAccount | None = None,
    origin: Origin | None = None,
    booked_on: str = "",
    **wording: Unpack[Wording],
) -> Payment:
    """Write money received and what it pays. What is not allocated stays the customer's credit.

    `amount` and `shares` are in `currency`. It is booked on the ledger account of `bank_account` when one is given,
    or on the one that `booked_on` names, where the money waits.
    Raises AmountNotPositive, FractionOfACent, PaidInTheFuture, AnotherCustomer, AnotherCurrency, OverAllocated,
    NothingOutstanding, NotEnoughCredit, BeyondTheCashLimit, and Stale when another reading has recorded its `origin`
    meanwhile.
    """
    check_amount(amount)
    _check_day(paid_on, at)
    # invoices first, in the order of their keys
    locked = lock_invoices(share.invoice for share in shares)
    _check_sum(shares, locked, amount, currency)
    if method == Method.CASH and origin is None:
        check_cash_limit(customer, amount - sum((share.amount for share in shares), ZERO))
    payment = _insert(
        customer=customer,
        amount=amount,
        currency=currency,
        method=method,
        paid_on=paid_on,
        bank_account=bank_account,
        recorded_at=at,
        **wording,
        **(origin.columns() if origin else {}),
    )
    _seal(payment, [share.invoice for share in shares], actor=actor, at=at)
    _write_journal(payment, actor=actor, at=at, account=booked_on)
    allocate_locked(payment, shares, locked, actor=actor, at=at)
    return payment


def _check_day(paid_on: date, at: datetime) -> None:
    if paid_on > local_day(at):
        raise PaidInTheFuture(fields={"paid_on": PaidInTheFuture.message})


def _check_sum(shares: Sequence[Share], locked: Mapping[int, Invoice], amount: Decimal, currency: str) -> None:
    """Raises SharesBeyondAmount, unless one of the invoices owes less: allocating then names that one."""
    wanted = sum((share.amount for share in shares), ZERO)
    if wanted > amount and all(share.amount <= locked[share.invoice.pk].balance for share in shares):
        raise SharesBeyondAmount(shares=typography.money(wanted, currency), amount=typography.money(amount, currency))


def _seal(payment: Payment, invoices: Sequence[Invoice], *, actor: Actor, at: datetime) -> None:
    """Put a payment just recorded into the chain of facts."""
    audit.record(
        "payments.payment.recorded",
        subject=payment,
        also=[payment.customer, *invoices],
        actor=actor,
        at=at,
        seal=True,
        exact=True,
        data={"number": payment.number, "amount": payment.amount, "method": payment.method},
    )


def _insert(*, customer: Customer, recorded_at: datetime, **columns: Any) -> Payment:
    """The next payment of the customer's company. Raises Stale when its origin was recorded meanwhile."""
    company_id = customer.company_id
    number = next_number(company_id=company_id, series=SERIES, on=local_day(recorded_at))
    columns |= {"company_id": company_id, "customer": customer, "recorded_at": recorded_at}
    try:
        # only a feed's payment can meet the unique index; the others spare the two statements of a savepoint
        with transaction.atomic(savepoint="origin_payment" in columns):
            payment: Payment = Payment.everywhere.create(number=number, **columns)
    except IntegrityError as error:
        if "one_live_payment_per_origin" in str(error):
            raise Stale from error
        raise
    return payment


@transaction.atomic
def reverse_payment(
    *, payment: Payment, reason: str, actor: Actor, at: datetime, origin: Origin | None = None
) -> Payment:
    """Undo a payment by an opposite one: its invoices are open again, the history stays.

    `origin` when the service where it was read took it back; None when a person does.
    Raises AlreadyReversed, PaymentUsedElsewhere where some of it was refunded or kept, and Stale when somebody
    allocates or releases at the same moment.
    """
    held = held_by(payment)
    invoices = Invoice.everywhere.in_bulk(held)
    lock_invoices(invoices.values())
    locked = lock_payment(payment)
    if not locked.can_be_reversed:
        raise AlreadyReversed(number=locked.number)
    if locked.allocated != sum(held_by(locked).values(), ZERO):
        raise PaymentUsedElsewhere(number=locked.number)
    # read without lock to know which invoices to lock first: if it has changed, other invoices were needed
    if held_by(locked) != held:
        raise Stale
    for key in sorted(held):
        release_allocation(payment=locked, invoice=invoices[key], amount=held[key], reason=reason, actor=actor, at=at)
    take_off_slip(locked, actor=actor, at=at)
    reopen_debit(locked, actor=actor, at=at)
    if locked.method == Method.CASH and locked.bank_account_id is None:
        check_till(locked.company_id, locked.amount)
    reversal = _insert_opposite(locked, reason, origin, at)
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


def _insert_opposite(locked: Payment, reason: str, origin: Origin | None, at: datetime) -> Payment:
    return _insert(
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


@transaction.atomic
def change_payment_text(
    *, payment: Payment, reference: str, notes: str, actor: Actor, at: datetime, transaction_id: str | None = None
) -> Payment:
    """Change the reference, the service's transaction and the notes: nothing else may change."""
    kept = payment.transaction_id if transaction_id is None else transaction_id
    Payment.everywhere.filter(pk=payment.pk).update(reference=reference[:140], transaction_id=kept, notes=notes)
    audit.record(
        "payments.payment.changed",
        subject=payment,
        actor=actor,
        at=at,
        data={"from": payment.reference, "to": reference[:140]},
    )
    payment.refresh_from_db()
    return payment


def _write_journal(payment: Payment, *, actor: Actor, at: datetime, account: str = "") -> None:
    """D 512 / C 411; the other way round, on the same accounts, for a reversal."""
    entry = Entry(
        label=f"{'Annulation' if payment.reverses_id else 'Encaissement'} {payment.number} {payment.customer.name}",
        piece=payment.number,
        piece_date=payment.paid_on,
        source=payment,
        postings=[
            Posting(account or _money_account(payment), payment.amount),
            Posting(ledger.CUSTOMERS, -payment.amount, payment.customer_id),
        ],
    )
    ledger.post([entry], journal=Journal.BANK, day=local_day(at), actor=actor, at=at)


def _money_account(payment: Payment) -> str:
    """Where the money is booked: the bank's own account where it is known. A reversal undoes what was booked."""
    if payment.reverses is not None:
        # as it was booked then: the bank account may have another ledger account since
        booked = JournalLine.everywhere.filter(entry__source=payment.reverses.subject, debit__gt=0)
        return str(booked.values_list("account", flat=True).get())
    if payment.bank_account is not None:
        return payment.bank_account.ledger_account
    return ON_HAND.get(payment.method, ledger.BANK)
