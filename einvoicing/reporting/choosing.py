"""How a company reports: its regime, and whether we send the reports or leave them to its platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from billing.models import Invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from einvoicing import mapping
from einvoicing.deadlines import issuing_deadline
from einvoicing.models.transmissions import Transmission, TransmissionKind
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.reporting.building import NO_PLATFORM, usual_regime
from einvoicing.reporting.models import STOPPED, Channel, Report, ReportingChoice, ReportPeriod, ReportStatus
from einvoicing.reporting.periods import KINDS, Period, UnknownPeriod, period_at, periods_between
from einvoicing.reporting.sales import reported

# what an invoice says to its platform where we report it ourselves: carry it, and do not count it
UNCOUNTED = {"B2C": "OutOfScope", "B2BInt": "OutOfScope", "B2GInt": "B2GOutOfScope"}


class NotAPeriodStart(Invalid):
    code = "not_a_period_start"
    message = "Choisissez le premier jour d’une période, avant et après le changement."


class AlreadyReported(DomainError):
    code = "already_reported"
    message = "Des périodes sont déjà déclarées après cette date : le changement ne peut commencer qu’ensuite."


class ReportStopped(DomainError):
    code = "report_stopped"
    message = (
        "Une déclaration préparée après cette date n’est pas acceptée : faites-la aboutir, "
        "et choisissez un jour qui vient ensuite."
    )


class InvoicesGiven(DomainError):
    code = "invoices_given"
    message = (
        "Des factures de ces jours sont déjà confiées à la plateforme, avec l’autre consigne : "
        "changez qui déclare à partir d’une période dont aucune facture n’est partie."
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """How a company reports from `since` to the day before the next choice."""

    since: date
    regime: str
    channel: str
    sends_automatically: bool = False
    sender_code: str = NO_PLATFORM

    @property
    def sends_flows(self) -> bool:
        return self.channel == Channel.FLOWS


def choices_of(company: Company) -> list[Choice]:
    """What holds, in order: by law from the company's day on, the platform reporting; then what people chose."""
    made, duty = _made_by(company), issuing_deadline(company.size)
    if made and made[0].since <= duty:
        return made
    return [Choice(duty, _first_regime(company), Channel.PLATFORM), *made]


def _made_by(company: Company) -> list[Choice]:
    """What people chose, in order."""
    return [
        Choice(row.since, row.regime, row.channel, row.sends_automatically, row.sender_code)
        for row in ReportingChoice.objects.filter(company=company).order_by("since")
    ]


def _first_regime(company: Company) -> str:
    """That of the first periods that were read: what the company is today cuts none of them anew."""
    read = ReportPeriod.objects.filter(company=company).order_by("start").values_list("regime", flat=True)
    return read.first() or usual_regime(company)


def choice_at(company: Company, day: date) -> Choice:
    """What holds on a day; before the first day of all, what will hold then."""
    choices = choices_of(company)
    return next((choice for choice in reversed(choices) if choice.since <= day), choices[0])


def follow_vat_regime(*, company: Company, actor: Actor, at: datetime) -> None:
    """Where nobody chose how the company reports, its new VAT regime counts from the next period of both regimes."""
    regime = usual_regime(company)
    if regime == _first_regime(company) or ReportingChoice.objects.filter(company=company).exists():
        return
    since = local_day(at).replace(day=1)
    while since <= local_day(at) or not _begins_periods(since, [regime, _first_regime(company)]):
        since = (since + timedelta(days=32)).replace(day=1)
    choose_reporting(
        company=company,
        since=max(since, issuing_deadline(company.size)),
        regime=regime,
        channel=Channel.PLATFORM,
        sends_automatically=False,
        sender_code="",
        actor=actor,
        at=at,
    )


def regime_of(company: Company, code: str) -> str:
    """The regime under which a period of this code (2026-11, 2026-11-2) is read. Raises UnknownPeriod."""
    try:
        day = date.fromisoformat(f"{code.strip()[:7]}-01")
    except ValueError:
        raise UnknownPeriod(text=code[:20]) from None
    return choice_at(company, day).regime


