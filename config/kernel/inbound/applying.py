"""Applying what was received, on the durable queue.

An applier changes our own rows and so does it together with the record of it: whoever dies in between has done neither.
One that `talks` to a remote system works before the record, with no transaction open, and may therefore work twice: it
must only read. What fails comes again after 1, 2 and 4 minutes, then waits for a person (FAILED) who may replay it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.inbound.receiving import read
from config.kernel.inbound.senders import SENDERS
from config.kernel.models import ReceivedStatus, ReceivedWebhook
from config.kernel.queue import FREE, Clock, Queue, backoff, held
from config.kernel.tries import RECEIVED_DELAYS, RECEIVED_TRIES

logger = structlog.get_logger(__name__)

# a carrier that dies leaves its message to the next one then; beyond the longest reading of a platform
LEASE = timedelta(minutes=5)
DEFECT = "Une erreur inattendue a empêché d’appliquer ce message."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: applied, or without effect here and why. A remark may say what a person should do."""

    is_applied: bool
    remark: str = ""


APPLIED = Outcome(is_applied=True)


def ignored(reason: str) -> Outcome:
    """The outcome of a message that changes nothing here; `reason` is shown to people."""
    return Outcome(is_applied=False, remark=reason)


def apply_due(*, now: Clock = timezone.now, limit: int = 1000, seconds: float = 60) -> int:
    """One sweep: apply what is due, up to `limit` messages and `seconds`. Returns how many were tried."""
    return len(RECEIVED.sweep(now=now, limit=limit, seconds=seconds))


def _due(at: datetime) -> QuerySet[ReceivedWebhook]:
    rows: QuerySet[ReceivedWebhook] = ReceivedWebhook.everywhere.filter(
        status=ReceivedStatus.RECEIVED, next_attempt_at__lte=at
    )
    return rows.select_related("origin").order_by("next_attempt_at", "id")


def _take(message: ReceivedWebhook, _at: datetime) -> bool:
    message.attempts += 1
    message.save(update_fields=["attempts"])
    return True


def apply(message: ReceivedWebhook, now: Clock) -> None:
    """Apply a claimed message, or say when it is tried again."""
    try:
        _apply(message, now())
    # the database is away: nothing can be written down, the lease brings the message back
    except (OperationalError, InterfaceError):
        raise
    except (DomainError, RemoteError) as error:
        _postpone(message, str(error), now())
    except Exception:
        # one message must not hold up the others
        logger.exception("received_webhook_not_applied", message=message.pk)
        _postpone(message, DEFECT, now())


def _apply(message: ReceivedWebhook, at: datetime) -> None:
    sender = SENDERS[message.origin.source]
    content = read(bytes(message.body))
    # outside the transaction of `held`: no lock may wait for a remote answer
    early = sender.apply(message, content, at) if sender.talks else None
    with held(message, status=ReceivedStatus.RECEIVED) as row:
        if row is not None:
            _record(row, early or sender.apply(row, content, at), at)


def _record(row: ReceivedWebhook, outcome: Outcome, at: datetime) -> None:
    to = ReceivedStatus.APPLIED if outcome.is_applied else ReceivedStatus.IGNORED
    tag = "kernel.received.applied" if outcome.is_applied else "kernel.received.ignored"
    data = {"event": row.name or row.event_id}
    if outcome.remark:
        data["reason"] = outcome.remark
    states.move(
        row,
        to,
        tag=tag,
        actor=Actor.platform(str(row.origin)),
        at=at,
        data=data,
        applied_at=at if outcome.is_applied else None,
        problem=outcome.remark[:300],
        **FREE,
    )


def _postpone(message: ReceivedWebhook, problem: str, at: datetime) -> None:
    with held(message, status=ReceivedStatus.RECEIVED) as row:
        if row is None:
            return
        if row.attempts < RECEIVED_TRIES:
            again = at + backoff(row.attempts, delays=RECEIVED_DELAYS)
            ReceivedWebhook.everywhere.filter(pk=row.pk).update(next_attempt_at=again, problem=problem[:300], **FREE)
            return
        states.move(
            row,
            ReceivedStatus.FAILED,
            tag="kernel.received.failed",
            actor=Actor.platform(str(row.origin)),
            at=at,
            data={"event": row.name or row.event_id, "error": problem[:300]},
            problem=problem[:300],
            **FREE,
        )


@transaction.atomic
def replay(*, message: ReceivedWebhook, actor: Actor, at: datetime) -> ReceivedWebhook:
    """Try again what was given up, with new attempts. Raises TransitionRefused, Stale."""
    states.move(
        message,
        ReceivedStatus.RECEIVED,
        tag="kernel.received.replayed",
        actor=actor,
        at=at,
        data={"event": message.name or message.event_id},
        attempts=0,
        next_attempt_at=at,
        problem="",
    )
    return message


RECEIVED: Queue[ReceivedWebhook] = Queue(name="messages reçus", due=_due, take=_take, work=apply, lease=LEASE)
