"""What is paid for in advance has a period with two ends, of some years at most."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

MOST_YEARS = 10


def problem_of_period(start: date | None, end: date | None) -> str:
    """What is wrong with the days that a charge is spread over, in a sentence; '' for nothing."""
    if bool(start) != bool(end):
        return _("Indiquez les deux dates.")
    if start is None or end is None:
        return ""
    if end < start:
        return _("La période finit avant de commencer.")
    if end.year - start.year > MOST_YEARS:
        return _("La période dépasse %(years)s ans : corrigez ses dates.") % {"years": MOST_YEARS}
    return ""
