"""Where each period stands: what is a draft, due, late, on its way, accepted, to be said again; one answer for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.kernel.clock import local_day
from config.kernel.models import Company
from einvoicing.reporting.building import Draft, build_draft
from einvoicing.reporting.choosing import Choice, begun_periods, choice_at, regime_of
from einvoicing.reporting.models import STOPPED, UNDER_WAY, CountStatus, Report, ReportPeriod, ReportStatus
from einvoicing.reporting.periods import PURCHASES, Period, UnknownPeriod, parse_period

# state: what it is called, and its tone; those of DUE ask somebody to act
DRAFT, NOTHING, LATER, READY, LATE = "draft", "nothing", "later", "ready", "late"
UNDERWAY, SENT, TO_CORRECT, REFUSED = "under_way", "sent", "to_correct", "refused"
EXPECTED, AGREED, DIFFERS, MISSING = "expected", "agreed", "differs", "missing"
STATES: Mapping[str, tuple[Any, str]] = {
    DRAFT: (_("Brouillon, période en cours"), "neutral"),
    NOTHING: (_("Rien à déclarer"), "neutral"),
    LATER: (_("Pas encore ouverte"), "neutral"),
    READY: (_("À transmettre"), "warn"),
    LATE: (_("En retard"), "bad"),
    UNDERWAY: (_("En route"), "info"),
    SENT: (_("Transmise et acceptée"), "good"),
    TO_CORRECT: (_("À rectifier"), "warn"),
    REFUSED: (_("Refusée ou arrêtée"), "bad"),
    EXPECTED: (_("Attendue de la plateforme"), "neutral"),
    AGREED: (_("Comptée à l’identique"), "good"),
    DIFFERS: (_("Écart avec la plateforme"), "bad"),
    MISSING: (_("Non déclarée par la plateforme"), "bad"),
}
TO_DO = (LATE, REFUSED, DIFFERS, MISSING, TO_CORRECT, READY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStanding:
    """A period, what its facts came to, and where its reports stand. `reports`: oldest first."""

    period: Period
    choice: Choice
    row: ReportPeriod | None
    is_empty: bool
    fingerprint: str
    sums: Mapping[str, Mapping[str, Any]]
    reports: Sequence[Report]
    on: date

    @property
    def last(self) -> Report | None:
        live = [report for report in self.reports if report.status != ReportStatus.REPLACED]
        return live[-1] if live else None

    @property
    def accepted(self) -> Report | None:
        """What the State knows of the period."""
        taken = [report for report in self.reports if report.status == ReportStatus.ACCEPTED]
        return taken[-1] if taken else None

    @property
    def state(self) -> str:
        if not self.period.is_over(self.on):
            return DRAFT
        return self._sent_state() if self.choice.sends_flows or self.reports else self._counted_state()

    def _sent_state(self) -> str:
        last = self.last
        if last is not None and last.status in UNDER_WAY:
            return UNDERWAY
        if last is not None and last.status in STOPPED:
            return REFUSED
        if self.accepted is not None:
            return SENT if self.accepted.fingerprint == self.fingerprint else TO_CORRECT
        if self.is_empty:
            return NOTHING
        if self.on < self.period.opens_on:
            return LATER
        return LATE if self.on > self.period.due_on else READY

    def _counted_state(self) -> str:
        status = self.row.status if self.row else CountStatus.UNKNOWN
        if status in {CountStatus.AGREED, CountStatus.DIFFERS}:
            return AGREED if status == CountStatus.AGREED else DIFFERS
        if self.is_empty:
            return NOTHING
        return MISSING if self.on > self.period.due_on else EXPECTED

    @property
    def words(self) -> Any:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @property
    def asks_somebody(self) -> bool:
        return self.state in TO_DO

    @property
    def total(self) -> Decimal:
        """What is reported, net of VAT for sales."""
        return sum((amount for _flux, amount, _vat in self.amounts), Decimal("0.00"))

    @property
    def total_vat(self) -> Decimal:
        return sum((vat for _flux, _amount, vat in self.amounts), Decimal("0.00"))

    @property
    def amounts(self) -> list[tuple[str, Decimal, Decimal]]:
        """Each flux with its amount, net of VAT for sales, and their VAT."""
        return [
            (flux, Decimal(str(sums["net"])) + Decimal(str(sums["amount"])), Decimal(str(sums["vat"])))
            for flux, sums in self.sums.items()
        ]


def standings(company: Company, *, at: datetime, since: date, until: date) -> list[PeriodStanding]:
    """The periods that begin within these days, the latest first; purchases only where there are some."""
    on = local_day(at)
    rows = {(row.kind, row.start): row for row in _rows(company, since, until)}
    reports = _reports(rows.values())
    found = []
    for choice, period in begun_periods(company, on=min(on, until)):
        if period.start < since:
            continue
        row = rows.get((period.kind, period.start))
        is_read = row is not None and period.is_over(on)
        draft = None if is_read else build_draft(company=company, period=period, at=at)
        standing = _standing(period, choice, row, draft, reports[row.pk] if row else [], on)
        if period.kind != PURCHASES or not standing.is_empty or standing.reports:
            found.append(standing)
    return sorted(found, key=lambda one: (one.period.start, one.period.kind), reverse=True)


def standing_of(company: Company, *, kind: str, code: str, at: datetime) -> tuple[PeriodStanding, Draft]:
    """One period by its name, its facts read now. Raises UnknownPeriod."""
    period = find_period(company, kind=kind, code=code)
    row = ReportPeriod.objects.filter(company=company, kind=kind, start=period.start).first()
    draft = build_draft(company=company, period=period, at=at)
    reports = _reports([row])[row.pk] if row else []
    return _standing(period, choice_at(company, period.start), row, draft, reports, local_day(at)), draft


def find_period(company: Company, *, kind: str, code: str) -> Period:
    """The period that a code names under the regime of its days. Raises UnknownPeriod."""
    for period in parse_period(code, regime=regime_of(company, code)):
        if period.kind == kind:
            return period
    raise UnknownPeriod(text=code[:20])


def waiting(*, on: date) -> list[PeriodStanding]:
    """The periods over that ask somebody to act, by what was last read of them; the most urgent first. Few queries."""
    rows = list(ReportPeriod.objects.filter(end__lt=on).select_related("company"))
    reports = _reports(rows)
    found = []
    for row in rows:
        standing = PeriodStanding(
            period=row.period,
            choice=Choice(row.start, row.regime, row.channel),
            row=row,
            is_empty=row.is_empty,
            fingerprint=row.fingerprint,
            sums=row.sums,
            reports=reports[row.pk],
            on=on,
        )
        if standing.asks_somebody:
            found.append(standing)
    return sorted(found, key=lambda one: (TO_DO.index(one.state), one.period.due_on))


def _rows(company: Company, since: date, until: date) -> Iterable[ReportPeriod]:
    return ReportPeriod.objects.filter(company=company).filter(Q(start__gte=since, start__lte=until))


def _reports(rows: Iterable[ReportPeriod]) -> dict[int, list[Report]]:
    found: dict[int, list[Report]] = defaultdict(list)
    for report in Report.objects.filter(period__in=[row.pk for row in rows]).defer("content", "rows").order_by("turn"):
        found[report.period_id].append(report)
    return found


def _standing(
    period: Period,
    choice: Choice,
    row: ReportPeriod | None,
    draft: Draft | None,
    reports: Sequence[Report],
    on: date,
) -> PeriodStanding:
    if draft is not None:
        told: dict[str, Any] = {"is_empty": draft.is_empty, "fingerprint": draft.fingerprint, "sums": draft.sums()}
    elif row is not None:
        told = {"is_empty": row.is_empty, "fingerprint": row.fingerprint, "sums": row.sums}
    else:
        raise ValueError("a period without row is read now")
    return PeriodStanding(period=period, choice=choice, row=row, reports=reports, on=on, **told)
