"""What comes in by week, as three figures: P10, P50, P90 of many drawn futures. Plain numbers, the same each time.

Invoices of one customer are paid together more often than by chance, and a slow month is slow for all: each future
draws how prompt the times are, then each customer, then each invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.pages.dashboard.lateness import Lateness, chances_by_week

WEEKS = 13
FUTURES = 400
TIMES, CUSTOMER = 0.12, 0.30  # shares of what is common to all, and to one customer's invoices
QUANTILES = (0.1, 0.5, 0.9)
SEED = 20261130
AT_ONCE = 2_000  # invoices drawn together: memory stays small

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expected:
    """An open invoice: what is left of it, and how late it is today."""

    customer_id: int
    amount: float
    late: int


@dataclass(frozen=True, slots=True)
class Futures:
    """Money of each future by week (rows: futures). `already_in` comes off first: it is at the bank and not matched."""

    weekly: Floats
    already_in: float = 0.0

    @property
    def cumulative(self) -> Floats:
        return np.maximum(self.weekly.cumsum(axis=1) - self.already_in, 0.0)

    def weeks(self) -> Floats:
        """The three quantiles of each week (rows: weeks)."""
        return np.quantile(np.diff(self.cumulative, axis=1, prepend=0.0), QUANTILES, axis=0).T

    def balances(self) -> Floats:
        """Of all that came until the end of each week."""
        return np.quantile(self.cumulative, QUANTILES, axis=0).T


def simulate(expected: Sequence[Expected], lateness: Lateness, *, already_in: float = 0.0) -> Futures:
    chance = np.random.default_rng(SEED)
    weekly = np.zeros((FUTURES, WEEKS))
    times = chance.standard_normal((FUTURES, 1))
    place_of = {customer: place for place, customer in enumerate(sorted({one.customer_id for one in expected}))}
    customers = chance.standard_normal((FUTURES, len(place_of)))
    for start in range(0, len(expected), AT_ONCE):
        part = expected[start : start + AT_ONCE]
        amounts = np.array([one.amount for one in part])
        ends = np.array([_ends(lateness, one) for one in part])
        mine = customers[:, [place_of[one.customer_id] for one in part]]
        own = chance.standard_normal((FUTURES, len(part)))
        drawn = TIMES**0.5 * times + CUSTOMER**0.5 * mine + (1 - TIMES - CUSTOMER) ** 0.5 * own
        weeks = _weeks_of(_uniform(drawn), ends)
        for week in range(WEEKS):
            weekly[:, week] += (weeks == week) @ amounts
    return Futures(weekly, already_in)


def _ends(lateness: Lateness, one: Expected) -> Floats:
    """The chance of being paid by the end of each week."""
    return chances_by_week(lateness.of(one.customer_id), one.late, WEEKS).cumsum()


def _weeks_of(drawn: Floats, ends: Floats) -> NDArray[np.intp]:
    """The week in which each is paid; WEEKS for later."""
    found = np.zeros(drawn.shape, dtype=np.intp)
    for week in range(WEEKS):
        found += drawn >= ends[:, week]
    return found


def _uniform(drawn: Floats) -> Floats:
    """From the normal to the uniform, by the logistic that is nearest to it: within a hundredth."""
    found: Floats = 1.0 / (1.0 + np.exp(-1.702 * drawn))
    return found
