"""Making a report: the file of a period, ready to leave. Never a second one while one is under way.

The first report of a period is initial (IN); once the platform has accepted one, another says the whole period again
(RE), and only where its facts have changed.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.models import Company
from einvoicing.formats import ereporting
from einvoicing.formats.ereporting import message
from einvoicing.models.accounts import PlatformAccount
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.reporting.building import Draft, build_draft
from einvoicing.reporting.choosing import choice_at
from einvoicing.reporting.models import Channel, Report, ReportPeriod, ReportStatus
from einvoicing.reporting.shapes import content_of
from einvoicing.services import breaker
from einvoicing.services.routing import enabled_accounts

# before the legal day, so that a platform that is down for a day or two is no breach of the law
LEAD = timedelta(days=2)


class NotReportedByUs(DomainError):
    code = "not_reported_by_us"
    message = "Cette période est déclarée par la plateforme, d’après les factures qu’elle porte."


class PeriodNotOver(DomainError):
    code = "period_not_over"
    message = "Cette période se transmet à partir du %(day)s."


class NothingToReport(DomainError):
    code = "nothing_to_report"
    message = "Il n’y a rien à déclarer pour cette période."


class ReportedAsItIs(DomainError):
    code = "reported_as_it_is"
    message = "La plateforme a déjà accepté cette déclaration, et rien n’a changé depuis."


class ReportUnderWay(DomainError):
    code = "report_under_way"
    message = "Une déclaration de cette période est en route : attendez la réponse de la plateforme."


class NoReportingPlatform(DomainError):
    code = "no_reporting_platform"
    message = (
        "Aucune plateforme active de cette société ne prend de flux d’e-reporting : reliez-en une dans les réglages."
    )


def reporting_account(company: Company) -> PlatformAccount:
    """The platform that takes the reports. Raises NoReportingPlatform."""
    for account in enabled_accounts(company.pk):
        if PLATFORMS[account.kind].takes_reports:
            return account
    raise NoReportingPlatform


@transaction.atomic
def prepare_report(*, period: ReportPeriod, actor: Actor, at: datetime) -> Report:
    """The report of a period as its facts stand, in the queue. One that waits or stopped before leaving is replaced.

    Raises NotReportedByUs, PeriodNotOver, NothingToReport, ReportedAsItIs, ReportUnderWay, NoReportingPlatform.
    """
    # the row is the lock of its period: of two people, and the clock, one makes the report
    locked: ReportPeriod = ReportPeriod.objects.select_for_update(no_key=True, of=("self",)).get(pk=period.pk)
    if locked.channel != Channel.FLOWS:
        raise NotReportedByUs
    if local_day(at) < locked.opens_on:
        raise PeriodNotOver(day=f"{locked.opens_on:%d/%m/%Y}")
    account = reporting_account(locked.company)
    accepted = locked.reports.filter(status=ReportStatus.ACCEPTED).order_by("-turn").first()
    turn = (locked.reports.aggregate(last=Max("turn"))["last"] or 0) + 1
    draft = build_draft(
        company=locked.company,
        period=locked.period,
        at=at,
        type_code=message.CORRECTIVE if accepted else message.INITIAL,
        turn=turn,
        sender_code=choice_at(locked.company, locked.start).sender_code,
        sender_name=account.name,
    )
    if accepted is None and draft.is_empty:
        raise NothingToReport
    if accepted is not None and accepted.fingerprint == draft.fingerprint:
        raise ReportedAsItIs
    _replace_unsent(locked, actor=actor, at=at)
    return _keep(locked, draft, account, turn, actor=actor, at=at)


def _replace_unsent(period: ReportPeriod, *, actor: Actor, at: datetime) -> None:
    """What never left gives way to what is true now. Raises ReportUnderWay."""
    for report in period.reports.exclude(status__in=[ReportStatus.REJECTED, ReportStatus.REPLACED]):
        if report.status == ReportStatus.ACCEPTED:
            continue
        if report.in_doubt or not states.can_move(report, ReportStatus.REPLACED):
            raise ReportUnderWay
        states.move(report, ReportStatus.REPLACED, tag="einvoicing.report.replaced", actor=actor, at=at, also=[period])


def _keep(
    period: ReportPeriod, draft: Draft, account: PlatformAccount, turn: int, *, actor: Actor, at: datetime
) -> Report:
    data = ereporting.render(draft.content)
    values: dict[str, Any] = {
        "company_id": period.company_id,
        "period": period,
        "account": account,
        "turn": turn,
        "type_code": draft.content.type_code,
        "content": data,
        "sha256": hashlib.sha256(data).hexdigest(),
        "fingerprint": draft.fingerprint,
        "rows": content_of(draft)["flux"],
        "tracking_id": uuid.uuid4().hex,
        "next_attempt_at": at,
        "made_at": at,
    }
    try:
        with transaction.atomic():
            report: Report = Report.everywhere.create(**values)
    except IntegrityError as error:
        raise ReportUnderWay from error
    audit.record(
        "einvoicing.report.queued",
        subject=report,
        also=[period],
        actor=actor,
        at=at,
        seal=True,
        data={"platform": account.name, "period": period.code, "type": report.type_code, "sha256": report.sha256},
    )
    return report


@transaction.atomic
def retry_report(*, report: Report, actor: Actor, at: datetime) -> Report:
    """A person has mended what stopped it: the same file goes again. Raises TransitionRefused."""
    if not report.can_retry:
        raise TransitionRefused(state=report.get_status_display())
    states.move(
        report,
        ReportStatus.PENDING,
        tag="einvoicing.report.retried",
        actor=actor,
        at=at,
        also=[report.period],
        next_attempt_at=at,
        attempts=0,
        last_error="",
        error_class="",
        violations=[],
    )
    breaker.let_one_through(report.account, at=at)
    return report


def prepare_due(*, company: Company, actor: Actor, at: datetime) -> list[Report]:
    """The reports that the company lets leave by themselves: two days before the legal day, corrections at once.

    One that a person must look at (rejected, not valid, given up) waits for that person.
    """
    today = local_day(at)
    made = []
    rows = ReportPeriod.objects.filter(company=company, channel=Channel.FLOWS, opens_on__lte=today)
    for row in rows.order_by("start", "kind").prefetch_related("reports"):
        reports = list(row.reports.all())
        accepted = [one for one in reports if one.status == ReportStatus.ACCEPTED]
        is_changed = bool(accepted) and accepted[-1].fingerprint != row.fingerprint
        is_due = not reports and not row.is_empty and today >= row.due_on - LEAD
        waits_for_somebody = bool(reports) and reports[-1].status not in {ReportStatus.ACCEPTED, ReportStatus.REPLACED}
        if waits_for_somebody or not (is_changed or is_due):
            continue
        if choice_at(company, row.start).sends_automatically:
            made.append(prepare_report(period=row, actor=actor, at=at))
    return made
