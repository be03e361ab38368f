"""The queues of the finance orchestrator (config/celery.py), read from the rows that are the queues.

A job is a row: a transmission, a message to a customer or a partner, a bank line, a message received. What the broker
holds are only the alarms that wake the sweeps; losing them loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any, cast

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from billing.models import Email, EmailStatus
from billing.services.emails import resend_email
from config import celery
from config.kernel import broker
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import (
    BulkRun,
    BulkStatus,
    CompanyRow,
    ImportRun,
    ImportStatus,
    ReceivedStatus,
    ReceivedWebhook,
    WebhookAttempt,
    WebhookDelivery,
)
from config.kernel.models.webhooks import DeliveryStatus
from config.kernel.webhooks.endpoints import replay_delivery
from einvoicing.models import ReceivedDocument, RemoteDocument, Transmission, TransmissionStatus
from einvoicing.services.transmissions import retry_transmission
from payments.models import BankLine, LineStatus

INVOICES, OCR, RECONCILIATION, NOTIFICATIONS, SYNC = QUEUES = tuple(queue.name for queue in celery.QUEUES)
AT_WORK = tuple(queue.name for queue in celery.QUEUES_AT_WORK)
WAITING, ACTIVE, COMPLETED, FAILED = STATES = ("waiting", "active", "completed", "failed")
ZERO, NO_ERROR, NEVER = Value(0), Value(""), Value(None)


class NotRetried(DomainError):
    code = "not_retried"
    message = "Ce travail ne se relance pas ainsi : il avance par sa propre adresse, ou de lui-même."


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of rows of a queue: which are in which state, and the columns that tell of them.

    `needs`: the action that sends a row again; `again`: how (row, reason, actor, at), None where nothing does.
    """

    queue: str
    kind: str
    model: type[CompanyRow]
    states: Mapping[str, Q]
    created: Combinable
    attempts: Combinable = ZERO
    error: Combinable = NO_ERROR
    due: Combinable = NEVER
    among: Q = Q()  # noqa: RUF009 - never changed
    needs: str = ""
    again: Callable[[Any, str, Actor, datetime], Any] | None = None

    def rows(self) -> QuerySet[Any]:
        """The rows of the company in scope."""
        rows: QuerySet[Any] = self.model.objects.filter(self.among)
        return rows

    def state(self) -> Case:
        return Case(
            *(When(where, then=Value(state)) for state, where in self.states.items()),
            default=Value(COMPLETED),
            output_field=CharField(),
        )


def _last_error() -> Subquery:
    tries = WebhookAttempt.everywhere.filter(delivery=OuterRef("pk")).order_by("-at", "-pk")
    return Subquery(tries.values("error")[:1])


def _retry(row: Transmission, reason: str, actor: Actor, at: datetime) -> Any:
    return retry_transmission(transmission=row, reason=reason, actor=actor, at=at)


def _resend(row: Email, reason: str, actor: Actor, at: datetime) -> Any:
    return resend_email(email=row, actor=actor, at=at)


def _replay(row: WebhookDelivery, reason: str, actor: Actor, at: datetime) -> Any:
    return replay_delivery(delivery=row, actor=actor, at=at)


_T, _E, _D, _I = TransmissionStatus, EmailStatus, DeliveryStatus, ImportStatus
SOURCES: Sequence[Source] = (
    Source(
        queue=INVOICES, kind="transmission", model=Transmission,
        states={
            WAITING: Q(status__in=[_T.PENDING, _T.UNKNOWN]), ACTIVE: Q(status=_T.SENDING),
            FAILED: Q(status__in=[_T.REJECTED, _T.INVALID, _T.DEAD]),
        },
        created=F("created_at"), attempts=F("attempts"), error=F("last_error"), due=F("next_attempt_at"),
        needs="einvoicing.send", again=_retry,
    ),
    Source(
        queue=INVOICES, kind="bulk", model=BulkRun,
        states={
            ACTIVE: Q(status=BulkStatus.RUNNING, lease_until__isnull=False), WAITING: Q(status=BulkStatus.RUNNING),
        },
        created=F("requested_at"),
    ),
    Source(
        queue=INVOICES, kind="import", model=ImportRun,
        states={
            ACTIVE: Q(status__in=[_I.CHECKING, _I.APPLYING], lease_until__isnull=False),
            WAITING: Q(status__in=[_I.CHECKING, _I.APPLYING]),
            FAILED: Q(status__in=[_I.COLUMNS, _I.CHECKED]) & ~Q(last_error=""),
        },
        created=F("requested_at"), attempts=F("attempts"), error=F("last_error"),
    ),
    Source(
        queue=RECONCILIATION, kind="bank_line", model=BankLine,
        states={WAITING: Q(status=LineStatus.OPEN)}, created=F("statement__imported_at"),
    ),
    Source(
        queue=NOTIFICATIONS, kind="email", model=Email,
        states={
            WAITING: Q(status=_E.QUEUED), ACTIVE: Q(status=_E.SENDING), FAILED: Q(status__in=[_E.FAILED, _E.UNKNOWN]),
        },
        created=F("created_at"), attempts=F("attempts"), error=F("last_error"), due=F("next_attempt_at"),
        needs="einvoicing.send", again=_resend,
    ),
    Source(
        queue=NOTIFICATIONS, kind="webhook", model=WebhookDelivery,
        states={
            ACTIVE: Q(status=_D.PENDING, lease_until__isnull=False), WAITING: Q(status=_D.PENDING),
            FAILED: Q(status=_D.FAILED),
        },
        created=F("event__occurred_at"), attempts=F("attempts"), error=_last_error(), due=F("next_attempt_at"),
        needs="settings.edit", again=_replay,
    ),
    Source(
        queue=SYNC, kind="platform_message", model=RemoteDocument,
        states={FAILED: Q(applied_at=None) & ~Q(problem=""), WAITING: Q(applied_at=None)},
        created=F("received_at"), error=F("problem"),
    ),
    Source(
        queue=SYNC, kind="received_webhook", model=ReceivedWebhook,
        states={WAITING: Q(status=ReceivedStatus.RECEIVED), FAILED: Q(status=ReceivedStatus.FAILED)},
        created=F("received_at"), attempts=F("attempts"), error=F("problem"), due=F("next_attempt_at"),
    ),
    Source(
        queue=SYNC, kind="received_document", model=ReceivedDocument, among=~Q(syntax="ocr"),
        states={WAITING: Q(status="STORED"), FAILED: Q(status="UNREADABLE")},
        created=F("received_at"), attempts=F("attempts"), error=F("problem"), due=F("next_attempt_at"),
    ),
    Source(
        queue=OCR, kind="received_document", model=ReceivedDocument, among=Q(syntax="ocr"),
        states={WAITING: Q(status="STORED"), FAILED: Q(status="UNREADABLE")},
        created=F("received_at"), attempts=F("attempts"), error=F("problem"), due=F("next_attempt_at"),
    ),
)  # fmt: skip


