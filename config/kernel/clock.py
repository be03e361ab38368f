"""The legal day. Instants travel in UTC; the day they belong to is the day in Paris."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def start_of_day(day: date) -> datetime:
    """The instant at which this day begins in Paris."""
    return datetime.combine(day, time.min, tzinfo=PARIS)


def local_day(at: datetime) -> date:
    """The day in Paris on which the instant `at` falls. `at` must carry its time zone."""
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone has no day")
    return at.astimezone(PARIS).date()
