"""Which fiscal year is meant."""

from __future__ import annotations

from datetime import date

from billing.ledger.calendar import DAY, Calendar, Year
from config.kernel.errors import DomainError


class NoSuchYear(DomainError):
    code = "no_such_year"
    message = "Aucun exercice commencé ne finit en %(year)s."


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