def counts() -> dict[str, dict[str, int]]:
    """Queue → state → how many jobs. One query per kind of rows."""
    found = {queue: dict.fromkeys(STATES, 0) for queue in AT_WORK}
    for source in SOURCES:
        rows = source.rows().order_by().annotate(job_state=source.state()).values("job_state")
        for row in rows.annotate(count=Count("pk")):
            found[source.queue][row["job_state"]] += row["count"]
    return found


@dataclass(frozen=True, slots=True)
class Job:
    """One row of a queue. `next_attempt_at` is None where nothing more is tried by itself."""

    queue: str
    kind: str
    id: int
    state: str
    attempts: int
    last_error: str
    next_attempt_at: datetime | None
    created_at: datetime

    @property
    def can_retry(self) -> bool:
        """Whether something sends it again; the rest goes on by itself."""
        return any(source.kind == self.kind and source.again is not None for source in SOURCES)


Place = tuple[datetime, int]


def jobs(*, queue: str = "", state: str = "", after: Place | None = None, limit: int) -> list[Job]:
    """The latest jobs first, those that come after a place of the list. One query per kind of rows."""
    wanted = [source for source in SOURCES if queue in ("", source.queue)]
    found = [list(_newest(source, state, after, limit)) for source in wanted]
    return list(merge(*found, key=_place, reverse=True))[:limit]


def _place(job: Job) -> Place:
    return job.created_at, job.id


def _newest(source: Source, state: str, after: Place | None, limit: int) -> Iterator[Job]:
    rows = source.rows().annotate(
        job_state=source.state(),
        job_created=source.created,
        job_attempts=Case(default=source.attempts, output_field=IntegerField()),
        job_error=Case(default=source.error, output_field=CharField()),
        job_due=Case(default=source.due, output_field=DateTimeField()),
    )
    if state:
        rows = rows.filter(job_state=state)
    if after is not None:
        moment, pk = after
        rows = rows.filter(Q(job_created__lt=moment) | Q(job_created=moment, pk__lt=pk))
    columns = ("pk", "job_state", "job_attempts", "job_error", "job_due", "job_created")
    for pk, found, attempts, error, due, created in rows.order_by("-job_created", "-pk").values_list(*columns)[:limit]:
        goes_on = found in (WAITING, ACTIVE)
        yield Job(source.queue, source.kind, pk, found, attempts, error or "", due if goes_on else None, created)


def job_of(queue: str, pk: int) -> tuple[Source, Any] | None:
    """The row behind a job, and its kind; None when the company has none."""
    for source in SOURCES:
        row = source.rows().filter(pk=pk).first() if source.queue == queue else None
        if row is not None:
            return source, row
    return None


def retry(source: Source, row: Any, *, reason: str, actor: Actor, at: datetime) -> None:
    """Send the row's work again. Raises NotRetried, and what its own service refuses."""
    if source.again is None:
        raise NotRetried
    source.again(row, reason, actor, at)


def job(source: Source, pk: int) -> Job:
    """The job of that row, as it stands."""
    rows = source.rows().filter(pk=pk).annotate(job_created=source.created)
    created = rows.values_list("job_created", flat=True).get()
    return next(_newest(source, "", (created, pk + 1), 1))


def broker_lengths() -> dict[str, int] | None:
    """Queue → alarms the broker holds for it; None when it cannot be reached."""
    try:
        with broker.asking(), broker.client() as client:
            return {queue: int(cast(int, client.llen(queue))) for queue in AT_WORK}
    except broker.BrokerAway:
        return None
