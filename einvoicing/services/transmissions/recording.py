"""What came of an attempt, written only by the worker that still holds the lease (fencing)."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.kernel import audit
from config.kernel.errors import RemoteError
from config.kernel.queue import DELAYS, FREE, backoff, held
from einvoicing import lifecycle
from einvoicing.events import action_needed
from einvoicing.models import ANSWERS, ErrorClass, LifecycleEvent, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.answers import Receipt
from einvoicing.platforms.base import NotCarried
from einvoicing.platforms.registry import provider
from einvoicing.services import breaker
from einvoicing.services.copies import name_copy
from einvoicing.services.declaring import declare_earlier
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.quotas import USUAL_PAUSE, has_slowed_down
from einvoicing.services.transmissions.claiming import (
    LEASE,
    QUEUE,
    finish_attempt,
    is_in_doubt,
    move,
    start_attempt,
)

SENDING = TransmissionStatus.SENDING


def record_lookup(transmission: Transmission, found: Receipt | None, *, at: datetime) -> bool:
    """Write down what the platform knows, and the deposit that follows when it knows nothing. False: not ours now."""
    with held(transmission, status=SENDING) as row:
        if row is None:
            return False
        finish_attempt(row, "found" if found else "absent", at=at)
        # written before the document leaves: who dies in between leaves a deposit without outcome, thus in doubt
        if not found:
            start_attempt(row, "DEPOSIT", at)
    return True


def keep_remote_id(transmission: Transmission, remote_id: str) -> None:
    """Write down how the platform knows a document that is not whole yet, before anything more is sent of it.

    Raises RemoteError when the transmission is another worker's now.
    """
    with held(transmission, status=SENDING) as mine:
        if mine is None:
            raise RemoteError("L’envoi a été repris par un autre processus.", retryable=True, code="overtaken")
        Transmission.everywhere.filter(pk=transmission.pk).update(remote_id=remote_id)
        transmission.remote_id = remote_id
        name_copy(transmission)


def record_receipt(transmission: Transmission, receipt: Receipt | None, sha256: str, *, at: datetime) -> Transmission:
    """Write down that the platform has the file; nothing without a receipt, or when the lease is lost."""
    with held(transmission, status=SENDING) as mine:
        if receipt is None or mine is None:
            return transmission
        breaker.note_success(transmission.account)
        is_answer = transmission.kind in ANSWERS
        tag = "einvoicing.transmission.answered" if is_answer else "einvoicing.transmission.deposited"
        finish_attempt(transmission, "duplicate" if receipt.duplicate else "deposited", at=at, detail=receipt.remote_id)
        move(
            transmission,
            TransmissionStatus.DEPOSITED,
            at=at,
            tag=tag,
            data={"remote_id": receipt.remote_id, "sha256": sha256, "platform": transmission.account.name},
            remote_id=receipt.remote_id,
            document_sha256=sha256,
            deposited_at=at,
            last_error="",
            error_class="",
            **FREE,
        )
        name_copy(transmission)
        if transmission.kind == TransmissionKind.STATUS:
            note_declared(transmission, at=at)
        elif transmission.kind == TransmissionKind.INVOICE:
            declare_earlier(invoice=transmission.invoice, account=transmission.account, actor=QUEUE, at=at)
        elif transmission.kind in ANSWERS:
            _ask_soon(transmission)
    return transmission


def _ask_soon(answer: Transmission) -> None:
    """What the invoice becomes after an answer is read at the next poll, whatever the pause between two."""
    Transmission.everywhere.filter(
        invoice=answer.invoice, account=answer.account, kind=TransmissionKind.INVOICE
    ).update(watched_at=None, read_mark="")


def note_declared(transmission: Transmission, *, at: datetime) -> None:
    """A status of our own is a fact of the invoice's life once the platform has it, also one that is sent again."""
    if LifecycleEvent.everywhere.filter(transmission=transmission, code=transmission.declared_code).exists():
        return
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


