"""Payments: recorded with what they pay, reversed by an opposite one, booked. Lock order: see `allocations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Unpack

from django.db import IntegrityError, transaction

from billing import ledger
from billing.ledger import Entry
from billing.models import Invoice, JournalLine
from billing.numbering import next_numbers
from billing.services.settling import check_outstanding
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.money import ZERO
from config.kernel.rows import insert_each
from customers.models import Customer
from payments.dates import check_not_ancient
from payments.debits.standing import reopen_debit
from payments.models import BankAccount, Method, Payment
from payments.services.allocations import (
    NotEnoughCredit,
    Share,
    check_amount,
    held_by,
    lock_invoices,
    lock_payment,
    release_allocation,
    spend,
    write_allocations,
)
from payments.services.bank_journals import post_money
from payments.services.cash import check_cash_limit, check_till
from payments.services.exchange import in_value
from payments.services.receipts import Origin, Receipt, Wording
from payments.services.remittances import take_off_slip

SERIES = "ENC"
# until the bank credits it: then the match of its line moves it to 512
ON_HAND: dict[str, str] = {Method.CHECK: ledger.CHECKS, Method.CARD: ledger.CARDS, Method.CASH: ledger.CASH}

FIVE_CENTIMES = Decimal("0.05")  # the smallest coin of Switzerland


class NotInFiveCentimes(Invalid):
    code = "not_in_five_centimes"
    message = "En espèces, un montant en francs est un multiple de 5 centimes : arrondissez-le et soldez l’écart."


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
    """Write money received and what it pays: see Receipt. What is not allocated stays the customer's credit.

    Raises AmountNotPositive, FractionOfACent, PaidInTheFuture, AnotherCustomer, AnotherCurrency, OverAllocated,
    NothingOutstanding, NotEnoughCredit, BeyondTheCashLimit, UnknownRate, and Stale when another reading has recorded
    its `origin` meanwhile.
    """
    receipt = Receipt(
        customer=customer, amount=amount, method=method, paid_on=paid_on, shares=shares, currency=currency,
        bank_account=bank_account, origin=origin, booked_on=booked_on, wording=wording,
    )  # fmt: skip
    _check(receipt, at)
    # invoices first, in the order of their keys
    locked = lock_invoices(share.invoice for share in shares)
    return record_payments([receipt], locked, actor=actor, at=at)[0]


def record_payments(
    receipts: Sequence[Receipt], locked: Mapping[int, Invoice], *, actor: Actor, at: datetime
) -> list[Payment]:
    """Write what one company received, and what it pays of `locked` invoices, in as many statements as for one receipt.

    Within a transaction of the caller: all or none. Raises what `record_payment` does.
    """
    payments = []
    for receipt in receipts:
        _check(receipt, at)
        _check_sum(receipt, locked)
        if receipt.method == Method.CASH and receipt.origin is None:
            shared = sum((share.amount for share in receipt.shares), ZERO)
            rest = receipt.amount - shared
            check_cash_limit(receipt.customer, rest, currency=receipt.currency, on=receipt.paid_on)
        payment = receipt.payment(at)
        spend(payment, receipt.shares, locked)
        payment.accounting_amount = receipt.accounting_amount()
        payments.append(payment)
    _insert(payments, at)
    _seal(receipts, payments, actor=actor, at=at)
    entries = [_entry(payment, receipt.booked_on) for payment, receipt in zip(payments, receipts, strict=True)]
    post_money(entries, [payment.bank_account for payment in payments], actor=actor, at=at)
    spent = [(payment, receipt.shares) for payment, receipt in zip(payments, receipts, strict=True)]
    write_allocations(spent, locked, actor=actor, at=at)
    return payments


def _check(receipt: Receipt, at: datetime) -> None:
    check_amount(receipt.amount, receipt.currency)
    if receipt.method == Method.CASH and receipt.currency == "CHF" and receipt.amount % FIVE_CENTIMES:
        raise NotInFiveCentimes(fields={"amount": NotInFiveCentimes.message})
    if receipt.paid_on > local_day(at):
        raise PaidInTheFuture(fields={"paid_on": PaidInTheFuture.message})
    check_not_ancient(receipt.paid_on, "paid_on")


def _check_sum(receipt: Receipt, locked: Mapping[int, Invoice]) -> None:
    """Raises SharesBeyondAmount, or OverAllocated where one of the invoices owes less: it is named."""
    wanted = sum((share.amount for share in receipt.shares), ZERO)
    if wanted <= receipt.amount:
        return
    for share in receipt.shares:
        check_outstanding(locked[share.invoice.pk], share.amount)
    shares, amount = (typography.money(value, receipt.currency) for value in (wanted, receipt.amount))
    raise SharesBeyondAmount(shares=shares, amount=amount)


def _seal(receipts: Sequence[Receipt], payments: Sequence[Payment], *, actor: Actor, at: datetime) -> None:
    """Put payments just recorded into the chain of facts."""
    happenings = [
        audit.Happening(
            subject=payment,
            also=[payment.customer, *(share.invoice for share in receipt.shares)],
            data={
                "number": payment.number,
                "amount": payment.amount,
                "method": payment.method,
                **audit.in_currency(payment.currency),
            },
        )
        for receipt, payment in zip(receipts, payments, strict=True)
    ]
    audit.record_all("payments.payment.recorded", happenings, actor=actor, at=at, seal=True)


def _insert(payments: Sequence[Payment], at: datetime) -> None:
    """Number and write payments of one company. Raises Stale when an origin of theirs was recorded meanwhile."""
    company_id = payments[0].company_id
    numbers = next_numbers(len(payments), company_id=company_id, series=SERIES, on=local_day(at))
    for payment, number in zip(payments, numbers, strict=True):
        payment.number = number
    try:
        # only a feed's payment can meet the unique index; the others spare the two statements of a savepoint
        with transaction.atomic(savepoint=any(payment.origin_payment for payment in payments)):
            insert_each(payments)
    except IntegrityError as error:
        if "one_live_payment_per_origin" in str(error):
            raise Stale from error
        raise


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
        check_till(locked.company_id, locked.amount, locked.currency)
    reversal = _insert_opposite(locked, reason, origin, at)
    Payment.everywhere.filter(pk=locked.pk).update(reversed_at=at)
    audit.record(
        "payments.payment.reversed",
        subject=reversal,
        also=[locked, locked.customer, *invoices.values()],
        actor=actor,
        at=at,
        seal=True,
        data={
            "number": locked.number,
            "reversal": reversal.number,
            "amount": locked.amount,
            "reason": reason,
            **audit.in_currency(locked.currency),
        },
    )
    post_money([_entry(reversal)], [reversal.bank_account], actor=actor, at=at)
    payment.refresh_from_db()
    return reversal


def _insert_opposite(locked: Payment, reason: str, origin: Origin | None, at: datetime) -> Payment:
    opposite = Payment(
        company_id=locked.company_id,
        customer=locked.customer,
        amount=-locked.amount,
        currency=locked.currency,
        accounting_amount=None if locked.accounting_amount is None else -locked.accounting_amount,
        method=locked.method,
        paid_on=local_day(at),
        bank_account_id=locked.bank_account_id,
        reference=locked.reference,
        reverses=locked,
        reversal_reason=reason,
        recorded_at=at,
        **(origin.columns() if origin else {}),
    )
    _insert([opposite], at)
    return opposite


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


def _entry(payment: Payment, account: str = "") -> Entry:
    """D 512 / C 411; the other way round, on the same accounts, for a reversal."""
    return Entry(
        label=f"{'Annulation' if payment.reverses_id else 'Encaissement'} {payment.number} {payment.customer.name}",
        piece=payment.number,
        piece_date=payment.paid_on,
        source=payment,
        on=payment.paid_on,
        postings=[
            in_value(payment, account or _money_account(payment), payment.amount),
            in_value(payment, ledger.CUSTOMERS, -payment.amount, payment.customer_id),
        ],
    )


def _money_account(payment: Payment) -> str:
    """Where the money is booked: the bank's own account where it is known. A reversal undoes what was booked."""
    if payment.reverses is not None:
        # as it was booked then: the bank account may have another ledger account since
        booked = JournalLine.everywhere.filter(entry__source=payment.reverses.subject, debit__gt=0, invoice=None)
        return str(booked.values_list("account", flat=True).get())
    if payment.bank_account is not None:
        return payment.bank_account.ledger_account
    return ON_HAND.get(payment.method, ledger.BANK)
