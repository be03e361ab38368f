"""How a customer is reminded: its own settings, and the company's where it has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from config.kernel.models import Company
from customers.models import Customer
from payments.dunning.models import Language, ReminderLevel, ReminderSettings

NOTICE_DAYS = 15  # left by a formal notice where nobody says otherwise


@dataclass(frozen=True, slots=True)
class Practice:
    """Delays in days after the due date, by level. `contact_id`: who gets the letters, None for the contact marked."""

    delays: Mapping[ReminderLevel, int]
    never: bool = False
    is_grouped: bool = False
    with_statement: bool = False
    language: str = Language.FRENCH
    notice_days: int = NOTICE_DAYS
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Practices:
    """The company's practice, and that of each customer that differs from it."""

    company: Practice
    own: Mapping[int, Practice]

    def of(self, customer_id: int) -> Practice:
        return self.own.get(customer_id, self.company)


def practices_of(company: Company, customers: Collection[int] | None = None) -> Practices:
    """Of these customers, or of all, in one query. Who was merged into another has the practice of that one."""
    merged = ArrayAgg("customer__merged", filter=Q(customer__merged__isnull=False), default=[])
    rows = ReminderSettings.everywhere.filter(company=company).annotate(absorbed=merged)
    if customers is not None:
        theirs = Customer.everywhere.filter(Q(pk__in=customers) | Q(merged__in=customers))
        rows = rows.filter(Q(customer=None) | Q(customer__in=theirs.values("pk")))
    found = {row.customer_id: row for row in rows}
    for row in list(found.values()):
        found |= dict.fromkeys(row.absorbed, row)
    delays = {
        ReminderLevel.FRIENDLY: company.friendly_after_days,
        ReminderLevel.FIRM: company.firm_after_days,
        ReminderLevel.FINAL: company.final_after_days,
    }
    whole = _over(found.pop(None, None), Practice(delays))
    return Practices(whole, {key: _over(row, whole) for key, row in found.items()})


def practice_of(company: Company, customer_id: int) -> Practice:
    return practices_of(company, {customer_id}).of(customer_id)


def _over(row: ReminderSettings | None, below: Practice) -> Practice:
    """The settings of the row over those that it leaves empty."""
    if row is None:
        return below
    own = {
        ReminderLevel.FRIENDLY: row.friendly_after_days,
        ReminderLevel.FIRM: row.firm_after_days,
        ReminderLevel.FINAL: row.final_after_days,
    }
    return Practice(
        delays={level: own[level] or days for level, days in below.delays.items()},
        never=row.never,
        is_grouped=below.is_grouped if row.is_grouped is None else row.is_grouped,
        with_statement=below.with_statement if row.with_statement is None else row.with_statement,
        language=row.language or below.language,
        notice_days=row.notice_days or below.notice_days,
        contact_id=row.contact_id,
    )
