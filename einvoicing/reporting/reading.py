"""Reading the facts of every period again: what is due, and what was sent and is no longer so, follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import Company
from einvoicing.reporting.building import Draft, build_draft
from einvoicing.reporting.choosing import Choice, begun_periods, follow_vat_regime
from einvoicing.reporting.models import ReportPeriod
from einvoicing.reporting.periods import Period


def refresh_periods(*, company: Company, at: datetime) -> int:
    """Read every period that has begun. Returns how many came to something else than before."""
    follow_vat_regime(company=company, actor=Actor.beat("e-reporting"), at=at)
    known = {(row.kind, row.start): row for row in ReportPeriod.objects.filter(company=company)}
    changed = 0
    for choice, period in begun_periods(company, on=local_day(at)):
        draft = build_draft(company=company, period=period, at=at)
        row = known.get((period.kind, period.start))
        changed += row is None or row.fingerprint != draft.fingerprint
        keep_standing(draft, choice, at=at)
    return changed


def read_period(row: ReportPeriod, *, at: datetime) -> Draft:
    """The period as its facts stand now, written down where they have changed."""
    draft = build_draft(company=row.company, period=row.period, at=at)
    if row.fingerprint != draft.fingerprint:
        ReportPeriod.objects.filter(pk=row.pk).update(**_standing(draft, at))
        row.refresh_from_db()
    return draft


def keep_standing(draft: Draft, choice: Choice, *, at: datetime) -> ReportPeriod:
    """The row of a period, with what its facts come to."""
    period: Period = draft.period
    named = {"company": draft.company, "kind": period.kind, "start": period.start}
    rows = ReportPeriod.objects.filter(**named)
    if not rows.update(**_standing(draft, at)):
        row = ReportPeriod(
            **named,
            **_standing(draft, at),
            end=period.end,
            code=period.code,
            opens_on=period.opens_on,
            due_on=period.due_on,
            regime=choice.regime,
            channel=choice.channel,
        )
        # another reading may have written the same row meanwhile: it came to the same
        ReportPeriod.objects.bulk_create([row], ignore_conflicts=True)
    return rows.get()


def _standing(draft: Draft, at: datetime) -> dict[str, Any]:
    sums = {flux: {name: f"{value:f}" for name, value in sums.items()} for flux, sums in draft.sums().items()}
    return {"fingerprint": draft.fingerprint, "is_empty": draft.is_empty, "sums": sums, "computed_at": at}
