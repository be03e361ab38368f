"""How late money comes: the chance of each day after (or before) the due date, learnt from what was and was not paid.

Kaplan–Meier by days of lateness: an invoice that is still open tells that it was not paid so far, and no more. The
chance that an open invoice is paid on a day, given how late it already is, is a customer's own where it has paid often,
and the company's in so far as it has not: each day's chance is drawn to the company's as if PRIOR further invoices had
shown it. Plain numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EARLIEST, LATEST = -60, 365  # days of lateness told apart; earlier and later ones count as these
DAYS = LATEST - EARLIEST + 1
TAIL = 30  # beyond this lateness a company's days are too few to tell apart: neighbours are taken together
PRIOR = 8.0
ENOUGH = 8  # paid invoices from which a company has habits

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Past:
    """An invoice as it stood: how late it was paid, or how late it is (`is_paid` False)."""

    customer_id: int
    days: int
    is_paid: bool


@dataclass(frozen=True, slots=True)
class Lateness:
    """The chance of being paid on each day of lateness, if not before: the company's, and each customer's."""

    company: Floats
    own: Mapping[int, Floats]
    paid: int

    def of(self, customer_id: int) -> Floats:
        return self.own.get(customer_id, self.company)

    @property
    def is_known(self) -> bool:
        return self.paid >= ENOUGH


def learn(past: Sequence[Past], *, customers: Collection[int]) -> Lateness:
    """The habits of the company, and those of these customers."""
    if not past:
        return Lateness(np.zeros(DAYS), {}, 0)
    keys = np.array([one.customer_id for one in past])
    places = np.clip(np.array([one.days for one in past]), EARLIEST, LATEST) - EARLIEST
    is_paid = np.array([one.is_paid for one in past])
    company = _smoothed(*_counts(places, is_paid))
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    own = {}
    for customer, mine in zip(found, np.split(order, starts[1:]), strict=True):
        if int(customer) in customers:
            paid, at_risk = _counts(places[mine], is_paid[mine])
            own[int(customer)] = (paid + PRIOR * company) / (at_risk + PRIOR)
    return Lateness(company, own, int(is_paid.sum()))


def _counts(places: NDArray[np.intp], is_paid: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Paid on each day, and those that could be: not paid before, and seen until then."""
    paid = np.bincount(places[is_paid], minlength=DAYS).astype(float)
    seen = np.bincount(places, minlength=DAYS).astype(float)
    at_risk = seen[::-1].cumsum()[::-1]
    return paid, at_risk


def _smoothed(paid: Floats, at_risk: Floats) -> Floats:
    """Day by day up to TAIL days late, then over neighbours: a fifth of the lateness on either side."""
    chances = np.zeros(DAYS)
    sums, risks = np.concatenate([[0.0], paid.cumsum()]), np.concatenate([[0.0], at_risk.cumsum()])
    for place in range(DAYS):
        late = place + EARLIEST
        wide = 0 if late <= TAIL else late // 5
        first, last = max(place - wide, 0), min(place + wide + 1, DAYS)
        risk = risks[last] - risks[first]
        chances[place] = (sums[last] - sums[first]) / risk if risk else 0.0
    if len(known := chances[chances > 0]):
        # beyond what was ever seen: as the last that was
        last_seen = int(np.nonzero(at_risk)[0].max())
        chances[last_seen + 1 :] = known[-1]
    return np.minimum(chances, 1.0)


def chances_by_week(hazards: Floats, late: int, weeks: int) -> Floats:
    """The chance of being paid in each of the weeks that follow, for an invoice that is `late` days late (before its
    due date: negative) and was not paid today; the rest to one is later, or never."""
    days = np.clip(np.arange(late + 1, late + 1 + 7 * weeks), EARLIEST, LATEST) - EARLIEST
    stays = np.cumprod(1.0 - hazards[days])
    ends = np.concatenate([[1.0], stays[6::7]])
    return -np.diff(ends)
