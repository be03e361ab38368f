"""What the money adds up to: received by period, what is late, how fast customers pay, and each one's account.

Sums are asked of SQL, in one currency at a time; balances are those of `Invoice`, and a customer's account is read
from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db.models import Avg, Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Trunc

from billing.billed import GROSS, billed
from billing.ledger import CUSTOMERS
from billing.models import BALANCE, Invoice, JournalLine
from config.kernel.errors import Invalid
from config.kernel.money import ZERO, quantize, round2
from customers.models import Customer
from payments.models import Payment, RefundKind, RefundShare

PERIODS = ("day", "week", "month", "year")
MOST_PERIODS = 1000
MOST_MOVES = 2000
TENTH = Decimal("0.1")
TOO_MANY_MOVES = "Cette période compte plus de 2 000 mouvements : choisissez-en une plus courte."


def live_payments() -> QuerySet[Payment]:
    """Money received that was not taken back."""
    rows: QuerySet[Payment] = Payment.objects.filter(reverses=None, reversed_at=None)
    return rows


def still_received(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """Those of which the bank did not take everything back, each with what `remains` of it."""
    taken = RefundShare.objects.filter(payment=OuterRef("pk"), refund__kind=RefundKind.RETURN)
    taken = taken.filter(refund__cancelled_at=None).order_by().values("payment")
    returned = Coalesce(Subquery(taken.annotate(sum=Sum("amount")).values("sum")), ZERO, output_field=DecimalField())
    rows: QuerySet[Payment] = payments.annotate(remains=F("amount") - returned).filter(remains__gt=0)
    return rows


def received_by_period(payments: QuerySet[Payment], period: str) -> list[dict[str, Any]]:
    """Count and sum by period (one of PERIODS) and method, the latest first; the latest MOST_PERIODS rows.

    What the bank took back of a payment (an unpaid debit, a bounced cheque) does not count.
    """
    rows = still_received(payments).annotate(period=Trunc("paid_on", period)).values("period", "method")
    sums = rows.annotate(payment_count=Count("pk"), total_amount=Sum("remains")).order_by("-period", "method")
    return cast(list[dict[str, Any]], list(sums[:MOST_PERIODS]))


def received_in_all(payments: QuerySet[Payment]) -> dict[str, Any]:
    """How many, how much, the average, and how many invoices hold some of it. Two queries."""
    sums = still_received(payments).aggregate(
        total_payments=Count("pk"), total_amount=Sum("remains", default=ZERO), average=Avg("remains", default=ZERO)
    )
    held = Invoice.objects.filter(allocations__payment__in=payments).annotate(held=Sum("allocations__amount"))
    return {
        "total_payments": sums["total_payments"],
        "total_amount": sums["total_amount"],
        "average_payment": round2(Decimal(sums["average"])),
        "invoices_paid": held.filter(held__gt=0).count(),
    }


def _late_between(on: date, first: int, last: int | None = None) -> Q:
    """Late by `first` to `last` days; without `last`, by `first` or more."""
    late = Q(due_date__lte=on - timedelta(days=first))
    return late if last is None else late & Q(due_date__gte=on - timedelta(days=last))


def _buckets(on: date) -> dict[str, Sum | Count]:
    slices = {
        "not_due": Q(due_date__gte=on),
        "days_1_30": _late_between(on, 1, 30),
        "days_31_60": _late_between(on, 31, 60),
        "days_61_90": _late_between(on, 61, 90),
        "days_over_90": _late_between(on, 91),
    }
    sums = {name: Sum(BALANCE, filter=only, default=ZERO) for name, only in slices.items()}
    return {**sums, "total": Sum(BALANCE, default=ZERO), "invoices": Count("pk")}


@dataclass(frozen=True, slots=True)
class Aging:
    """What customers owe by how late it is, and the credit they have besides."""

    total: Mapping[str, Any]
    customers: Sequence[Mapping[str, Any]]


def aging(*, on: date, currency: str, limit: int) -> Aging:
    """The balances of today by lateness: of everybody, and of the `limit` customers who owe most. Four queries."""
    due = Invoice.objects.outstanding().filter(currency=currency)
    rows = due.values("customer_id", name=F("customer__name")).annotate(**_buckets(on))
    owing = list(rows.order_by("-total", "customer_id")[:limit])
    free = live_payments().filter(currency=currency, amount__gt=F("allocated"))
    rest = Sum(F("amount") - F("allocated"), default=ZERO)
    of_those = free.filter(customer__in=[row["customer_id"] for row in owing])
    credit = dict(of_those.values("customer_id").annotate(rest=rest).values_list("customer_id", "rest"))
    return Aging(
        total={**due.aggregate(**_buckets(on)), "credit": free.aggregate(rest=rest)["rest"]},
        customers=[
            {**row, "customer_name": row["name"], "credit": credit.get(row["customer_id"], ZERO)} for row in owing
        ],
    )


@dataclass(frozen=True, slots=True)
class SalesOutstanding:
    """Days of sales that wait for money: what is due, divided by what was billed, times the days."""

    receivable: Decimal
    overdue: Decimal
    billed: Decimal
    dso: Decimal | None  # None when nothing was billed in the period
    best_possible_dso: Decimal | None  # the same, if nothing were late


def days_of_sales(*, on: date, days: int, currency: str) -> SalesOutstanding:
    """DSO over the last `days` days, gross against gross, to a tenth of a day. Two queries."""
    due = (
        Invoice.objects.outstanding()
        .filter(currency=currency)
        .aggregate(total=Sum(BALANCE, default=ZERO), late=Sum(BALANCE, filter=Q(due_date__lt=on), default=ZERO))
    )
    sold = Invoice.objects.issued().filter(
        currency=currency, issue_date__gt=on - timedelta(days=days), issue_date__lte=on
    )
    sales: Decimal = sold.aggregate(gross=billed(GROSS))["gross"]

    def in_days(amount: Decimal) -> Decimal | None:
        return quantize(amount * days / sales, TENTH) if sales > 0 else None

    return SalesOutstanding(
        due["total"], due["late"], sales, in_days(due["total"]), in_days(due["total"] - due["late"])
    )


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account over a period: positive when the customer owes."""

    opening: Decimal
    moves: Sequence[Mapping[str, Any]]
    closing: Decimal


def account_of(customer: Customer, *, from_date: date, to_date: date) -> Account:
    """The account 411 of one customer, from the journal: opening, each move with the balance after it, closing.

    Two queries. Raises Invalid for a period of more than MOST_MOVES moves.
    """
    lines = JournalLine.objects.filter(customer=customer, account=CUSTOMERS, is_carried=False)
    opening: Decimal = lines.filter(entry__day__lt=from_date).aggregate(
        sum=Sum(F("debit") - F("credit"), default=ZERO)
    )["sum"]
    within = lines.filter(entry__day__gte=from_date, entry__day__lte=to_date).select_related("entry")
    rows = list(within.order_by("entry__day", "entry__created_at", "entry_id", "position")[: MOST_MOVES + 1])
    if len(rows) > MOST_MOVES:
        raise Invalid(fields={"from_date": TOO_MANY_MOVES})
    balance, moves = opening, []
    for row in rows:
        balance += row.debit - row.credit
        moves.append({"line": row, "entry": row.entry, "balance": balance})
    return Account(opening, moves, balance)
