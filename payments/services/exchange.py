"""Money in another currency than that of the books: what it was worth when it came, and what exchange gains or loses.

A payment is booked at the rate of its day; what it pays was booked at that of its invoice. The difference is realised
with each share, at once (656 or 756, ANC 2014-03 as changed by 2015-05); the last share takes what is left of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from billing import exchange, ledger
from billing.ledger import Entry, Posting
from billing.models import Journal, JournalLine
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.exchange import rate_on
from config.kernel.money import PRECISION, ZERO, round_in
from payments.models import Allocation, BankAccount, BankLine, Payment, Refund


def worth_on(amount: Decimal, *, company_id: int, currency: str, books: str, on: date) -> Decimal:
    """An amount in the currency of the books at the rate of a day. Raises UnknownRate."""
    if currency == books:
        return amount
    found = rate_on(company_id=company_id, base=books, currency=currency, on=on)
    with localcontext() as context:
        context.prec = PRECISION
        return round_in(amount / found.rate, books)


def at_rate(postings: Sequence[Posting], *, company_id: int, currency: str, books: str, on: date) -> list[Posting]:
    """Postings in a currency as the books take them, at the rate of a day; the last one takes the cent.

    Raises UnknownRate.
    """
    if currency == books:
        return list(postings)
    amounts = [
        worth_on(posting.amount, company_id=company_id, currency=currency, books=books, on=on) for posting in postings
    ]
    amounts[-1] -= sum(amounts, ZERO)
    return [
        replace(posting, amount=amount, currency=currency, currency_amount=posting.amount)
        for posting, amount in zip(postings, amounts, strict=True)
    ]


def of_line(line: BankLine, postings: Sequence[Posting]) -> list[Posting]:
    """What a bank line books by itself, at the rate of its day. Raises UnknownRate."""
    books = line.company.currency
    return at_rate(postings, company_id=line.company_id, currency=line.currency, books=books, on=line.booked_on)


def is_foreign(row: Refund | BankAccount) -> bool:
    """Whether it is in another currency than its company's books."""
    return bool(row.currency != row.company.currency)


def in_currency(row: Refund) -> dict[str, Any]:
    """What its posting says beside its amount, where that is in another currency."""
    return {"currency": row.currency, "currency_amount": row.amount} if is_foreign(row) else {}


def value_of_refund(refund: Refund) -> Decimal:
    """What the refund took off its money account, in the books."""
    if not is_foreign(refund):
        return refund.amount
    booked = JournalLine.everywhere.filter(entry__source=refund.subject, account=refund.account)
    return Decimal(booked.aggregate(sum=Sum(F("credit") - F("debit"), default=ZERO))["sum"])


def moved(account: BankAccount) -> Any:
    """What a line of the books moves on a bank account, in the account's currency."""
    return Coalesce(F("currency_amount"), ZERO) if is_foreign(account) else F("debit") - F("credit")


def value_of(payment: Payment, part: Decimal) -> Decimal:
    """What so much of a payment, from nothing to its whole, is in the books."""
    if payment.accounting_amount is None:
        return part
    with localcontext() as context:
        context.prec = PRECISION
        return quantized(payment.accounting_amount * part / payment.amount)


def quantized(amount: Decimal) -> Decimal:
    """Both currencies of books, euro and franc, have cents."""
    return round_in(amount, "EUR")


def value_of_last(payment: Payment, amount: Decimal) -> Decimal:
    """What the last `amount` used of a payment was in the books, once it is counted; negative where given back."""
    return value_of(payment, payment.allocated) - value_of(payment, payment.allocated - amount)


def in_value(payment: Payment, account: str, amount: Decimal, customer_id: int | None = None) -> Posting:
    """A posting of a whole payment."""
    if payment.accounting_amount is None:
        return Posting(account, amount, customer_id)
    return Posting(
        account,
        value_of(payment, amount),
        customer_id,
        currency=payment.currency,
        currency_amount=amount,
    )


def book_differences(rows: Sequence[tuple[Allocation, Decimal]], *, actor: Actor, at: datetime) -> None:
    """Book what exchange gained or lost with allocations just written, whose invoices have counted them.

    Each comes with what its share of the payment was worth.
    """
    entries = [_difference(row, value) for row, value in rows]
    moving = [entry for entry in entries if entry is not None]
    ledger.post(moving, journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)


def difference_account(gained: Decimal, *, is_undone: bool) -> str:
    """A gain is income, a loss is a charge; what is taken back leaves the account where it was booked."""
    return ledger.TRADE_EXCHANGE_GAIN if (gained > 0) is not is_undone else ledger.TRADE_EXCHANGE_LOSS


def _difference(row: Allocation, value: Decimal) -> Entry | None:
    invoice, payment = row.invoice, row.payment
    gained = value - exchange.share_worth(invoice, row.amount)
    if not gained:
        return None
    account = difference_account(gained, is_undone=row.amount < 0)
    return Entry(
        label=f"Écart de change {invoice.number} {payment.number} {payment.customer.name}",
        piece=payment.number,
        piece_date=payment.paid_on,
        source=row,
        # on the later of the two days: before, the difference was not realised; what is taken back, on the day it is
        on=max(payment.paid_on, invoice.issue_date or payment.paid_on) if row.amount > 0 else None,
        postings=[
            Posting(ledger.CUSTOMERS, gained, invoice.customer_id, currency=invoice.currency, currency_amount=ZERO),
            Posting(account, -gained),
        ],
    )
