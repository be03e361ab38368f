"""Which days a payment may have: one rule, for what customers pay and for what suppliers are paid."""

from __future__ import annotations

from datetime import date

from config.kernel.errors import Invalid

EARLIEST = date(2000, 1, 1)


class PaidTooLongAgo(Invalid):
    code = "paid_too_long_ago"
    message = "Cette date est antérieure à l’an 2000 : corrigez l’année."


def check_not_ancient(day: date, field: str) -> None:
    """Raises PaidTooLongAgo at the field for a year that somebody mistyped."""
    if day < EARLIEST:
        raise PaidTooLongAgo(fields={field: PaidTooLongAgo.message})
