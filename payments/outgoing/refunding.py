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

from billing import ledger
from billing.models import Invoice
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import iban as ibans
from config.kernel.money import ZERO
from customers.models import Customer
from payments.debits.standing import restore_debit
from payments.models import BankAccount, MatchPart, Method, Payment, Refund, RefundKind
from payments.outgoing.recording import book_refund, check_day, insert_refund, seal_refund, take_shares
from payments.services.allocations import (
    Share,
    allocate_locked,
    check_amount,
    lock_invoices,
    lock_payment,
)
from payments.services.cash import check_till
from payments.services.credits import EURO, credit_payments


class BeyondCredit(DomainError):
    code = "refund_beyond_credit"
    message = "Le crédit de %(customer)s est de %(credit)s : %(amount)s ne peuvent pas être remboursés."


class NotOfCustomer(Invalid):
    code = "payment_of_another_customer"
    message = "%(number)s n’est pas un encaissement de ce client dans cette devise."


class IbanMissing(Invalid):
    code = "iban_missing"
    message = "Indiquez l’IBAN du client : c’est là que part le virement."


class AlreadyCancelled(DomainError):
    code = "refund_cancelled"
    message = "%(number)s est déjà annulé."


class RefundMatched(DomainError):
    code = "refund_matched"
    message = "%(number)s est rapproché d’une ligne bancaire : défaites d’abord le rapprochement."


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
    check_day(made_on, at)
    number = _checked_iban(iban, method)
    if method == Method.CASH and bank_account is None:
        check_till(customer.company_id, amount, currency)
    found = list(credit_payments(customer, currency=currency)) if payments is None else list(payments)
    locked = {payment.pk: lock_payment(payment) for payment in sorted(found, key=lambda row: row.pk)}
    _check_owners(locked.values(), customer, currency)
    shares = _spread(amount, [locked[payment.pk] for payment in found])
    if shares is None:
        credit = sum((payment.unallocated for payment in locked.values()), ZERO)
        held, wanted = (typography.money(value, currency) for value in (credit, amount))
        raise BeyondCredit(customer=customer.name, credit=held, amount=wanted)
    refund = insert_refund(
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
    value = take_shares(refund, shares)
    seal_refund("payments.refund.made", refund, shares, actor=actor, at=at)
    book_refund(refund, value=value, actor=actor, at=at)
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
    value = take_shares(locked, shares, sign=-1)
    for payment, _amount in shares:
        # one payment for a return, the only kind that released anything
        again = [Share(invoices[pk], min(part, invoices[pk].balance)) for pk, part in released.items()]
        allocate_locked(payment, [share for share in again if share.amount > 0], invoices, actor=actor, at=at)
        if locked.kind == RefundKind.RETURN:
            restore_debit(payment, actor=actor, at=at)
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
    book_refund(locked, value=value, actor=actor, at=at)
    refund.refresh_from_db()
    return refund
