"""How late customers usually pay, when each open invoice may be expected, where the largest risks are, cash by week.

A customer's usual delay is the mean number of days between due date and payment, weighted by the money, over what was
received in two years; it is told with the number of invoices it rests on. Without one, the company's stands in and
says so; without that either, nothing is expected on a day: unknown is said as unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, Func, IntegerField, Max, Q, Sum, Value

from billing.models import BALANCE, Invoice
from config.kernel.money import ZERO
from payments.models import Allocation

DAYS_BACK = 730  # of payments that tell a habit
WEEKS = 12  # told one by one
MOST_RISKS = 20


class DaysBetween(Func):
    """The days from the second date to the first."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Habit:
    """Days after the due date (before it: negative), and on how many invoices that rests."""

    days: int
    invoices: int
    is_own: bool = True  # False: the company's, in the place of a customer's

    @property
    def days_early(self) -> int:
        """How long before the due date; 0 on it or after it."""
        return max(-self.days, 0)


@dataclass(frozen=True, slots=True)
class Habits:
    company: Habit | None
    own: Mapping[int, Habit]

    def of(self, customer_id: int) -> Habit | None:
        """The customer's own, else the company's; None when nothing is known."""
        return self.own.get(customer_id) or self.company

    def expected(self, customer_id: int, due: date | None) -> date | None:
        habit = self.of(customer_id)
        return None if habit is None or due is None else due + timedelta(days=habit.days)


def habits(*, on: date, customers: Collection[int] | None = None) -> Habits:
    """The habits of these customers, or of all, and the company's. Two queries."""
    since = on - timedelta(days=DAYS_BACK)
    held = Allocation.objects.filter(payment__paid_on__gte=since, invoice__due_date__isnull=False).order_by()
    late = Sum(F("amount") * DaysBetween("payment__paid_on", "invoice__due_date"))
    # money taken back has gone out on the day it came in on: it cancels itself
    sums = {"late": late, "money": Sum("amount"), "invoices": Count("invoice", distinct=True)}
    whole = held.aggregate(**sums)
    rows = held if customers is None else held.filter(invoice__customer_id__in=customers)
    found = rows.values("invoice__customer_id").annotate(**sums).filter(money__gt=0)
    own = {row["invoice__customer_id"]: Habit(_mean(row), row["invoices"]) for row in found}
    company = Habit(_mean(whole), whole["invoices"], is_own=False) if whole["money"] else None
    return Habits(company, own)


def _mean(row: Mapping[str, Decimal]) -> int:
    return int((row["late"] / row["money"]).to_integral_value())


@dataclass(frozen=True, slots=True)
class Week:
    """Money expected from `first` to `last`; both None where no day can be told, or where it should have come."""

    label: str  # OVERDUE, WEEK, LATER, UNKNOWN, DISPUTED
    amount: Decimal
    invoices: int
    first: date | None = None
    last: date | None = None


OVERDUE, WEEK, LATER, UNKNOWN, DISPUTED = "OVERDUE", "WEEK", "LATER", "UNKNOWN", "DISPUTED"


def cash_by_week(*, on: date, currency: str, known: Habits) -> list[Week]:
    """What may come in, week by week from the Monday of `on`; what should have come already stands first. One query."""
    rows = Invoice.objects.outstanding().filter(currency=currency).order_by()
    sums = rows.values("customer_id", "due_date", disputed=Q(disputed_at__isnull=False))
    monday = on - timedelta(days=on.weekday())
    found: dict[tuple[str, int], tuple[Decimal, int]] = {}
    for row in sums.annotate(owed=Sum(BALANCE), count=Count("pk")):
        place = _place(row["disputed"], known.expected(row["customer_id"], row["due_date"]), on, monday)
        amount, count = found.get(place, (ZERO, 0))
        found[place] = amount + row["owed"], count + row["count"]
    weeks = [
        Week(
            WEEK,
            *found.get((WEEK, place), (ZERO, 0)),
            first=monday + timedelta(weeks=place),
            last=monday + timedelta(weeks=place, days=6),
        )
        for place in range(WEEKS)
    ]
    outside = {
        label: Week(label, *found[label, 0]) for label in (OVERDUE, LATER, UNKNOWN, DISPUTED) if (label, 0) in found
    }
    before = [outside[OVERDUE]] if OVERDUE in outside else []
    return [*before, *weeks, *(outside[label] for label in (LATER, UNKNOWN, DISPUTED) if label in outside)]


def _place(disputed: bool, expected: date | None, on: date, monday: date) -> tuple[str, int]:
    if disputed:
        return DISPUTED, 0
    if expected is None:
        return UNKNOWN, 0
    if expected < on:
        return OVERDUE, 0
    week = (expected - monday).days // 7
    return (WEEK, week) if week < WEEKS else (LATER, 0)


@dataclass(frozen=True, slots=True)
class Risk:
    """What a customer owes and is late with. `weight`: euros × days late, by which the largest comes first."""

    customer_id: int
    name: str
    owed: Decimal
    late: Decimal
    days_late: int
    weight: Decimal
    habit: Habit | None


def largest_risks(*, on: date, currency: str, known: Habits) -> Sequence[Risk]:
    """The customers whose late money weighs most. One query."""
    late = Q(due_date__lt=on)
    days = DaysBetween(Value(on), "due_date")
    rows = Invoice.objects.outstanding().filter(currency=currency).order_by()
    sums = rows.values("customer_id", "customer__name").annotate(
        owed=Sum(BALANCE),
        late=Sum(BALANCE, filter=late),
        days_late=Max(days, filter=late),
        weight=Sum(BALANCE * days, filter=late),
    )
    return [
        Risk(
            row["customer_id"],
            row["customer__name"],
            row["owed"],
            row["late"],
            row["days_late"],
            row["weight"],
            known.of(row["customer_id"]),
        )
        for row in sums.filter(late__gt=0).order_by("-weight", "customer_id")[:MOST_RISKS]
    ]
