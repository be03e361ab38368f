"""The legal days of the reform, by the size of the company (loi de finances pour 2024, art. 91).

The sizes are INSEE's classes: MICRO, PME, ETI, GE. A law that moves a day is a change of this table alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# every company must be able to receive e-invoices from this day
RECEPTION = date(2026, 9, 1)
# issuing e-invoices and e-reporting begin on the same day
ISSUING: Mapping[str, date] = {
    "GE": date(2026, 9, 1),
    "ETI": date(2026, 9, 1),
    "PME": date(2027, 9, 1),
    "MICRO": date(2027, 9, 1),
}


def issuing_deadline(size: str) -> date:
    """The day from which a company of this size issues e-invoices and reports. An unknown size is a KeyError."""
    return ISSUING[size]


def days_left(size: str, on: date) -> int:
    """Days from `on` to the issuing deadline: 0 on the day itself, negative once the obligation holds."""
    return (issuing_deadline(size) - on).days
