"""What came of an attempt, written only by the worker that still holds the lease (fencing)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db import transaction

from config.kernel import audit
from config.kernel.errors import RemoteError
from einvoicing import lifecycle
from einvoicing.events import action_needed
from einvoicing.models import ANSWERS, ErrorClass, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.base import Receipt
from einvoicing.services import breaker
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.transmissions.claiming import (
    LEASE,
    QUEUE,
    finish_attempt,
    is_in_doubt,
    move,
    start_attempt,
    still_mine,
)

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 1440))


@transaction.atomic
def record_lookup(transmission: Transmission, found: Receipt | None, *, worker: str, at: datetime) -> bool:
    """Write down what the platform knows, and the deposit that follows when it knows nothing. False: not ours now."""
    if not still_mine(transmission, worker):
        return False
    finish_attempt(transmission, "found" if found else "absent", at=at)
    if not found:
        start_attempt(transmission, "DEPOSIT", at)
    return True


@transaction.atomic
def record_receipt(
    transmission: Transmission, receipt: Receipt | None, sha256: str, *, worker: str, at: datetime
) -> Transmission:
    if receipt is None or not still_mine(transmission, worker):
        return transmission
    breaker.note_success(transmission.account)
    finish_attempt(transmission, "duplicate" if receipt.duplicate else "deposited", at=at, detail=receipt.remote_id)
    move(
        transmission,
        TransmissionStatus.DEPOSITED,
        at=at,
        what="answered" if transmission.kind in ANSWERS else "deposited",
        data={"remote_id": receipt.remote_id, "sha256": sha256, "platform": transmission.account.name},
        remote_id=receipt.remote_id,
        document_sha256=sha256,
        deposited_at=at,
        lease_owner="",
        lease_until=None,
        last_error="",
        error_class="",
    )
    if transmission.kind == TransmissionKind.STATUS:
        note_declared(transmission, at=at)
    elif transmission.kind in ANSWERS:
        _ask_soon(transmission)
    return transmission


def _ask_soon(answer: Transmission) -> None:
    """What the invoice becomes after an answer is read at the next poll, whatever the pause between two."""
    Transmission.everywhere.filter(
        invoice=answer.invoice, account=answer.account, kind=TransmissionKind.INVOICE
    ).update(watched_at=None)


def note_declared(transmission: Transmission, *, at: datetime) -> None:
    """A status of our own is a fact of the invoice's life once the platform has it."""
    event: LifecycleEvent = LifecycleEvent.everywhere.create(
        company_id=transmission.company_id,
        invoice=transmission.invoice,
        transmission=transmission,
        code=transmission.declared_code,
        occurred_at=transmission.created_at,
        received_at=at,
    )
    audit.record(
        "einvoicing.status.declared",
        subject=event,
        also=[transmission.invoice, transmission],
        actor=QUEUE,
        at=at,
        seal=True,
        data={"code": event.code, "label": lifecycle.label(event.code), "sha256": transmission.document_sha256},
    )


@transaction.atomic
def record_failure(transmission: Transmission, error: RemoteError, *, worker: str, at: datetime) -> Transmission:
    if not still_mine(transmission, worker):
        return transmission
    attempts = transmission.attempts + 1
    breaker.note_failure(transmission.account, error, at=at)
    changes = {
        "lease_owner": "", "lease_until": None, "last_error": error.message[:1000], "attempts": attempts,
        "error_class": breaker.class_of(error),
    }  # fmt: skip
    data = {"error": error.message, "code": error.code, "attempt": attempts}
    again = error.retryable or error.outcome_unknown
    outcome = "unknown" if error.outcome_unknown else "failed" if again else "refused"
    finish_attempt(transmission, outcome, at=at, detail=error.message)
    wait = _delay(attempts, error.retry_after)
    if not again or attempts > len(DELAYS):
        move(transmission, TransmissionStatus.DEAD, at=at, what="given_up", data=data, **changes)
        action_needed.send(Transmission, transmission=transmission, at=at)
    elif is_in_doubt(transmission):
        # not before the request can no longer be on its way
        move(
            transmission, TransmissionStatus.UNKNOWN, at=at, what="in_doubt", data=data,
            next_attempt_at=at + max(LEASE, wait), **changes,
        )  # fmt: skip
    else:
        move(
            transmission, TransmissionStatus.PENDING, at=at, what="postponed", data=data,
            next_attempt_at=at + wait, **changes,
        )  # fmt: skip
    return transmission


def _delay(attempts: int, retry_after: int | None) -> timedelta:
    """The wait before the next try: the table's, ±10 % so that queues do not march in step, or what was asked for."""
    wait = DELAYS[min(attempts, len(DELAYS)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311 - jitter, not a secret
    asked = timedelta(seconds=min(retry_after or 0, 86_400))
    return max(wait, asked)


@transaction.atomic
def record_invalid(transmission: Transmission, error: DocumentInvalid, *, worker: str, at: datetime) -> Transmission:
    if not still_mine(transmission, worker):
        return transmission
    finish_attempt(transmission, "invalid", at=at, detail=str(error))
    violations = [
        {"rule": one.rule, "severity": one.severity, "text": one.text, "term": one.term, "location": one.location}
        for one in error.report.violations
    ]
    move(
        transmission, TransmissionStatus.INVALID, at=at, what="invalid", lease_owner="", lease_until=None,
        data={"rules": sorted(error.report.rules)}, violations=violations, last_error=str(error)[:1000],
        error_class=ErrorClass.VALIDATION,
    )  # fmt: skip
    return transmission
