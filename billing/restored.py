"""What a restored copy does not know of numbers, and its messages that may have left since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from billing.models import Email, EmailStatus, NumberSequence
from billing.number_patterns import counter_of, taken_apart
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.restoring import Finding, Series, doubtful

MAYBE_SENT = "Message en attente dans une base restaurée : il est peut-être parti. Vérifiez avant de le renvoyer."


@doubtful("messages")
def doubt_messages(company: Company, actor: Actor, at: datetime) -> int:
    """What waited to leave may have left after the copy was made: only a person sends it again."""
    rows = Email.everywhere.filter(company=company, status__in=[EmailStatus.QUEUED, EmailStatus.SENDING])
    for email in rows.order_by("pk"):
        states.move(
            email, EmailStatus.UNKNOWN, tag="billing.email.unknown", actor=actor, at=at, also=[],
            data={"reason": MAYBE_SENT}, last_error=MAYBE_SENT,
        )  # fmt: skip
    return len(rows)


def series_of(company: Company, findings: Iterable[Finding]) -> list[Series]:
    """The numbering of the company as the copy knows it, each series with the greatest number found elsewhere."""
    seen: dict[tuple[str, int], int] = {}
    for finding in findings:
        if (parts := parts_of(finding.number)) is not None:
            series, year, number = parts
            seen[series, year] = max(number, seen.get((series, year), 0))
    rows = {(row.series, row.year): row.last for row in NumberSequence.everywhere.filter(company=company)}
    return [
        Series(company.pk, series, year, rows.get((series, year), 0), seen.get((series, year), 0))
        for series, year in sorted(rows.keys() | seen.keys())
    ]


def parts_of(number: str) -> tuple[str, int, int] | None:
    """Series, year and place of a number, by which its counter is kept: FAC-2026-00361; None for no such number."""
    parts = taken_apart(number)
    return (*counter_of(parts[0]), parts[1]) if parts else None


def raise_counter(series: Series, last: int) -> None:
    """Go on behind `last`: what was given after the copy was made is not given again."""
    NumberSequence.everywhere.update_or_create(
        company_id=series.company_id, series=series.series, year=series.year, defaults={"last": last}
    )


def label_of(series: Series) -> str:
    if not series.year:
        return _("Série %(series)s") % {"series": series.series}
    return _("Série %(series)s, année %(year)s") % {"series": series.series, "year": series.year}
