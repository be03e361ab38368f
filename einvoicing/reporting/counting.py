"""Whether the platform counted the same: its own reports of our invoices, read, kept, and held against our facts.

A platform may cut its periods otherwise than we do: what it reported within a period of ours is added up, the latest
of each of its own periods alone. Every row that differs is said with both amounts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db import transaction

from config.kernel import states, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day, start_of_day
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.money import ZERO
from einvoicing.formats import ereporting
from einvoicing.formats.ereporting import message
from einvoicing.models.accounts import PlatformAccount
from einvoicing.models.transmissions import RemoteDocument
from einvoicing.platforms.afnor.statuses import REPORT_TYPES
from einvoicing.platforms.base import ReportingPlatform
from einvoicing.platforms.registry import connect
from einvoicing.reporting.models import Channel, CountStatus, ReportPeriod
from einvoicing.reporting.preparing import NoReportingPlatform, reporting_account
from einvoicing.reporting.reading import read_period
from einvoicing.reporting.rows import DAILY_PAYMENTS, DAILY_SALES, UNIT_PAYMENTS, UNIT_SALES
from einvoicing.services.routing import settings_of

MOST_SHOWN = 100

# (flux, what is counted) → net and VAT, or the amount received
Counted = dict[tuple[str, str], tuple[Decimal, ...]]


def compare_counts(*, company: Company, at: datetime) -> int:
    """Compare every period that the platform reports and that is over. Returns how many differ or are missing.

    Raises RemoteError when the platform does not answer.
    """
    rows = ReportPeriod.objects.filter(company=company, channel=Channel.PLATFORM, end__lt=local_day(at))
    periods = list(rows.order_by("start", "kind"))
    if not periods:
        return 0
    try:
        account = reporting_account(company)
    except NoReportingPlatform:
        return 0
    read_reports(account, since=start_of_day(periods[0].start), at=at)
    theirs = _platform_reports(account)
    return sum(_compare(period, theirs, at) for period in periods)


def read_reports(account: PlatformAccount, *, since: datetime, at: datetime) -> int:
    """Keep what the platform reported of us, byte for byte, each once. Returns how many were new."""
    kept = RemoteDocument.objects.filter(account=account, flow_type__in=REPORT_TYPES)
    known = set(kept.values_list("remote_id", flat=True))
    with closing(connect(settings_of(account, at=at))) as platform:
        found = cast(ReportingPlatform, platform).reports(since, known)
    rows = [
        RemoteDocument(
            company_id=account.company_id,
            account=account,
            remote_id=one.remote_id,
            flow_type=one.kind[:60],
            content=one.data,
            sha256=hashlib.sha256(one.data).hexdigest(),
            received_at=at,
            applied_at=at,
            problem=one.problem,
        )
        for one in found
    ]
    RemoteDocument.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _platform_reports(account: PlatformAccount) -> list[message.Report]:
    """The latest report of each of its periods; one that cannot be read is written down and left out."""
    latest: dict[tuple[Any, ...], message.Report] = {}
    rows = RemoteDocument.objects.filter(account=account, flow_type__in=REPORT_TYPES, problem="")
    for row in rows.order_by("received_at", "id"):
        try:
            report = ereporting.parse(bytes(row.content))
        except Invalid as error:
            RemoteDocument.objects.filter(pk=row.pk).update(problem=str(error)[:500])
            continue
        key = (report.issuer_siren, report.role, report.carries_payments, report.start, report.end)
        held = latest.get(key)
        # its clock has whole seconds: of two of one second the corrective one is the later
        if held is None or (held.created_at, held.type_code) <= (report.created_at, report.type_code):
            latest[key] = report
    return list(latest.values())


@transaction.atomic
def _compare(period: ReportPeriod, theirs: Iterable[message.Report], at: datetime) -> bool:
    """Write down how a period compares; whether somebody should look."""
    draft = read_period(period, at=at)
    ours = draft.content
    within = [
        report
        for report in theirs
        if (report.issuer_siren, report.role, report.carries_payments)
        == (ours.issuer_siren, ours.role, ours.carries_payments)
        and period.start <= report.start
        and report.end <= period.end
    ]
    differences = differing(counted([ours]), counted(within))
    status = CountStatus.DIFFERS if differences else CountStatus.AGREED
    if not within:
        status, differences = (CountStatus.AGREED if draft.is_empty else CountStatus.MISSING), []
    changes: dict[str, Any] = {"differences": differences[:MOST_SHOWN], "counted_at": at}
    if period.status == status:
        ReportPeriod.objects.filter(pk=period.pk).update(**changes)
    else:
        states.move(period, status, tag="einvoicing.count.compared", actor=Actor.beat("e-reporting"), at=at, **changes)
    return status != CountStatus.AGREED and not draft.is_empty


def counted(reports: Iterable[message.Report]) -> Counted:
    """What reports say, added up by what they say it of."""
    found: Counted = {}

    def add(flux: str, what: str, *amounts: Decimal) -> None:
        before = found.get((flux, what), tuple(ZERO for _ in amounts))
        found[flux, what] = tuple(one + other for one, other in zip(before, amounts, strict=True))

    for report in reports:
        for invoice in report.invoices:
            add(UNIT_SALES, invoice.number, invoice.net, invoice.vat)
        for sales in report.sales:
            for row in sales.rows:
                add(DAILY_SALES, f"{_of(sales.day)} {sales.category} {_rate(row.rate)}", row.base, row.vat)
        for paid in report.invoice_payments:
            for share in paid.amounts:
                add(UNIT_PAYMENTS, f"{paid.number} {_of(paid.day)} {_rate(share.rate)}", share.amount)
        for payments in report.payments:
            for share in payments.amounts:
                add(DAILY_PAYMENTS, f"{_of(payments.day)} {_rate(share.rate)}", share.amount)
    return {key: amounts for key, amounts in found.items() if any(amounts)}


def differing(ours: Counted, theirs: Counted) -> list[dict[str, str]]:
    """The rows that one has otherwise than the other, or not at all."""
    return [
        {"flux": key[0], "what": key[1], "ours": _said(ours.get(key)), "theirs": _said(theirs.get(key))}
        for key in sorted({*ours, *theirs})
        if ours.get(key) != theirs.get(key)
    ]


def _of(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _rate(rate: Decimal) -> str:
    return f"{rate.normalize():f} %".replace(".", ",")


def _said(amounts: tuple[Decimal, ...] | None) -> str:
    return " + ".join(typography.money(amount) for amount in amounts or ())
