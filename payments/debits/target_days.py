"""The days on which euro payments settle: TARGET is closed on Saturdays, Sundays and six holidays (ECB/2022/8)."""

from __future__ import annotations

from datetime import date, timedelta

from billing.working_days import easter

FIXED = ((1, 1), (5, 1), (12, 25), (12, 26))
AROUND_EASTER = (-2, 1)  # Good Friday, Easter Monday


def is_target_day(day: date) -> bool:
    """True when banks settle on that day; French holidays such as 14 July do not close TARGET."""
    if day.weekday() >= 5 or (day.month, day.day) in FIXED:
        return False
    sunday = easter(day.year)
    return day not in {sunday + timedelta(days=days) for days in AROUND_EASTER}


def on_or_after(day: date) -> date:
    """The first settlement day from this one on."""
    while not is_target_day(day):
        day += timedelta(days=1)
    return day


def after(day: date, count: int) -> date:
    """`count` settlement days later."""
    for _step in range(count):
        day = on_or_after(day + timedelta(days=1))
    return day
