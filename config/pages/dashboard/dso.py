"""Days sales outstanding, gross against gross, credit notes taken off, over elapsed days; None where it means nothing.

simple: what is owed, divided by the sales of a period, times its days. count-back: whole months of sales are taken off
what is owed, each for its days, and of the last month the share that remains: 212,000 over 100, 80 and 70 thousand of
30 days are 30 + 30 + 32/70 × 30 = 73.7. best possible: simple, if nothing were late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.money import ZERO, quantize

TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class MonthOfSales:
    """Gross sales of a month, or of as many of its days as have passed."""

    first: date
    days: int
    sales: Decimal


def simple(owed: Decimal, sales: Decimal, days: int) -> Decimal | None:
    return quantize(owed * days / sales, TENTH) if sales > 0 else None


def count_back(owed: Decimal, latest_first: Sequence[MonthOfSales]) -> Decimal | None:
    """None without any sale, and where more is owed than all sales that are known."""
    if not any(month.sales > 0 for month in latest_first):
        return None
    left, days = owed, ZERO
    for month in latest_first:
        if left <= 0:
            break
        if month.sales > left:
            days += left / month.sales * month.days
            left = ZERO
        else:
            days += month.days
            left -= month.sales
    return quantize(days, TENTH) if left <= 0 else None
