"""Aged balances as of a day: by third party, and by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import connection
from django.db.models import F, Q, Sum

from billing.ledger.reports import Parameters
from billing.ledger.reports.lines import counted_lines
from billing.models import Closing, ClosingKind
from config.kernel.clock import start_of_day
from config.kernel.money import ZERO
from payments.aged.statements import BY_DOCUMENT, BY_THIRD_PARTY, PAYABLE, RECEIVABLE

Side = Literal["receivable", "payable"]
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SIDES: dict[Side, str] = {"receivable": RECEIVABLE, "payable": PAYABLE}
ACCOUNTS: dict[Side, tuple[str, ...]] = {"receivable": ("411",), "payable": ("401", "404")}


@dataclass(frozen=True, slots=True)
class Aged:
    """One third party: what is not due, 1–30, 31–60, 61–90 and more days late; what is to its credit is negative."""

    customer_id: int | None
    name: str
    buckets: Sequence[Decimal]
    credit: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self.buckets, ZERO) + self.credit


@dataclass(frozen=True, slots=True)
class AgedDocument:
    """What is left of a document, negative to the credit of its third party.

    `kind`: I an invoice (or purchase) with its credit notes, P a payment, R a refund, L a line of the books, X what
    exchange may gain or lose of all that is open.
    """

    customer_id: int | None
    name: str
    kind: str
    key: int
    issued_on: date
    due_on: date
    days_late: int
    amount: Decimal


def aged_by_third_party(side: Side, parameters: Parameters) -> list[Aged]:
    """Those with anything left at the end of the day, by their names. Two queries."""
    rows = _read(SIDES[side] + BY_THIRD_PARTY, parameters)
    return [Aged(pk, name, tuple(buckets), credit) for pk, name, *buckets, credit in rows]


def aged_documents(side: Side, parameters: Parameters) -> list[AgedDocument]:
    """What is left of each document, by third party and due day. Two queries."""
    return [AgedDocument(*row) for row in _read(SIDES[side] + BY_DOCUMENT, parameters)]


def account_balance(side: Side, parameters: Parameters) -> Decimal:
    """What the account itself says, positive as the aged balance is. One query."""
    of_side = Q()
    for account in ACCOUNTS[side]:
        of_side |= Q(account__startswith=account)
    lines = counted_lines(parameters.but(first_account="", last_account="")).filter(of_side, day__lte=parameters.end)
    balance: Decimal = lines.aggregate(sum=Sum(F("debit") - F("credit"), default=ZERO))["sum"]
    return balance if side == "receivable" else -balance


def _read(statement: str, parameters: Parameters) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(parameters))
        yield from cursor.fetchall()


def _values(parameters: Parameters) -> dict[str, Any]:
    end = start_of_day(parameters.end + timedelta(days=1))
    known = parameters.known_at + timedelta(microseconds=1) if parameters.known_at else NEVER
    return {
        "company": parameters.company.pk,
        "on": parameters.end,
        "end": min(end, known),
        "known": parameters.known_at or NEVER,
        "horizon": min(known, max(end, _closed_for_good(parameters))),
        "by_due": parameters.basis == "due",
        "customer": parameters.customer.pk if parameters.customer else None,
    }


def _closed_for_good(parameters: Parameters) -> datetime:
    """When the day was closed; what is matched later changes nothing of it."""
    closed = Closing.everywhere.filter(
        company=parameters.company, kind=ClosingKind.HARD, through__gte=parameters.end
    ).order_by("at")
    return closed.values_list("at", flat=True).first() or NEVER
