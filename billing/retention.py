"""How long books, documents and their proofs are kept: the one statement of it, and what has passed its term.

C. com. L123-22: ten years from the closing of the fiscal year, for books and what proves them (as read on 1 December
2026). The tax authority asks six years (LPF L102 B), which these ten hold. What is frozen, PostgreSQL keeps for good:
past its term nothing goes by itself, since a trail that is cut proves nothing; it is listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.ledger.calendar import Calendar, calendar_of, years_later
from billing.models import Invoice, JournalEntry
from config.kernel.clock import local_day
from customers.erasing import Kept

YEARS = 10
ARTICLE = "C. com. L123-22"
BECAUSE = _("pièce comptable (C. com. L123-22)")


@dataclass(frozen=True, slots=True)
class Passed:
    """A fiscal year that no law keeps any more: since when, and what of it is here."""

    ends_on: date
    since: date
    invoices: int
    entries: int


def kept_until(calendar: Calendar, day: date) -> date:
    """The last day on which what is dated `day` is kept."""
    return years_later(calendar.year_of(day).ends_on, YEARS)


def kept(label: Any, rows: QuerySet[Any], column: str, because: Any = BECAUSE) -> Iterator[Kept]:
    """The rows as what stays, until the last of them need not; `column` dates them."""
    last = rows.order_by(f"-{column}").values_list("company_id", column).first()
    if last is not None:
        company_id, at = last
        day = local_day(at) if isinstance(at, datetime) else at
        yield Kept(label, rows.count(), kept_until(calendar_of(company_id), day), because)


def passed_term(company_id: int, *, today: date) -> list[Passed]:
    """The fiscal years of the company whose term has passed, the oldest first."""
    invoices = Invoice.everywhere.filter(company=company_id).issued()
    entries = JournalEntry.everywhere.filter(company=company_id)
    firsts = invoices.aggregate(day=Min("issue_date"))["day"], entries.aggregate(day=Min("day"))["day"]
    known = [day for day in firsts if day is not None]
    calendar, found = calendar_of(company_id), []
    year = calendar.year_of(min(known)) if known else None
    while year is not None and kept_until(calendar, year.ends_on) < today:
        within = (year.starts_on, year.ends_on)
        counts = invoices.filter(issue_date__range=within).count(), entries.filter(day__range=within).count()
        if any(counts):
            found.append(Passed(year.ends_on, kept_until(calendar, year.ends_on), *counts))
        year = calendar.year_of(year.after.starts_on)
    return found
