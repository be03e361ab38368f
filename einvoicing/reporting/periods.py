"""When what is reported, by VAT regime (décret 2022-1299, CGI ann. II 242 nonies O and P; loi 2023-1322 art. 91).

A period covers whole days, periods of one kind follow each other without a gap, and each has a day from which and a
day until which its report is sent.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from config.kernel.errors import Invalid

SALES, PURCHASES, PAYMENTS = "SALES", "PURCHASES", "PAYMENTS"
KINDS = (SALES, PURCHASES, PAYMENTS)
MONTHLY, QUARTERLY, SIMPLIFIED, FRANCHISE = "MONTHLY", "QUARTERLY", "SIMPLIFIED", "FRANCHISE"
REGIMES = (MONTHLY, QUARTERLY, SIMPLIFIED, FRANCHISE)

_CODE = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])(?:-([123]))?")
_OPENS, _CLOSES = 25, 10  # days of the month after


class UnknownPeriod(Invalid):
    code = "unknown_period"
    message = (
        "« %(text)s » n’est pas une période de ce régime : écrivez 2026-11-1, -2 ou -3 pour une décade, "
        "2026-11 pour un mois."
    )


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`code`: 2026-11-2 for a décade, 2026-11 for a month, 2026-11 for November and December under the franchise.

    `opens_on` and `due_on`: the first and the last day on which its report is sent.
    """

    start: date
    end: date
    kind: str
    code: str
    opens_on: date
    due_on: date

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.end

    def is_over(self, on: date) -> bool:
        return on > self.end

    @property
    def carries_payments(self) -> bool:
        return self.kind == PAYMENTS


def period_at(day: date, *, kind: str, regime: str) -> Period:
    """The period of this kind and regime that holds the day."""
    if regime == MONTHLY and kind != PAYMENTS:
        return _decade(day, kind)
    if regime == FRANCHISE:
        return _two_months(day, kind)
    start, end = day.replace(day=1), _month_end(day)
    after = end + timedelta(days=1)
    if regime == SIMPLIFIED:
        opens_on, due_on = after.replace(day=_OPENS), _month_end(after)
    else:
        opens_on, due_on = after, after.replace(day=_CLOSES)
    return Period(start, end, kind, f"{start:%Y-%m}", opens_on, due_on)


def parse_period(text: str, *, regime: str) -> list[Period]:
    """The periods that `text` names: of transactions for a décade; for a month of payments, and of transactions where
    the regime reports them by month. Raises UnknownPeriod.
    """
    found = _CODE.fullmatch(text.strip())
    if found is None:
        raise UnknownPeriod(text=text[:20])
    year, month, decade = int(found[1]), int(found[2]), found[3]
    by_decade = regime == MONTHLY
    if decade and not by_decade:
        raise UnknownPeriod(text=text[:20])
    day = date(year, month, (int(decade) - 1) * 10 + 1 if decade else 1)
    kinds = (SALES, PURCHASES) if decade else (PAYMENTS,) if by_decade else KINDS
    return [period_at(day, kind=kind, regime=regime) for kind in kinds]


def following(period: Period, *, regime: str) -> Period:
    """The next one of its kind, under this regime."""
    return period_at(period.end + timedelta(days=1), kind=period.kind, regime=regime)


def periods_between(first: date, last: date, *, kind: str, regime: str) -> Iterator[Period]:
    """Those that begin within the days, in order."""
    period = period_at(first, kind=kind, regime=regime)
    while period.start <= last:
        if period.start >= first:
            yield period
        period = following(period, regime=regime)


def _decade(day: date, kind: str) -> Period:
    number = min((day.day - 1) // 10, 2)
    start, month_end = day.replace(day=number * 10 + 1), _month_end(day)
    after = month_end + timedelta(days=1)
    end = month_end if number == 2 else start + timedelta(days=9)
    due_on = (day.replace(day=20), month_end, after.replace(day=_CLOSES))[number]
    return Period(start, end, kind, f"{start:%Y-%m}-{number + 1}", end + timedelta(days=1), due_on)


def _two_months(day: date, kind: str) -> Period:
    start = day.replace(day=1, month=day.month - (day.month + 1) % 2)
    end = _month_end(start.replace(month=start.month + 1))
    after = end + timedelta(days=1)
    return Period(start, end, kind, f"{start:%Y-%m}", after.replace(day=_OPENS), _month_end(after))


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
