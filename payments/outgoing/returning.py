"""Payments that the bank takes back: a direct debit unpaid, a cheque bounced. Its invoices are open again.

Lock order: invoices by key, then the payment, then the counters.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice, JournalLine
from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.errors import Stale
from config.kernel.money import ZERO
from payments.models import BankAccount, Payment, Refund, RefundKind
from payments.outgoing.recording import book_refund, check_day, insert_refund, seal_refund, take_shares
from payments.services.allocations import (
    NotEnoughCredit,
    check_amount,
    held_by,
    lock_invoices,
    lock_payment,
    release_allocation,
)


class ReturnedBeyond(NotEnoughCredit):
    message = (
        "%(amount)s ne peuvent pas être rejetés sur %(number)s : "
        "il n’en reste que %(unallocated)s qui ne soient ni remboursés ni gardés."
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
    Raises AmountNotPositive, FractionOfACent, RefundedInTheFuture, PaidTooLongAgo, ReturnedBeyond, Stale.
    """
    check_amount(amount)
    check_day(returned_on, at)
    invoices = lock_invoices(Invoice.everywhere.in_bulk(held_by(payment)).values())
    locked = lock_payment(payment)
    # read without lock to know which invoices to lock first: it pays another one since
    if not held_by(locked).keys() <= invoices.keys():
        raise Stale
    released = _release(locked, amount, invoices, returned_on, reason, actor=actor, at=at)
    refund = insert_refund(
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
    value = take_shares(refund, [(locked, amount)])
    seal_refund("payments.refund.returned", refund, [(locked, amount)], actor=actor, at=at)
    book_refund(refund, value=value, actor=actor, at=at)
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
    booked = JournalLine.everywhere.filter(entry__source=payment.subject, debit__gt=0, invoice=None)
    return str(booked.order_by("entry_id", "position").values_list("account", flat=True)[0])
