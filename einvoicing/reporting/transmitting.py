"""Carrying reports to the platform, on the durable queue: judged, asked about when in doubt, sent, recorded."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.isolating import treat_each
from config.kernel.queue import DELAYS, FREE, Clock, Queue, backoff, held
from config.kernel.secrets import SecretUnreadable
from einvoicing.models.accounts import PlatformAccount
from einvoicing.models.transmissions import ErrorClass
from einvoicing.platforms.answers import Acknowledgement, AckStatus, Receipt
from einvoicing.platforms.base import Deposit, Platform
from einvoicing.platforms.registry import connect
from einvoicing.reporting.judging import judge
from einvoicing.reporting.models import Report, ReportStatus
from einvoicing.services import breaker
from einvoicing.services.routing import settings_of
from einvoicing.services.verdicts import ENGINE
from einvoicing.validation.report import Report as Verdict

LEASE = timedelta(seconds=settings.TRANSMISSION_LEASE_SECONDS)
QUEUE = Actor.system("file d’e-reporting")
SYNTAX, RULE = "FRR", "NotApplicable"
# a platform may still refuse what it took, when the State does: it is asked now and then for so long
FOLLOWED = timedelta(days=10)
ASKED_EVERY = timedelta(hours=6)
MOST_ASKED = 50


class _NotValid(Exception):
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__()


def due(at: datetime) -> QuerySet[Report]:
    """Those whose time has come, with those whose carrier has died; of no platform that is suspended or offline."""
    rows = Report.everywhere.filter(
        status__in=[ReportStatus.PENDING, ReportStatus.UNKNOWN, ReportStatus.SENDING], next_attempt_at__lte=at
    )
    return rows.filter(breaker.passable(at=at)).select_related("account", "period").order_by("next_attempt_at", "id")


def take(row: Report, at: datetime) -> bool:
    """Write down that it is in hand. False while the account lets another go first."""
    if not breaker.take_turn(row, at=at, lease=LEASE):
        return False
    if row.status != ReportStatus.SENDING:
        _move(row, ReportStatus.SENDING, "einvoicing.report.claimed", at)
    return True


def transmit_report(report: Report, now: Clock) -> Report:
    """Take one claimed report to its platform and record what came of it. No transaction is open meanwhile."""
    try:
        with closing(connect(settings_of(report.account, at=now()))) as platform:
            receipt = _talk(platform, report, now)
    except _NotValid as error:
        return _record_invalid(report, error.verdict, at=now())
    except SecretUnreadable as error:
        failure = RemoteError(str(error), retryable=False, code=error.code)
    except RemoteError as error:
        failure = error
    else:
        return report if receipt is None else _record_receipt(report, receipt, at=now())
    return _record_failure(report, failure, at=now())


def _talk(platform: Platform, report: Report, now: Clock) -> Receipt | None:
    """Ask first when in doubt; judge, and send what the platform does not have. None when the lease was lost."""
    if report.in_doubt:
        found = _find(platform, report)
        if found:
            return found
        report.in_doubt = False
    _check(bytes(report.content))
    with held(report, status=ReportStatus.SENDING) as mine:
        if mine is None:
            return None
        # written before the file leaves: who dies now leaves a report that is asked about, not sent twice
        Report.everywhere.filter(pk=report.pk).update(in_doubt=True, lease_until=now() + LEASE)
        report.in_doubt = True
    name = f"{report.period.company.siren}_{report.period.kind}_{report.period.code}_{report.turn}.xml"
    return platform.deposit(
        Deposit(
            data=bytes(report.content),
            name=name,
            syntax=SYNTAX,
            tracking_id=report.tracking_id,
            sha256=report.sha256,
            processing_rule=RULE,
        )
    )


def _find(platform: Platform, report: Report) -> Receipt | None:
    """What the platform has of it. A look-up that fails tells nothing: the doubt stays, whatever was answered."""
    try:
        return platform.find(report.tracking_id)
    except RemoteError as error:
        error.outcome_unknown = True
        raise


def _check(data: bytes) -> None:
    """Raises _NotValid, and RemoteError where the judge itself cannot be reached: no verdict, tried again."""
    verdict = judge(data)
    if verdict.valid:
        return
    if ENGINE in verdict.rules:
        raise RemoteError("Le contrôle officiel ne répond pas.", retryable=True, code="engine_unreachable")
    raise _NotValid(verdict)


def _move(row: Report, to: ReportStatus, tag: str, at: datetime, *, actor: Actor = QUEUE, **changes: Any) -> None:
    states.move(row, to, tag=tag, actor=actor, at=at, also=[row.period], **changes)


def _record_receipt(report: Report, receipt: Receipt, *, at: datetime) -> Report:
    with held(report, status=ReportStatus.SENDING) as mine:
        if mine is not None:
            breaker.note_success(report.account)
            _move(
                report,
                ReportStatus.DEPOSITED,
                "einvoicing.report.deposited",
                at,
                data={"platform": report.account.name, "remote_id": receipt.remote_id, "sha256": report.sha256},
                remote_id=receipt.remote_id,
                in_doubt=False,
                deposited_at=at,
                last_error="",
                error_class="",
                **FREE,
            )
    return report


def _record_invalid(report: Report, verdict: Verdict, *, at: datetime) -> Report:
    """The official rules refuse the file: nothing was sent, and a person is asked to mend it."""
    broken = [
        {"rule": one.rule, "severity": one.severity, "text": one.text, "location": one.location}
        for one in verdict.violations
    ]
    with held(report, status=ReportStatus.SENDING) as mine:
        if mine is not None:
            _move(
                report,
                ReportStatus.INVALID,
                "einvoicing.report.invalid",
                at,
                data={"rules": sorted(verdict.rules)},
                violations=broken,
                last_error=verdict.fatal[0].text[:1000] if verdict.fatal else "",
                error_class=ErrorClass.VALIDATION,
                in_doubt=False,
                **FREE,
            )
    return report


def _record_failure(report: Report, error: RemoteError, *, at: datetime) -> Report:
    """A failed try, and when the next one is due; given up (DEAD) when none may help."""
    with held(report, status=ReportStatus.SENDING) as mine:
        if mine is None:
            return report
        breaker.note_failure(report.account, error, at=at)
        attempts = report.attempts + 1
        # what the platform answered tells that it did not take it; only silence leaves a doubt
        in_doubt = report.in_doubt and error.outcome_unknown
        status, tag, wait = (
            ReportStatus.PENDING,
            "einvoicing.report.postponed",
            backoff(attempts, retry_after=error.retry_after),
        )
        if not (error.retryable or error.outcome_unknown) or attempts > len(DELAYS):
            status, tag = ReportStatus.DEAD, "einvoicing.report.given_up"
        elif in_doubt:
            status, tag, wait = ReportStatus.UNKNOWN, "einvoicing.report.in_doubt", max(LEASE, wait)
        _move(
            report,
            status,
            tag,
            at,
            data={"error": error.message, "code": error.code, "attempt": attempts},
            in_doubt=in_doubt,
            attempts=attempts,
            next_attempt_at=at + wait,
            last_error=error.message[:1000],
            error_class=breaker.class_of(error),
            **FREE,
        )
    return report


def read_answers(account: PlatformAccount, platform: Platform, at: datetime) -> None:
    """What the platform says of the reports it has: taken, refused, or refused later by the State."""
    fresh = Report.objects.filter(account=account, status=ReportStatus.DEPOSITED)
    taken = Report.objects.filter(
        account=account,
        status=ReportStatus.ACCEPTED,
        deposited_at__gte=at - FOLLOWED,
        watched_at__lte=at - ASKED_EVERY,
    )
    rows = (fresh | taken).select_related("account", "period__company").order_by("watched_at", "id")

    def read(report: Report) -> None:
        Report.objects.filter(pk=report.pk).update(watched_at=at)
        _record_answer(report, platform.acknowledgement(report.remote_id), at)

    # a platform that does not answer ends the reading; an answer that cannot be written down concerns its report
    treat_each(rows[:MOST_ASKED], read, loop="réponses d’e-reporting", at=at, passing=(RemoteError,))


def _record_answer(report: Report, answer: Acknowledgement, at: datetime) -> None:
    actor = Actor.platform(report.account.name)
    if answer.status == AckStatus.OK and report.status == ReportStatus.DEPOSITED:
        _move(
            report, ReportStatus.ACCEPTED, "einvoicing.report.accepted", at, actor=actor, answered_at=at, last_error=""
        )
    elif answer.status == AckStatus.ERROR:
        sentence = "; ".join(f"{one.reason_code} {one.reason_message}".strip() for one in answer.details)
        _move(
            report,
            ReportStatus.REJECTED,
            "einvoicing.report.rejected",
            at,
            actor=actor,
            data={"error": sentence},
            answered_at=at,
            last_error=sentence[:1000],
        )
    elif answer.status == AckStatus.UNKNOWN:
        sentence = f"La plateforme répond par un état inconnu : {answer.raw_status}"
        Report.objects.filter(pk=report.pk).update(last_error=sentence[:1000])


# one that breaks keeps its lease: when it ends, the platform is asked before anything is sent again
REPORTS: Queue[Report] = Queue(name="déclaration d’e-reporting", due=due, take=take, work=transmit_report, lease=LEASE)
