"""Carrying reports to the platform, on the durable queue (`einvoicing.services.carrying`), and what it says of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.isolating import treat_each
from config.kernel.queue import Queue
from einvoicing.models.accounts import PlatformAccount
from einvoicing.platforms.answers import Acknowledgement, AckStatus
from einvoicing.platforms.base import Deposit, Platform
from einvoicing.reporting.judging import judge
from einvoicing.reporting.models import Report, ReportStatus
from einvoicing.services.carrying import LEASE, Carrier, Tags

# a platform may still refuse what it took, when the State does: it is asked now and then for so long
FOLLOWED = timedelta(days=10)
ASKED_EVERY = timedelta(hours=6)
MOST_ASKED = 50


def _deposit(report: Report) -> Deposit:
    return Deposit(
        data=bytes(report.content),
        name=f"{report.period.company.siren}_{report.period.kind}_{report.period.code}_{report.turn}.xml",
        syntax="FRR",
        tracking_id=report.tracking_id,
        sha256=report.sha256,
        processing_rule="NotApplicable",
    )


CARRIER: Carrier[Report] = Carrier(
    rows=Report,
    related=("period",),
    actor=Actor.system("file d’e-reporting"),
    tags=Tags(
        claimed="einvoicing.report.claimed",
        deposited="einvoicing.report.deposited",
        invalid="einvoicing.report.invalid",
        postponed="einvoicing.report.postponed",
        in_doubt="einvoicing.report.in_doubt",
        given_up="einvoicing.report.given_up",
    ),
    judge=judge,
    deposit=_deposit,
    also=lambda report: [report.period],
)
# one that breaks keeps its lease: when it ends, the platform is asked before anything is sent again
REPORTS: Queue[Report] = Queue(
    name="déclaration d’e-reporting", due=CARRIER.due, take=CARRIER.take, work=CARRIER.carry, lease=LEASE, leaves=True
)


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
        CARRIER.move(
            report, ReportStatus.ACCEPTED, "einvoicing.report.accepted", at, actor=actor, answered_at=at, last_error=""
        )
    elif answer.status == AckStatus.ERROR:
        sentence = "; ".join(f"{one.reason_code} {one.reason_message}".strip() for one in answer.details)
        CARRIER.move(
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
