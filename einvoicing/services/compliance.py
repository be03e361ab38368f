"""The figures of e-invoicing over a period: what went well, what waits, what was refused and why, how long it took.

Every figure is counted by PostgreSQL; the number of queries does not depend on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Expression, F, FloatField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Extract

from billing.models import InvoiceDocument
from einvoicing.models import (
    Attempt,
    LifecycleEvent,
    PlatformAccount,
    Transmission,
    TransmissionKind,
    TransmissionStatus,
)
from einvoicing.problems.waiting import REFUSALS

WAITING = (TransmissionStatus.PENDING, TransmissionStatus.SENDING, TransmissionStatus.UNKNOWN)
THERE = (TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED)
REFUSED = (TransmissionStatus.REJECTED, TransmissionStatus.INVALID)
STOPPED = (TransmissionStatus.DEAD,)
# what the buyer refused is refused, though the platform has it
TURNED_DOWN = Q(status__in=REFUSED) | Q(status__in=THERE, lifecycle_code__in=REFUSALS)
TRANSMITTED = Q(status__in=THERE) & ~TURNED_DOWN


@dataclass(frozen=True, slots=True)
class Counts:
    """Transmissions of invoices in a period. `conformity` in per cent of those judged, None when none was."""

    total: int
    there: int
    waiting: int
    refused: int
    stopped: int
    retried: int

    @property
    def conformity(self) -> Decimal | None:
        return percent(self.there, self.there + self.refused)

    @property
    def retry_rate(self) -> Decimal | None:
        return percent(self.retried, self.total)


@dataclass(frozen=True, slots=True)
class AccountFigures:
    account: PlatformAccount
    total: int
    success: Decimal | None  # per cent of those whose outcome is known
    delay: int | None  # mean seconds from the queue to the platform
    state: str  # "ok", "failing", "suspended", "offline", "off"


@dataclass(frozen=True, slots=True)
class FormatFigures:
    kind: str
    files: int
    mean_bytes: int
    mean_ms: int | None  # making and judging the file


def percent(part: int, whole: int) -> Decimal | None:
    """With one decimal; None of nothing."""
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1")) if whole else None


def invoices_sent(rows: QuerySet[Transmission], *, since: datetime) -> QuerySet[Transmission]:
    return rows.filter(kind=TransmissionKind.INVOICE, created_at__gte=since)


def counts(rows: QuerySet[Transmission], *, since: datetime) -> Counts:
    """One query. What waits is counted whatever its age: an old one is no less stuck."""
    recent = Q(created_at__gte=since)
    found = rows.filter(kind=TransmissionKind.INVOICE).aggregate(
        total=Count("pk", filter=recent),
        there=Count("pk", filter=recent & TRANSMITTED),
        waiting=Count("pk", filter=Q(status__in=WAITING)),
        refused=Count("pk", filter=recent & TURNED_DOWN),
        stopped=Count("pk", filter=Q(status__in=STOPPED)),
        retried=Count("pk", filter=recent & Q(attempts__gt=0)),
    )
    return Counts(**found)


def by_account(
    accounts: QuerySet[PlatformAccount], rows: QuerySet[Transmission], *, since: datetime, at: datetime
) -> list[AccountFigures]:
    """Two queries: the accounts, and what each was given."""
    # without an order: the caller's would enter GROUP BY, and make a group of each row
    grouped = invoices_sent(rows, since=since).order_by().values("account_id")
    transmitted = {
        row["account_id"]: row
        for row in grouped.annotate(
            total=Count("pk"),
            there=Count("pk", filter=TRANSMITTED),
            settled=Count("pk", filter=~Q(status__in=WAITING)),
            delay=Avg(seconds(F("deposited_at") - F("created_at"))),
        )
    }
    none: dict[str, Any] = {"total": 0, "there": 0, "settled": 0, "delay": None}
    figures = []
    for account in accounts.order_by("name"):
        row = transmitted.get(account.pk, none)
        figures.append(
            AccountFigures(
                account,
                row["total"],
                percent(row["there"], row["settled"]),
                whole(row["delay"]),
                state_of(account, at=at),
            )
        )
    return figures


def state_of(account: PlatformAccount, *, at: datetime) -> str:
    """ "off", "offline", "suspended", "failing" or "ok": the first that holds."""
    if not account.is_enabled:
        return "off"
    if account.is_offline:
        return "offline"
    if account.is_suspended(at=at):
        return "suspended"
    return "failing" if account.last_error else "ok"


def failures_by_class(rows: QuerySet[Transmission], *, since: datetime) -> list[tuple[str, int]]:
    """ErrorClass → how many are stopped or delayed by it now, the most frequent first."""
    found = rows.filter(created_at__gte=since).exclude(error_class="").order_by().values_list("error_class")
    return list(found.annotate(count=Count("pk")).order_by("-count", "error_class"))


def refusals_by_reason(events: QuerySet[LifecycleEvent], *, since: datetime) -> list[tuple[str, str, int]]:
    """(status code, reason code, how many), the most frequent first."""
    found = events.filter(code__in=REFUSALS, received_at__gte=since).order_by().values_list("code", "reason_code")
    return list(found.annotate(count=Count("pk")).order_by("-count", "code", "reason_code"))


def by_format(documents: QuerySet[InvoiceDocument], *, since: datetime) -> list[FormatFigures]:
    """Size and time of the files made in the period."""
    found = documents.filter(created_at__gte=since).order_by().values("kind")
    rows = found.annotate(
        files=Count("pk"), size=Avg("size"), ms=Avg(Cast(KT("verdict__made_in_ms"), FloatField()))
    ).order_by("kind")
    return [FormatFigures(row["kind"], row["files"], whole(row["size"]) or 0, whole(row["ms"])) for row in rows]


def tries(attempts: QuerySet[Attempt], *, since: datetime) -> dict[str, int]:
    """Outcome → how many attempts; '' for those still open."""
    found = attempts.filter(started_at__gte=since).order_by().values_list("outcome")
    return dict(found.annotate(count=Count("pk")))


def whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def seconds(duration: Any) -> Expression:
    return Cast(Extract(duration, "epoch"), FloatField())
