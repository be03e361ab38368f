"""The periods of a company: the running one, those that wait to be declared, those that are."""

from __future__ import annotations

from datetime import date

from billing.ledger.vat.periods import DAY, VatPeriod, period_of
from billing.ledger.vat.schedule import next_start
from billing.models import VatReturn
from config.kernel.models import Company

MOST_WAITING, MOST_FILED = 36, 60


def periods_of(company: Company, *, by: str, today: date) -> list[tuple[VatPeriod, VatReturn | None]]:
    """The latest first. Two queries."""
    filed = list(VatReturn.everywhere.filter(company=company).order_by("-ends_on")[:MOST_FILED])
    start = filed[0].ends_on + DAY if filed else next_start(company, by=by) or today
    waiting: list[VatPeriod] = []
    period = period_of(max(start, period_of(today, by=by).starts_on - 1100 * DAY), by=by)
    while period.starts_on <= today and len(waiting) < MOST_WAITING:
        waiting.append(period)
        period = period.following()
    found: list[tuple[VatPeriod, VatReturn | None]] = [(each, None) for each in reversed(waiting)]
    return found + [(VatPeriod(row.starts_on, row.ends_on), row) for row in filed]
