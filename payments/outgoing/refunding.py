"""Refunds: a customer's credit given back, a payment that bounced, and both taken back. Booked at once.

A refund is money of payments that no invoice holds: what was declared of them as received (212) was declared back when
they were released. Lock order: invoices by key, then payments by key, then the refund, then the counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Invoice, Journal, JournalLine
from billing.numbering import next_number
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import iban as ibans
from config.kernel.money import ZERO
from customers.models import Customer
from payments.models import BankAccount, MatchPart, Method, Payment, Refund, RefundKind, RefundShare
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
from payments.services.cash import check_till

SERIES = "RBT"
EURO = "EUR"


class BeyondCredit(DomainError):
    code = "refund_beyond_credit"
    message = "Le crédit de %(customer)s est de %(credit)s : %(amount)s ne peuvent pas être remboursés."


class NotOfCustomer(Invalid):
    code = "payment_of_another_customer"
    message = "%(number)s n’est pas un encaissement de ce client dans cette devise."


class RefundedInTheFuture(Invalid):
    code = "refunded_in_the_future"
    message = "La date du remboursement est dans le futur."


class IbanMissing(Invalid):
    code = "iban_missing"
    message = "Indiquez l’IBAN du client : c’est là que part le virement."


class AlreadyCancelled(DomainError):
    code = "refund_cancelled"
    message = "%(number)s est déjà annulé."


class RefundMatched(DomainError):
    code = "refund_matched"
    message = "%(number)s est rapproché d’une ligne bancaire : défaites d’abord le rapprochement."


class ReturnedBeyond(NotEnoughCredit):
    message = (
        "%(amount)s ne peuvent pas être rejetés sur %(number)s : "
        "il n’en reste que %(unallocated)s qui ne soient ni remboursés ni gardés."
    )


def credit_payments(customer: Customer, *, currency: str = EURO) -> QuerySet[Payment]:
    """The payments of a customer that hold credit, the oldest first."""
    rows: QuerySet[Payment] = Payment.everywhere.filter(
        customer=customer, currency=currency, reverses=None, reversed_at=None, amount__gt=F("allocated")
    )
    return rows.order_by("paid_on", "id")


def credit_of(customer: Customer, *, currency: str = EURO) -> Decimal:
    """What could be refunded to a customer. One query."""
    return sum((payment.unallocated for payment in credit_payments(customer, currency=currency)), ZERO)


@transaction.atomic
def refund_customer(
    *,
    customer: Customer,
    amount: Decimal,
    method: str,
    reason: str,
    made_on: date,
    actor: Actor,
    at: datetime,
    currency: str = EURO,
    iban: str = "",
    bank_account: BankAccount | None = None,
    payments: Sequence[Payment] | None = None,
) -> Refund:
    """Give a customer's credit back, whole or in part: of `payments` in their order, or of the oldest first.

    Booked D 411 / C the money account. Raises AmountNotPositive, FractionOfACent, RefundedInTheFuture, IbanMissing,
    Invalid for a wrong IBAN, NotOfCustomer, BeyondCredit, NotEnoughInTheTill.
    """
    check_amount(amount)
    if made_on > local_day(at):
        raise RefundedInTheFuture(fields={"made_on": RefundedInTheFuture.message})
    number = _checked_iban(iban, method)
    if method == Method.CASH and bank_account is None:
        check_till(customer.company_id, amount)
    found = list(credit_payments(customer, currency=currency)) if payments is None else list(payments)
    locked = {payment.pk: lock_payment(payment) for payment in sorted(found, key=lambda row: row.pk)}
    _check_owners(locked.values(), customer, currency)
    shares = _spread(amount, [locked[payment.pk] for payment in found])
    if shares is None:
        credit = sum((payment.unallocated for payment in locked.values()), ZERO)
        held, wanted = (typography.money(value, currency) for value in (credit, amount))
        raise BeyondCredit(customer=customer.name, credit=held, amount=wanted)
    refund = _insert(
        customer=customer,
        amount=amount,
        currency=currency,
        method=method,
        iban=number,
        bank_account=bank_account,
        account=_money_account(method, bank_account),
        reason=reason[:200],
        made_on=made_on,
        at=at,
    )
    _take(refund, shares)
    _seal("payments.refund.made", refund, shares, actor=actor, at=at)
    _book(refund, actor=actor, at=at)
    return refund


def _checked_iban(text: str, method: str) -> str:
    if not text.strip():
        if method == Method.TRANSFER:
            raise IbanMissing(fields={"iban": IbanMissing.message})
        return ""
    try:
        return ibans.validate(text)
    except Invalid as error:
        raise Invalid(fields={"iban": error.sentence}) from error


def _check_owners(payments: Any, customer: Customer, currency: str) -> None:
    for payment in payments:
        if payment.customer_id != customer.pk or payment.currency != currency:
            raise NotOfCustomer(number=payment.number)


def _spread(amount: Decimal, payments: Sequence[Payment]) -> list[tuple[Payment, Decimal]] | None:
    """The amount over the credit of the payments in their order; None where they hold less."""
    shares, left = [], amount
    for payment in payments:
        part = min(left, payment.unallocated)
        if part > 0:
            shares.append((payment, part))
            left -= part
    return None if left else shares


def _money_account(method: str, bank_account: BankAccount | None) -> str:
    if bank_account is not None:
        return bank_account.ledger_account
    return ledger.CASH if method == Method.CASH else ledger.BANK


def _insert(*, customer: Customer, at: datetime, **columns: Any) -> Refund:
    """The next refund of the customer's company; its number is what the bank's line will name (end-to-end id)."""
    number = next_number(company_id=customer.company_id, series=SERIES, on=local_day(at))
    refund: Refund = Refund.everywhere.create(
        company_id=customer.company_id, customer=customer, number=number, end_to_end_id=number, at=at, **columns
    )
    return refund


def _take(refund: Refund, shares: Sequence[tuple[Payment, Decimal]], *, sign: int = 1) -> None:
    """Take the shares off locked payments (`sign` −1 gives them back)."""
    for payment, amount in shares:
        payment.allocated += sign * amount
        payment.save(update_fields=["allocated"])
        RefundShare.everywhere.create(
            company_id=refund.company_id,
            refund=refund,
            payment=payment,
            amount=sign * amount,
            at=refund.cancelled_at or refund.at,
        )


@transaction.atomic
def return_payment(
    *,
    payment: Payment,
    amount: Decimal,
    returned_on: date,
    reason: str,
    actor: Actor,
    at: datetime,
    bank_account: BankAccount | None = None,
) -> Refund:
    """The bank took `amount` of a payment back: the invoices it paid are open again, the latest paid first.

    It leaves the account it came in on, or `bank_account`. What was declared of it is declared back on `returned_on`.
    Raises AmountNotPositive, FractionOfACent, RefundedInTheFuture, ReturnedBeyond, Stale.
    """
    check_amount(amount)
    if returned_on > local_day(at):
        raise RefundedInTheFuture(fields={"made_on": RefundedInTheFuture.message})
    invoices = lock_invoices(Invoice.everywhere.in_bulk(held_by(payment)).values())
    locked = lock_payment(payment)
    released = _release(locked, amount, invoices, returned_on, reason, actor=actor, at=at)
    refund = _insert(
        customer=locked.customer,
        kind=RefundKind.RETURN,
        amount=amount,
        currency=locked.currency,
        method=locked.method,
        bank_account=bank_account or locked.bank_account,
        account=bank_account.ledger_account if bank_account else _booked_on(locked),
        reason=reason[:200],
        made_on=returned_on,
        released=[[str(pk), f"{part:f}"] for pk, part in released.items()],
        at=at,
    )
    _take(refund, [(locked, amount)])
    _seal("payments.refund.returned", refund, [(locked, amount)], actor=actor, at=at)
    _book(refund, actor=actor, at=at)
    payment.refresh_from_db()
    return refund


def _release(
    locked: Payment,
    amount: Decimal,
    invoices: Any,
    returned_on: date,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
) -> dict[int, Decimal]:
    """Free what credit misses of `amount`, of the invoices that were paid last first."""
    held = held_by(locked)
    missing = amount - locked.unallocated
    if missing > sum(held.values(), ZERO):
        left, wanted = (
            typography.money(value, locked.currency) for value in (locked.unallocated + sum(held.values()), amount)
        )
        raise ReturnedBeyond(number=locked.number, unallocated=left, amount=wanted)
    released = {}
    latest = locked.allocations.filter(amount__gt=0).order_by("-at", "-id").values_list("invoice_id", flat=True)
    for pk in dict.fromkeys(latest):
        part = min(held.get(pk, ZERO), missing)
        if part > 0:
            release_allocation(
                payment=locked, invoice=invoices[pk], amount=part, reason=reason, actor=actor, at=at, on=returned_on
            )
            released[pk], missing = part, missing - part
    return released


def _booked_on(payment: Payment) -> str:
    """The money account that the payment was booked on."""
    booked = JournalLine.everywhere.filter(entry__source=payment.subject, debit__gt=0).order_by("entry_id", "position")
    return str(booked.values_list("account", flat=True)[0])


@transaction.atomic
def cancel_refund(*, refund: Refund, reason: str, actor: Actor, at: datetime) -> Refund:
    """Take a refund back whole: its opposite is booked, and the credit is the customer's again.

    The invoices that a return opened are paid again as far as they still ask for money. Raises AlreadyCancelled,
    RefundMatched.
    """
    released = {int(pk): Decimal(part) for pk, part in refund.released}
    invoices = lock_invoices(Invoice.everywhere.in_bulk(released).values())
    taken = list(refund.shares.filter(amount__gt=0).order_by("payment_id"))
    shares = [(lock_payment(share.payment), share.amount) for share in taken]
    locked: Refund = Refund.everywhere.select_for_update(no_key=True).get(pk=refund.pk)
    if not locked.is_live:
        raise AlreadyCancelled(number=locked.number)
    if MatchPart.everywhere.filter(refund=locked, match__undone_at=None).exists():
        raise RefundMatched(number=locked.number)
    Refund.everywhere.filter(pk=locked.pk).update(cancelled_at=at, cancelled_because=reason[:200])
    locked.refresh_from_db()
    _take(locked, shares, sign=-1)
    for payment, _amount in shares:
        # one payment for a return, the only kind that released anything
        again = [Share(invoices[pk], min(part, invoices[pk].balance)) for pk, part in released.items()]
        allocate_locked(payment, [share for share in again if share.amount > 0], invoices, actor=actor, at=at)
    documents = [payment for payment, _amount in shares]
    data = {"number": locked.number, "amount": locked.amount, "reason": reason}
    audit.record(
        "payments.refund.cancelled",
        subject=locked,
        also=[locked.customer, *documents],
        actor=actor,
        at=at,
        data=data,
    )
    _book(locked, actor=actor, at=at)
    refund.refresh_from_db()
    return refund


def _seal(tag: str, refund: Refund, shares: Sequence[tuple[Payment, Decimal]], *, actor: Actor, at: datetime) -> None:
    audit.record(
        tag,
        subject=refund,
        also=[refund.customer, *(payment for payment, _amount in shares)],
        actor=actor,
        at=at,
        seal=True,
        data={
            "number": refund.number,
            "amount": refund.amount,
            "method": refund.method,
            "reason": refund.reason,
            "payments": {payment.number: amount for payment, amount in shares},
        },
    )


def _book(refund: Refund, *, actor: Actor, at: datetime) -> None:
    """D 411 / C the money account; the other way round once it is cancelled."""
    sign = 1 if refund.is_live else -1
    undone = "" if refund.is_live else "Annulation "
    what = "rejet" if refund.kind == RefundKind.RETURN else "remboursement"
    entry = Entry(
        label=f"{undone}{what} {refund.number} {refund.customer.name}",
        piece=refund.number,
        piece_date=refund.made_on,
        source=refund,
        postings=[
            Posting(ledger.CUSTOMERS, sign * refund.amount, refund.customer_id),
            Posting(refund.account, -sign * refund.amount),
        ],
    )
    ledger.post([entry], journal=Journal.BANK, day=local_day(at), actor=actor, at=at)
