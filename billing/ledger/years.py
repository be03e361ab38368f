"""Fiscal years (exercices, C. com. L123-12): which is meant, the first one, and when one ends.

They follow each other without a hole, which PostgreSQL holds too; where none is written they are those of the calendar.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction

from billing.ledger.calendar import DAY, Calendar, Year, calendar_of
from billing.models import FiscalYear
from billing.numbering import lock_counters
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company

LONGEST = 731  # days: the first year of a company goes to the end of the civil year after its foundation at most


class NoSuchYear(DomainError):
    code = "no_such_year"
    message = "Aucun exercice commencé ne finit en %(year)s."


class YearClosed(DomainError):
    code = "year_closed"
    message = "L’exercice qui finit le %(day)s est clôturé : ses dates ne changent plus."


class NumbersOnBothSides(DomainError):
    """A file of entries whose numbers miss is refused (A47 A-1): two years cannot share one series."""

    code = "numbers_on_both_sides"
    message = (
        "Des écritures d’une même série de numéros existent avant et après le %(day)s : l’exercice ne peut pas y être "
        "coupé. Choisissez une date après la dernière écriture, ou la fin d’exercice actuelle."
    )


def year_ending_in(calendar: Calendar, number: int, *, today: date) -> Year:
    """The fiscal year that ends in a civil year. Raises NoSuchYear, also where it has not begun."""
    if not 1900 < number < 2100:
        raise NoSuchYear(year=number)
    year = calendar.year_of(date(number, 12, 31))
    if year.ends_on.year != number:  # it runs into the next civil year
        year = calendar.year_of(year.starts_on - DAY)
    if year.ends_on.year != number or year.starts_on > today:
        raise NoSuchYear(year=number)
    return year


@transaction.atomic
def change_year(*, company: Company, starts_on: date, ends_on: date, actor: Actor, at: datetime) -> FiscalYear:
    """Say when the running fiscal year begins and ends; the next ones follow it, twelve months each.

    Raises Invalid, YearClosed, NumbersOnBothSides.
    """
    lock_counters(company.pk)
    today, rows = local_day(at), FiscalYear.everywhere.filter(company=company)
    before = calendar_of(company.pk).year_of(today)
    earlier = rows.filter(ends_on__lt=starts_on).order_by("-ends_on").first()
    _check_days(starts_on, ends_on, earlier=earlier, today=today)
    replaced = rows.filter(ends_on__gte=starts_on).order_by("starts_on")
    if closed := replaced.exclude(closed_at=None).last():
        raise YearClosed(day=f"{closed.ends_on:%d/%m/%Y}")
    for day in (starts_on - DAY, ends_on):
        _check_numbers(company.pk, day)
    year: FiscalYear = replaced.first() or FiscalYear(company=company)
    replaced.exclude(pk=year.pk).delete()
    year.starts_on, year.ends_on = starts_on, ends_on
    year.save(update_fields=None if year._state.adding else ["starts_on", "ends_on"])
    changes = {"starts_on": [before.starts_on, starts_on], "ends_on": [before.ends_on, ends_on]}
    audit.record("billing.year.changed", subject=year, actor=actor, at=at, data={"changes": changes})
    return year


def _check_days(starts_on: date, ends_on: date, *, earlier: FiscalYear | None, today: date) -> None:
    problems: dict[str, str] = {}
    if starts_on > today:
        problems["starts_on"] = "L’exercice en cours a déjà commencé."
    elif earlier and starts_on != earlier.ends_on + DAY:
        problems["starts_on"] = "Un exercice commence le lendemain de la fin du précédent."
    if ends_on <= starts_on:
        problems["ends_on"] = "Un exercice finit après son début."
    elif (ends_on - starts_on).days >= LONGEST:
        problems["ends_on"] = "Un exercice dure vingt-quatre mois au plus."
    elif earlier and earlier.ends_on.year == ends_on.year:
        # entries and their file are named by the civil year in which their fiscal year ends
        problems["ends_on"] = "Deux exercices ne peuvent pas finir la même année civile."
    elif ends_on < today:
        problems["ends_on"] = "L’exercice en cours finit aujourd’hui ou plus tard."
    if problems:
        raise Invalid(fields=problems)


_BOTH_SIDES = """
SELECT EXISTS (
  SELECT FROM (SELECT DISTINCT regexp_replace(number, '[0-9]+$', '') AS series FROM billing_journalentry
               WHERE company_id = %(company)s AND day <= %(day)s AND day > %(day)s - 800) AS earlier
  JOIN (SELECT DISTINCT regexp_replace(number, '[0-9]+$', '') AS series FROM billing_journalentry
        WHERE company_id = %(company)s AND day > %(day)s) AS later USING (series))
"""


def _check_numbers(company_id: int, day: date) -> None:
    """Raises NumbersOnBothSides where a year that ends on `day` cuts a series."""
    with connection.cursor() as cursor:
        cursor.execute(_BOTH_SIDES, {"company": company_id, "day": day})
        (is_cut,) = cursor.fetchone()
    if is_cut:
        raise NumbersOnBothSides(day=f"{day:%d/%m/%Y}")
