"""The periods of VAT returns: months, or quarters where the yearly VAT is under 4 000 € (CGI 287)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from config.kernel.errors import Invalid

DAY = timedelta(days=1)
MONTH, QUARTER = "month", "quarter"
_CODE = re.compile(r"(20\d\d)-(?:(0[1-9]|1[0-2])|T([1-4]))")
# until which day of the month after it is declared: it depends on the company, between these (CGI ann. IV, 39)
DUE_BETWEEN = (15, 24)


class UnknownVatPeriod(Invalid):
    code = "unknown_vat_period"
    message = "« %(text)s » n’est pas une période de TVA : écrivez 2026-11 pour un mois, 2026-T4 pour un trimestre."


@dataclass(frozen=True, slots=True, order=True)
class VatPeriod:
    """Whole months, both days included."""

    starts_on: date
    ends_on: date

    @property
    def is_quarter(self) -> bool:
        return (self.ends_on - self.starts_on).days > 31

    @property
    def code(self) -> str:
        if self.is_quarter:
            return f"{self.starts_on.year}-T{(self.starts_on.month + 2) // 3}"
        return f"{self.starts_on:%Y-%m}"

    @property
    def due_on(self) -> tuple[date, date]:
        """The first and the last day that the tax office may set."""
        after = self.ends_on + DAY
        return after.replace(day=DUE_BETWEEN[0]), after.replace(day=DUE_BETWEEN[1])

    def is_over(self, on: date) -> bool:
        return on > self.ends_on

    def following(self) -> VatPeriod:
        return period_of(self.ends_on + DAY, by=QUARTER if self.is_quarter else MONTH)


def period_of(day: date, *, by: str) -> VatPeriod:
    """The period that holds the day."""
    if by == MONTH:
        starts_on = day.replace(day=1)
        return VatPeriod(starts_on, (starts_on + 31 * DAY).replace(day=1) - DAY)
    starts_on = date(day.year, day.month - (day.month - 1) % 3, 1)
    return VatPeriod(starts_on, (starts_on + 93 * DAY).replace(day=1) - DAY)


def parse_vat_period(text: str) -> VatPeriod:
    """Raises UnknownVatPeriod."""
    found = _CODE.fullmatch(text)
    if found is None:
        raise UnknownVatPeriod(text=text[:20])
    if found[2]:
        return period_of(date(int(found[1]), int(found[2]), 1), by=MONTH)
    return period_of(date(int(found[1]), int(found[3]) * 3, 1), by=QUARTER)
