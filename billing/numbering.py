"""Numbers without gaps: a locked counter row in the issuing transaction, given back by a rollback.

CGI ann. II 242 nonies A, I-7°: a unique number in a chronological, continuous sequence.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection

from billing.number_patterns import Pattern, counter_of
from config.kernel.clock import PARIS
from config.kernel.errors import DomainError
from config.kernel.ids import new_id
from config.kernel.quiet import refused_by_a_copy


class DateGoesBack(DomainError):
    code = "date_goes_back"
    message = (
        "Le dernier numéro de la série %(series)s porte la date du %(last)s : "
        "la date d’émission ne peut pas être antérieure."
    )


class ClockAhead(DomainError):
    """One number with a later day would close the series to everybody until that day has come."""

    code = "clock_ahead"
    message = (
        "L’horloge du serveur est en avance : elle dit le %(day)s, celle de la base de données le %(today)s. "
        "Aucun numéro n’a été pris. Remettez l’horloge du serveur à l’heure, puis recommencez."
    )


class ClockBehind(DomainError):
    """An invoice bears the day on which it is issued (CGI 289-I-3), and not one that is over."""

    code = "clock_behind"
    message = (
        "L’horloge du serveur retarde : elle dit le %(day)s, celle de la base de données le %(today)s. "
        "Aucun numéro n’a été pris. Remettez l’horloge du serveur à l’heure, puis recommencez."
    )


# all counters of a company are one lock: acts take several, each in an order of its own, and must not wait in a circle
ADVISORY = 0x4E75  # this use of PostgreSQL's advisory locks

# a later year has a counter of its own, and goes before this day all the same
_NEXT = """
WITH taken AS (
    INSERT INTO billing_numbersequence AS counter (id, company_id, series, year, last, last_day)
    SELECT %(id)s, %(company)s, %(series)s, %(year)s, %(first)s + %(count)s - 1, %(on)s
    FROM (SELECT pg_advisory_xact_lock(%(lock)s, %(key)s)) AS waited
    ON CONFLICT (company_id, series, year)
    DO UPDATE SET last = counter.last + %(count)s, last_day = greatest(counter.last_day, EXCLUDED.last_day)
    WHERE coalesce(counter.last_day, EXCLUDED.last_day) <= EXCLUDED.last_day OR %(any_day)s
    RETURNING last
)
SELECT (SELECT last FROM taken), max(last_day), (clock_timestamp() AT TIME ZONE %(zone)s)::date,
       ((clock_timestamp() - %(gap)s) AT TIME ZONE %(zone)s)::date,
       ((clock_timestamp() + %(gap)s) AT TIME ZONE %(zone)s)::date
FROM billing_numbersequence WHERE company_id = %(company)s AND series = %(series)s
"""
_LAST_DAY = "SELECT max(last_day) FROM billing_numbersequence WHERE company_id = %s AND series = %s"


def lock_counters(company_id: int) -> None:
    """Wait for every transaction that has taken a number of the company, and hold the next ones until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, company_id % 2**31])


def next_number(*, company_id: int, series: str, on: date, past: bool = True) -> str:
    """The next number of the series in the year of `on`, for example FAC-2026-00001. Raises as next_numbers."""
    return next_numbers(1, company_id=company_id, series=series, on=on, past=past)[0]


def next_numbers(
    count: int, *, company_id: int, series: str, on: date, past: bool = True, year: int | None = None
) -> list[str]:
    """The next `count` numbers of the series, one after the other.

    With `year` they are those of a fiscal year, in the order in which they are written, whatever their days: entries.

    Must run inside the transaction that uses them: the counter stays locked until it ends. Raises DateGoesBack;
    ClockAhead where `on` has not come yet by the clock of the database, which all servers share; without `past`,
    ClockBehind where that day is over.
    """
    counter = {"series": series, "year": year or on.year, "any_day": year is not None, "first": 1}
    places = _next_places(count, counter, company_id=company_id, on=on, past=past)
    return [f"{series}-{year or on.year}-{place:05d}" for place in places]


def next_numbers_of(
    count: int, *, company_id: int, pattern: Pattern, first: int = 1, on: date, past: bool = True
) -> list[str]:
    """The next `count` numbers as the pattern writes them; `first`: where a counter that is not there yet begins.

    As `next_numbers`.
    """
    series, year = counter_of(pattern.stem(on))
    counter = {"series": series, "year": year, "any_day": False, "first": first}
    places = _next_places(count, counter, company_id=company_id, on=on, past=past)
    return [pattern.number(on, place) for place in places]


def _next_places(count: int, named: dict[str, Any], *, company_id: int, on: date, past: bool) -> range:
    # in autocommit the number would be kept though what uses it fails: a gap that the law forbids
    if not connection.in_atomic_block:
        raise RuntimeError("a legal number is only given inside the transaction that uses it")
    counter: dict[str, Any] = named | {
        "id": new_id(),
        "company": company_id,
        "on": on,
        "count": count,
        "lock": ADVISORY,
        "key": company_id % 2**31,
    }
    with connection.cursor() as cursor, refused_by_a_copy():
        cursor.execute(_NEXT, counter | {"zone": PARIS.key, "gap": settings.MAX_CLOCK_GAP})
        last, last_day, today, earliest, latest = cursor.fetchone()
        if on > latest:
            raise ClockAhead(day=f"{on:%d/%m/%Y}", today=f"{today:%d/%m/%Y}")
        if on < earliest and not past:
            raise ClockBehind(day=f"{on:%d/%m/%Y}", today=f"{today:%d/%m/%Y}")
        if last is None:  # whoever was waited for has just gone to a later day
            cursor.execute(_LAST_DAY, [company_id, named["series"]])
            (last_day,) = cursor.fetchone()
    # raising undoes the increment with the whole transaction: the number stays the next one
    if last is None or (not named["any_day"] and last_day and last_day > on):
        raise DateGoesBack(series=named["series"], last=f"{last_day:%d/%m/%Y}")
    return range(last - count + 1, last + 1)