def begun_periods(company: Company, *, on: date) -> Iterator[tuple[Choice, Period]]:
    """Every period that has begun by `on`, with how it is reported; none of a Swiss company, which reports nothing."""
    if company.is_swiss:
        return
    choices = choices_of(company)
    for place, choice in enumerate(choices):
        last = choices[place + 1].since - timedelta(days=1) if place + 1 < len(choices) else on
        for kind in KINDS:
            for period in periods_between(choice.since, min(last, on), kind=kind, regime=choice.regime):
                yield choice, period


@transaction.atomic
def choose_reporting(
    *,
    company: Company,
    since: date,
    regime: str,
    channel: str,
    sends_automatically: bool,
    sender_code: str,
    actor: Actor,
    at: datetime,
) -> ReportingChoice:
    """Report so from that day on; a choice made before for the same day is replaced, later ones are dropped.

    Raises NotAPeriodStart, AlreadyReported, ReportStopped, InvoicesGiven.
    """
    before = [choice for choice in choices_of(company) if choice.since < since]
    if not _begins_periods(since, [regime, *(choice.regime for choice in before[-1:])]):
        raise NotAPeriodStart(fields={"since": NotAPeriodStart.message})
    reports = Report.objects.filter(company=company, period__end__gte=since)
    if reports.exclude(status__in=[*STOPPED, ReportStatus.REPLACED]).exists():
        raise AlreadyReported(fields={"since": AlreadyReported.message})
    if reports.exists():  # a report is proof, and keeps its period as it was
        raise ReportStopped(fields={"since": ReportStopped.message})
    if channel != choice_at(company, since).channel and _given_since(company, since):
        raise InvoicesGiven(fields={"since": InvoicesGiven.message})
    ReportingChoice.objects.filter(company=company, since__gte=since).delete()
    # they are read again under the new regime; what they came to is no proof of anything
    ReportPeriod.objects.filter(company=company, end__gte=since).delete()
    row: ReportingChoice = ReportingChoice.objects.create(
        company=company,
        since=since,
        regime=regime,
        channel=channel,
        sends_automatically=sends_automatically,
        sender_code=sender_code or NO_PLATFORM,
        made_at=at,
    )
    audit.record("einvoicing.reporting.chosen", subject=row, actor=actor, at=at, data={"since": since.isoformat()})
    return row


def _given_since(company: Company, since: date) -> bool:
    """Whether a platform that reports has invoices of these days, which say whether it counts them."""
    kinds = [kind for kind, provider in PLATFORMS.items() if provider.takes_reports]
    given = Transmission.objects.filter(
        company=company, kind=TransmissionKind.INVOICE, account__kind__in=kinds, deposited_at__isnull=False
    )
    rows = Invoice.objects.filter(company=company, issue_date__gte=since, pk__in=given.values("invoice_id"))
    return rows.filter(reported()).exists()


def _begins_periods(since: date, regimes: Sequence[str]) -> bool:
    return {period_at(since, kind=kind, regime=regime).start for kind in KINDS for regime in regimes} == {since}


def processing_rule(invoice: Invoice) -> str:
    """What the platform is told of an invoice: who counts it follows from the choice of the day it bears."""
    rule = mapping.processing_rule(invoice.buyer)
    if rule not in UNCOUNTED or invoice.issue_date is None:
        return rule
    return UNCOUNTED[rule] if _channel_at(invoice.company, invoice.issue_date) == Channel.FLOWS else rule


def _channel_at(company: Company, day: date) -> str:
    """Who reports on a day, without asking by which regime."""
    made = _made_by(company)
    held = [choice for choice in made if choice.since <= day]
    if not held and made and made[0].since <= issuing_deadline(company.size):
        held = made[:1]
    return held[-1].channel if held else str(Channel.PLATFORM)
