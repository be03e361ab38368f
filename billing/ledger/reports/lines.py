"""The lines of the books that reports add up, and where the reader finds what stands behind them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from billing.ledger.reports.parameters import Parameters
from billing.models import JournalLine, LetteredLine
from config.kernel.clock import start_of_day
from config.kernel.money import ZERO
from config.kernel.places import record_url
from config.kernel.typography import day as written_day

DEBIT = Sum("debit", default=ZERO)
CREDIT = Sum("credit", default=ZERO)
AT_A_TIME = 1_000


def counted_lines(parameters: Parameters) -> QuerySet[JournalLine]:
    """The lines of the company that the parameters ask for, of any day."""
    # what a year repeats of earlier ones stands there already
    rows: QuerySet[JournalLine] = JournalLine.everywhere.filter(company=parameters.company, is_carried=False)
    if parameters.known_at:
        rows = rows.filter(entry__created_at__lte=parameters.known_at)
    if parameters.first_account:
        rows = rows.filter(account__gte=parameters.first_account)
    if parameters.last_account:
        # 411 takes all that begins so
        rows = rows.filter(Q(account__lte=parameters.last_account) | Q(account__startswith=parameters.last_account))
    if parameters.customer:
        rows = rows.filter(customer=parameters.customer)
    return rows


def within(rows: QuerySet[JournalLine], parameters: Parameters) -> QuerySet[JournalLine]:
    return rows.filter(day__gte=parameters.start, day__lte=parameters.end)


def lettered(rows: QuerySet[JournalLine], *, on: date) -> QuerySet[JournalLine]:
    """With the `letter` that each line had at the end of a day, by the effective day of its lettering."""
    found = _standing(on).filter(line=OuterRef("pk")).order_by("pk")
    return rows.annotate(letter=Subquery(found.values("lettering__letter")[:1]))


def lettered_lines(company_id: int, *, on: date) -> QuerySet[Any, int]:
    """The keys of the lines that a lettering settled at the end of a day."""
    return _standing(on).filter(company=company_id).order_by().values_list("line", flat=True)


def _standing(on: date) -> QuerySet[LetteredLine]:
    """By the effective day of each lettering. One that was undone later stood then."""
    undone_later = Q(lettering__undone_at=None) | Q(lettering__undone_at__gte=start_of_day(on + timedelta(days=1)))
    rows: QuerySet[LetteredLine] = LetteredLine.everywhere.filter(undone_later, lettering__effective_on__lte=on)
    return rows


def page_of(source: str) -> str:
    """The page of the fact that an entry records; '' where it has none."""
    return record_url(source) if ":" in source else ""


def period_of(parameters: Parameters) -> str:
    return f"{written_day(parameters.start)} – {written_day(parameters.end)}"
