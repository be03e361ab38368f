"""Days on which a French company writes to its customers: neither a weekend nor a public holiday (C. trav. L3133-1)."""

from __future__ import annotations

from datetime import date, timedelta

FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher's algorithm)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def public_holidays(year: int) -> frozenset[date]:
    """The eleven of metropolitan France."""
    sunday = easter(year)
    return frozenset(
        {
            *(date(year, month, day) for month, day in FIXED),
            *(sunday + timedelta(days=days) for days in AFTER_EASTER),
        }
    )


def is_working_day(day: date) -> bool:
    """Monday to Friday, public holidays of mainland France left out."""
    return day.weekday() < 5 and day not in public_holidays(day.year)