def record_failure(transmission: Transmission, error: RemoteError, *, at: datetime) -> Transmission:
    """Write down a failed attempt, and when the next one is due; given up (DEAD) when none may help."""
    with held(transmission, status=SENDING) as mine:
        if mine is not None:
            _write_failure(transmission, error, at)
    return transmission


def _write_failure(transmission: Transmission, error: RemoteError, at: datetime) -> None:
    waits_for_quota = provider(transmission.account.kind).counts_calls and has_slowed_down(error)
    attempts = transmission.attempts + (not waits_for_quota)
    if not waits_for_quota:
        breaker.note_failure(transmission.account, error, at=at)
    again = error.retryable or error.outcome_unknown
    outcome = "unknown" if error.outcome_unknown else "failed" if again else "refused"
    finish_attempt(transmission, outcome, at=at, detail=error.message)
    delays = delays_of(transmission)
    wait = backoff(max(1, attempts), delays=delays, retry_after=error.retry_after)
    if waits_for_quota:
        wait = timedelta(seconds=USUAL_PAUSE if error.retry_after is None else error.retry_after)
    next_attempt: dict[str, datetime] = {}
    if is_over := not again or attempts > len(delays):
        status, tag = TransmissionStatus.DEAD, "einvoicing.transmission.given_up"
    elif is_in_doubt(transmission):
        # not before the request can no longer be on its way
        status, tag = TransmissionStatus.UNKNOWN, "einvoicing.transmission.in_doubt"
        next_attempt = {"next_attempt_at": at + max(LEASE, wait)}
    else:
        status, tag = TransmissionStatus.PENDING, "einvoicing.transmission.postponed"
        next_attempt = {"next_attempt_at": at + wait}
    data = {"error": error.message, "code": error.code, "attempt": attempts}
    changes = {**FREE, **next_attempt, "last_error": error.message[:1000], "attempts": attempts}
    move(transmission, status, at=at, tag=tag, data=data, error_class=breaker.class_of(error), **changes)
    if is_over:
        action_needed.send(Transmission, transmission=transmission, at=at)


def delays_of(transmission: Transmission) -> tuple[timedelta, ...]:
    """The waits between two tries: those that the platform is tried after, else the queue's own."""
    minutes = provider(transmission.account.kind).retries_after
    return tuple(timedelta(minutes=wait) for wait in minutes) or DELAYS


def record_skipped(transmission: Transmission, reason: NotCarried, *, at: datetime) -> Transmission:
    """The platform has no place for this document: it is said once, and nobody has to act."""
    with held(transmission, status=SENDING) as mine:
        if mine is not None:
            breaker.note_success(transmission.account)
            finish_attempt(transmission, "skipped", at=at, detail=reason.message)
            data = {"platform": transmission.account.name, "reason": reason.message}
            move(
                transmission,
                TransmissionStatus.SKIPPED,
                at=at,
                tag="einvoicing.transmission.skipped",
                data=data,
                last_error=reason.message[:1000],
                error_class="",
                **FREE,
            )
    return transmission


def record_invalid(transmission: Transmission, error: DocumentInvalid, *, at: datetime) -> Transmission:
    """Write down that the official rules refuse the file: nothing was sent, and a person is asked to mend it."""
    violations = [
        {
            "rule": violation.rule,
            "severity": violation.severity,
            "text": violation.text,
            "term": violation.term,
            "location": violation.location,
        }
        for violation in error.report.violations
    ]
    with held(transmission, status=SENDING) as mine:
        if mine is not None:
            finish_attempt(transmission, "invalid", at=at, detail=str(error))
            move(
                transmission,
                TransmissionStatus.INVALID,
                at=at,
                tag="einvoicing.transmission.invalid",
                violations=violations,
                data={"rules": sorted(error.report.rules)},
                last_error=str(error)[:1000],
                error_class=ErrorClass.VALIDATION,
                **FREE,
            )
    return transmission
