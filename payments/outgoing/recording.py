"""The row of a refund or of a return, what it takes of payments, its seal and its entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing import ledger
from billing.ledger import Entry, Posting
from billing.numbering import next_number
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.money import ZERO
from customers.models import Customer
from payments.dates import check_not_ancient
from payments.models import Payment, Refund, RefundKind, RefundShare
from payments.services.bank_journals import post_money
from payments.services.exchange import difference_account, is_foreign, value_of_last, value_of_refund, worth_on

SERIES = "RBT"


class RefundedInTheFuture(Invalid):
    code = "refunded_in_the_future"
    message = "La date du remboursement est dans le futur."


def check_day(day: date, at: datetime) -> None:
    """Raises RefundedInTheFuture, PaidTooLongAgo."""
    if day > local_day(at):
        raise RefundedInTheFuture(fields={"made_on": RefundedInTheFuture.message})
    check_not_ancient(day, "made_on")


def insert_refund(*, customer: Customer, at: datetime, **columns: Any) -> Refund:
    """The next refund of the customer's company; its number is what the bank's line will name (end-to-end id)."""
    number = next_number(company_id=customer.company_id, series=SERIES, on=local_day(at))
    refund: Refund = Refund.everywhere.create(
        company_id=customer.company_id, customer=customer, number=number, end_to_end_id=number, at=at, **columns
    )
    return refund


def take_shares(refund: Refund, shares: Sequence[tuple[Payment, Decimal]], *, sign: int = 1) -> Decimal:
    """Take the shares off locked payments (`sign` −1 gives them back); what they are in the books."""
    value = ZERO
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
        value += value_of_last(payment, sign * amount)
    return value


def seal_refund(
    tag: str, refund: Refund, shares: Sequence[tuple[Payment, Decimal]], *, actor: Actor, at: datetime
) -> None:
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
            "amounts": {payment.number: amount for payment, amount in shares},
            **audit.in_currency(refund.currency),
        },
    )


def book_refund(refund: Refund, *, value: Decimal, actor: Actor, at: datetime) -> None:
    """D 411 / C the money account; the other way round once it is cancelled. `value`: that of what it took of payments.

    In another currency the money leaves at the rate of its day; what exchange gained or lost since it came is booked.
    """
    sign = 1 if refund.is_live else -1
    undone = "" if refund.is_live else "Annulation "
    what = "rejet" if refund.kind == RefundKind.RETURN else "remboursement"
    entry = Entry(
        label=f"{undone}{what} {refund.number} {refund.customer.name}",
        piece=refund.number,
        piece_date=refund.made_on,
        source=refund,
        on=refund.made_on if refund.is_live else None,
        postings=_postings(refund, sign, value),
    )
    post_money([entry], [refund.bank_account], actor=actor, at=at)


def _postings(refund: Refund, sign: int, value: Decimal) -> list[Posting]:
    if not is_foreign(refund):
        return [
            Posting(ledger.CUSTOMERS, sign * refund.amount, refund.customer_id),
            Posting(refund.account, -sign * refund.amount),
        ]
    books = refund.company.currency
    day: Any = {"company_id": refund.company_id, "currency": refund.currency, "books": books, "on": refund.made_on}
    money = worth_on(refund.amount, **day) if refund.is_live else -value_of_refund(refund)
    lost = money - value
    account = difference_account(-lost, is_undone=not refund.is_live)
    foreign: Any = {"currency": refund.currency}
    return [
        Posting(ledger.CUSTOMERS, value, refund.customer_id, currency_amount=sign * refund.amount, **foreign),
        Posting(refund.account, -money, currency_amount=-sign * refund.amount, **foreign),
        Posting(account, lost),
    ]
