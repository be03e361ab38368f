"""When a fact is booked: on its own day where the books are open there, on the first open day otherwise.

PCG 1031-3 and 1031-4 (921 before 2025): what is dated in a closed period is booked on the first day of the first open
one, its real day stated (PieceDate).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection

from config.kernel.actor import Actor
from config.kernel.models import Membership
from config.kernel.roles import may

DAY = timedelta(days=1)
_STATE = """
SELECT (SELECT max(through) FROM billing_closing WHERE company_id = %(company)s AND kind = 'HARD'),
       (SELECT through FROM billing_closing WHERE company_id = %(company)s AND kind = 'SOFT'
        ORDER BY at DESC, id DESC LIMIT 1),
       (SELECT array_agg(starts_on ORDER BY starts_on) FROM billing_fiscalyear WHERE company_id = %(company)s),
       (SELECT array_agg(ends_on ORDER BY starts_on) FROM billing_fiscalyear WHERE company_id = %(company)s),
       (SELECT max(ends_on) FROM billing_vatreturn WHERE company_id = %(company)s)
"""


@dataclass(frozen=True, slots=True)
class Year:
    """A fiscal year, both days included."""

    starts_on: date
    ends_on: date

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    @property
    def before(self) -> Year:
        """Twelve months that end the day before."""
        return Year(years_later(self.starts_on, -1), self.starts_on - DAY)

    @property
    def after(self) -> Year:
        """Twelve months that begin the day after."""
        starts_on = self.ends_on + DAY
        return Year(starts_on, years_later(starts_on, 1) - DAY)


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The fiscal years of a company as written, and through which day its books are closed, and its VAT declared."""

    company_id: int
    hard: date | None
    soft: date | None
    years: Sequence[Year]
    declared: date | None = None
    _writers: dict[int | None, bool] = field(default_factory=dict, compare=False, repr=False)

    def year_of(self, day: date) -> Year:
        """The fiscal year of a day: as written; twelve months before or after what is; the calendar's without any."""
        if not self.years:
            return Year(date(day.year, 1, 1), date(day.year, 12, 31))
        nearest = self.years[0] if day < self.years[0].starts_on else self.years[-1]
        year = next((year for year in self.years if day in year), nearest)
        while day not in year:
            year = year.before if day < year.starts_on else year.after
        return year

    def first_open_day(self, actor: Actor, *, today: date) -> date:
        """The first day on which the actor may write: nothing goes further back than the year before this one."""
        floor = self.year_of(today).before.starts_on
        closed = self.hard
        if self.soft and (closed is None or self.soft > closed) and not self._writes_in_soft(actor):
            closed = self.soft
        return max(floor, closed + DAY) if closed else floor

    def booking_day(self, wanted: date, actor: Actor, *, today: date, bears_vat: bool = False) -> date:
        """The day in the books of a fact of `wanted`: that one where it is open, never one to come.

        With `bears_vat` never one whose VAT is declared either: no return would tell it.
        """
        # most facts are of today, and the books are closed behind it
        first = self.first_open_day(actor, today=today)
        if bears_vat and self.declared:
            first = max(first, self.declared + DAY)
        return max(min(wanted, today), first)

    def _writes_in_soft(self, actor: Actor) -> bool:
        if actor.user_id not in self._writers:
            membership = Membership.objects.filter(company=self.company_id, user=actor.user_id).first()
            self._writers[actor.user_id] = membership is not None and may(membership.role, "books.close")
        return self._writers[actor.user_id]


def calendar_of(company_id: int) -> Calendar:
    """As the books stand now. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"company": company_id})
        hard, soft, starts, ends, declared = cursor.fetchone()
    years = [Year(*days) for days in zip(starts or (), ends or (), strict=True)]
    return Calendar(company_id, hard, soft, years, declared)
