"""Carrying a file that its row keeps to the platform, on the durable queue: judged, sent once, recorded.

What reports of e-reporting and answers to suppliers share. A row that left without an answer is in doubt: the platform
is asked about it, by its tracking id, before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db.models import QuerySet

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.models import CompanyRow
from config.kernel.queue import DELAYS, FREE, Clock, backoff, held
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import ErrorClass, Report, SupplierAnswer
from einvoicing.platforms.answers import Receipt
from einvoicing.platforms.base import Deposit, Platform
from einvoicing.platforms.registry import connect
from einvoicing.services import breaker
from einvoicing.services.routing import settings_of
from einvoicing.services.verdicts import ENGINE
from einvoicing.validation.report import Report as Verdict

R = TypeVar("R", Report, SupplierAnswer)

LEASE = timedelta(seconds=settings.TRANSMISSION_LEASE_SECONDS)
# the words of both tables of moves
PENDING, SENDING, UNKNOWN, DEPOSITED, INVALID, DEAD = "PENDING", "SENDING", "UNKNOWN", "DEPOSITED", "INVALID", "DEAD"


class NotValid(Exception):
    """The official rules refuse the file: nothing was sent."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What the audit trail calls each step."""

    claimed: str
    deposited: str
    invalid: str
    postponed: str
    in_doubt: str
    given_up: str


def nothing_more(_row: Any) -> Mapping[str, Any]:
    """For rows whose events say no more than what happened."""
    return {}


def as_file(_platform: Platform, _row: Any) -> Receipt | None:
    """For rows that always leave as a file."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(Generic[R]):
    """How rows of one class are carried.

    judge: the verdict on the file.
    deposit: the file as it leaves.
    also: the rows that their events are about too.
    data: what each event says besides.
    by_call: the receipt where the platform is told by a call that may be made twice, else None.
    """

    rows: type[R]
    related: tuple[str, ...]
    actor: Actor
    tags: Tags
    judge: Callable[[bytes], Verdict]
    deposit: Callable[[R], Deposit]
    also: Callable[[R], Iterable[CompanyRow]]
    data: Callable[[R], Mapping[str, Any]] = nothing_more
    by_call: Callable[[Platform, R], Receipt | None] = as_file

    def due(self, at: datetime) -> QuerySet[R]:
        """Those whose time has come, with those whose carrier has died; of no platform that is suspended or offline."""
        rows: QuerySet[R] = self.rows.everywhere.filter(status__in=[PENDING, UNKNOWN, SENDING], next_attempt_at__lte=at)
        rows = rows.filter(breaker.passable(at=at)).select_related("account", *self.related)
        return rows.order_by("next_attempt_at", "id")

    def take(self, row: R, at: datetime) -> bool:
        """Write down that it is in hand. False while the account lets another go first."""
        if not breaker.take_turn(row, at=at, lease=LEASE):
            return False
        if row.status != SENDING:
            self.move(row, SENDING, self.tags.claimed, at)
        return True

    def carry(self, row: R, now: Clock) -> R:
        """Take one claimed row to its platform and record what came of it. No transaction is open meanwhile."""
        try:
            with closing(connect(settings_of(row.account, at=now()))) as platform:
                receipt = self.by_call(platform, row) or self._send(platform, row, now)
        except NotValid as error:
            return self._record_invalid(row, error.verdict, at=now())
        except SecretUnreadable as error:
            failure = RemoteError(str(error), retryable=False, code=error.code)
        except RemoteError as error:
            failure = error
        else:
            return row if receipt is None else self._record_receipt(row, receipt, at=now())
        return self._record_failure(row, failure, at=now())

    def move(self, row: R, to: str, tag: str, at: datetime, *, actor: Actor | None = None, **changes: Any) -> None:
        """One step of the row, with its event."""
        data = {**changes.pop("data", {}), **self.data(row)}
        states.move(row, to, tag=tag, actor=actor or self.actor, at=at, also=self.also(row), data=data, **changes)

    def _send(self, platform: Platform, row: R, now: Clock) -> Receipt | None:
        """Ask first when in doubt; judge, and send what the platform does not have. None when the lease was lost."""
        if row.in_doubt:
            found = _find(platform, row.tracking_id)
            if found:
                return found
            row.in_doubt = False
        self._check(bytes(row.content))
        with held(row, status=SENDING) as mine:
            if mine is None:
                return None
            # written before the file leaves: who dies now leaves a row that is asked about, not sent twice
            self.rows.everywhere.filter(pk=row.pk).update(in_doubt=True, lease_until=now() + LEASE)
            row.in_doubt = True
        return platform.deposit(self.deposit(row))

    def _check(self, data: bytes) -> None:
        """Raises NotValid, and RemoteError where the judge itself cannot be reached: no verdict, tried again."""
        verdict = self.judge(data)
        if verdict.valid:
            return
        if ENGINE in verdict.rules:
            raise RemoteError("Le contrôle officiel ne répond pas.", retryable=True, code="engine_unreachable")
        raise NotValid(verdict)

    def _record_receipt(self, row: R, receipt: Receipt, *, at: datetime) -> R:
        with held(row, status=SENDING) as mine:
            if mine is not None:
                breaker.note_success(row.account)
                self.move(
                    row,
                    DEPOSITED,
                    self.tags.deposited,
                    at,
                    data={"platform": row.account.name, "remote_id": receipt.remote_id, "sha256": row.sha256},
                    remote_id=receipt.remote_id,
                    in_doubt=False,
                    deposited_at=at,
                    last_error="",
                    error_class="",
                    **FREE,
                )
        return row

    def _record_invalid(self, row: R, verdict: Verdict, *, at: datetime) -> R:
        """The official rules refuse the file: nothing was sent, and a person is asked to mend it."""
        broken = [
            {"rule": one.rule, "severity": one.severity, "text": one.text, "location": one.location}
            for one in verdict.violations
        ]
        with held(row, status=SENDING) as mine:
            if mine is not None:
                self.move(
                    row,
                    INVALID,
                    self.tags.invalid,
                    at,
                    data={"rules": sorted(verdict.rules)},
                    violations=broken,
                    last_error=verdict.fatal[0].text[:1000] if verdict.fatal else "",
                    error_class=ErrorClass.VALIDATION,
                    in_doubt=False,
                    **FREE,
                )
        return row

    def _record_failure(self, row: R, error: RemoteError, *, at: datetime) -> R:
        """A failed try, and when the next one is due; given up (DEAD) when none may help."""
        with held(row, status=SENDING) as mine:
            if mine is None:
                return row
            breaker.note_failure(row.account, error, at=at)
            attempts = row.attempts + 1
            # what the platform answered tells that it did not take it; only silence leaves a doubt
            in_doubt = row.in_doubt and error.outcome_unknown
            status, tag, wait = PENDING, self.tags.postponed, backoff(attempts, retry_after=error.retry_after)
            if not (error.retryable or error.outcome_unknown) or attempts > len(DELAYS):
                status, tag = DEAD, self.tags.given_up
            elif in_doubt:
                status, tag, wait = UNKNOWN, self.tags.in_doubt, max(LEASE, wait)
            self.move(
                row,
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
        return row


def _find(platform: Platform, tracking_id: str) -> Receipt | None:
    """What the platform has of it. A look-up that fails tells nothing: the doubt stays, whatever was answered."""
    try:
        return platform.find(tracking_id)
    except RemoteError as error:
        error.outcome_unknown = True
        raise
