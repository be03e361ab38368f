"""Carrying invoices to platforms: claim (commit), talk (no transaction open), record (fenced).

The row is the queue. An attempt is written before the network is touched; one that is found without an outcome, or
ended by a time-out, is looked up at the platform before anything is sent again: no invoice goes twice, none is lost.
Delays 1 min, 5 min, 30 min, 2 h, 24 h (±10 %), then it waits for a person.
"""

from __future__ import annotations

import random
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.models import Invoice
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.secrets import SecretUnreadable
from einvoicing import mapping
from einvoicing.models import Attempt, PlatformAccount, Transmission, TransmissionStatus
from einvoicing.platforms.base import Deposit, Platform, PlatformSettings, Receipt
from einvoicing.platforms.registry import connect
from einvoicing.services.documents import DocumentInvalid, ensure_facturx

BATCH = 10
# beyond twice the longest exchange with a platform (5 s to connect, 30 s to answer)
LEASE = timedelta(seconds=settings.TRANSMISSION_LEASE_SECONDS)
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 1440))
QUEUE = Actor.system("file de transmission")
ENGINE = "ENGINE"  # the validation's own word for "could not be run"
CARRIER_DIED = "L’envoi a été interrompu : la facture est peut-être partie."


class NoPlatform(DomainError):
    code = "no_platform"
    message = "Aucune plateforme n’est configurée et active pour cette société."


class NotForPlatforms(DomainError):
    code = "not_for_platforms"
    message = "Une facture à un particulier ne se transmet pas à une plateforme : elle relève du e-reporting."


class AlreadyTransmitted(DomainError):
    code = "already_transmitted"
    message = "Cette facture est déjà confiée à la plateforme."


def settings_of(account: PlatformAccount) -> PlatformSettings:
    """How to reach the account, its secret in clear: never logged, never stored."""
    return PlatformSettings(
        kind=account.kind,
        base_url=account.base_url,
        token_url=account.token_url,
        client_id=account.client_id,
        client_secret=account.client_secret(),
        service_name=account.service_name,
        directory_name=account.directory_name,
        organization_id=account.organization_id,
        environment=account.environment,
        login=account.login,
        password=account.password(),
    )


def active_account(company_id: int) -> PlatformAccount | None:
    account: PlatformAccount | None = PlatformAccount.everywhere.filter(company_id=company_id, is_enabled=True).first()
    return account


@transaction.atomic
def queue_transmission(*, invoice: Invoice, actor: Actor, at: datetime) -> Transmission:
    """Put the invoice in its platform's queue. Raises NoPlatform, NotForPlatforms, AlreadyTransmitted."""
    account = active_account(invoice.company_id)
    if account is None:
        raise NoPlatform
    if invoice.buyer.get("kind") == "INDIVIDUAL":
        raise NotForPlatforms
    live = Transmission.everywhere.filter(invoice=invoice, account=account).exclude(status=TransmissionStatus.REJECTED)
    if live.exists():
        raise AlreadyTransmitted
    row: Transmission = Transmission.everywhere.create(
        company_id=invoice.company_id,
        invoice=invoice,
        account=account,
        tracking_id=uuid.uuid4().hex,
        next_attempt_at=at,
        created_at=at,
    )
    audit.record(
        "einvoicing.transmission.queued",
        subject=row,
        also=[invoice],
        actor=actor,
        at=at,
        data={"platform": account.name},
    )
    return row


@transaction.atomic
def retry_transmission(*, transmission: Transmission, reason: str, actor: Actor, at: datetime) -> Transmission:
    """A person has mended what was wrong: back to the queue, with their reason. Raises TransitionRefused."""
    states.move(
        transmission, TransmissionStatus.PENDING, tag="einvoicing.transmission.retried", actor=actor, at=at,
        also=[transmission.invoice], data={"reason": reason},
        next_attempt_at=at, attempts=0, last_error="", violations=[],
    )  # fmt: skip
    return transmission


@transaction.atomic
def claim_due(*, at: datetime, worker: str, limit: int = BATCH) -> list[Transmission]:
    """Lease the next transmissions to this worker, and write down the attempt before any network is touched."""
    due = Transmission.everywhere.filter(pk__in=_due_keys(at, limit)).select_related("invoice", "account")
    claimed = []
    for row in due:
        if row.status == TransmissionStatus.SENDING:
            _finish_attempt(row, "unknown", at=at, detail=CARRIER_DIED)
            _move(row, TransmissionStatus.UNKNOWN, at=at, what="carrier_died")
        in_doubt = _is_in_doubt(row)
        _move(row, TransmissionStatus.SENDING, at=at, what="claimed", lease_owner=worker, lease_until=at + LEASE)
        _start_attempt(row, "LOOKUP" if in_doubt else "DEPOSIT", at)
        claimed.append(row)
    return claimed


def _is_in_doubt(row: Transmission) -> bool:
    """True while a deposit has no known outcome: then the platform is asked before anything is sent again.

    Whatever happened since (a failed look-up, a person's retry), only the platform's own "absent" ends the doubt.
    """
    for kind, outcome in Attempt.everywhere.filter(transmission=row).order_by("-number").values_list("kind", "outcome"):
        if kind == "DEPOSIT":
            return outcome in {"", "unknown"}
        if outcome in {"absent", "found"}:
            return str(outcome) == "found"
    return False


def _due_keys(at: datetime, limit: int) -> list[int]:
    due = Transmission.everywhere.due(at=at).select_for_update(skip_locked=True, of=("self",))
    return [row.pk for row in due.order_by("next_attempt_at", "id")[:limit]]


def _move(row: Transmission, to: TransmissionStatus, *, at: datetime, what: str, **changes: Any) -> None:
    tag = f"einvoicing.transmission.{what}"
    states.move(row, to, tag=tag, actor=QUEUE, at=at, also=[row.invoice], **changes)


def _start_attempt(row: Transmission, kind: str, at: datetime) -> Attempt:
    last = Attempt.everywhere.filter(transmission=row).aggregate(last=Max("number"))["last"] or 0
    attempt: Attempt = Attempt.everywhere.create(
        company_id=row.company_id, transmission=row, number=last + 1, kind=kind, started_at=at
    )
    return attempt


def carry(*, transmission: Transmission, worker: str, at: datetime) -> Transmission:
    """Take one claimed transmission to its platform and record what came of it. No transaction is open meanwhile."""
    try:
        deposit = _deposit_of(transmission, at)
        with closing(connect(settings_of(transmission.account))) as platform:
            receipt = _talk(platform, transmission, deposit, worker=worker, at=at)
    except DocumentInvalid as error:
        if ENGINE not in error.report.rules:
            return _record_invalid(transmission, error, worker=worker, at=at)
        failure = RemoteError(str(error), retryable=True, code="engine_unreachable")
    except SecretUnreadable as error:
        failure = RemoteError(str(error), retryable=False, code=error.code)
    except RemoteError as error:
        failure = error
    else:
        return _record_receipt(transmission, receipt, deposit.sha256, worker=worker, at=at)
    return _record_failure(transmission, failure, worker=worker, at=at)


def _deposit_of(transmission: Transmission, at: datetime) -> Deposit:
    """What is sent: the invoice's Factur-X file. Raises DocumentInvalid, RemoteError when the file cannot be read."""
    invoice = transmission.invoice
    document = ensure_facturx(invoice=invoice, actor=QUEUE, at=at)
    try:
        with document.file.open("rb") as file:
            data = file.read()
    except OSError as error:
        raise RemoteError(f"Le fichier de la facture est illisible : {error}", retryable=True) from error
    return Deposit(
        data=data,
        name=f"{invoice.number}.pdf",
        syntax="Factur-X",
        tracking_id=transmission.tracking_id,
        sha256=document.sha256,
        processing_rule=mapping.processing_rule(invoice.buyer),
        number=str(invoice.number),
    )


def _talk(
    platform: Platform, transmission: Transmission, deposit: Deposit, *, worker: str, at: datetime
) -> Receipt | None:
    """Ask first when in doubt; send only what the platform does not have. None when the lease was lost meanwhile."""
    attempt = Attempt.everywhere.filter(transmission=transmission).order_by("-number").first()
    if attempt is not None and attempt.kind == "LOOKUP":
        found = platform.find(deposit.tracking_id, deposit.number)
        if not _record_lookup(transmission, found, worker=worker, at=at):
            return None
        if found:
            return found
    return platform.deposit(deposit)


@transaction.atomic
def _record_lookup(transmission: Transmission, found: Receipt | None, *, worker: str, at: datetime) -> bool:
    """Write down what the platform knows, and the deposit that follows when it knows nothing. False: not ours now."""
    if not _still_mine(transmission, worker):
        return False
    _finish_attempt(transmission, "found" if found else "absent", at=at)
    if not found:
        _start_attempt(transmission, "DEPOSIT", at)
    return True


def _finish_attempt(transmission: Transmission, outcome: str, *, at: datetime, detail: str = "") -> None:
    open_one = Attempt.everywhere.filter(transmission=transmission, finished_at=None).order_by("-number").first()
    if open_one is not None:
        Attempt.everywhere.filter(pk=open_one.pk).update(finished_at=at, outcome=outcome, detail=detail[:1000])


def _still_mine(transmission: Transmission, worker: str) -> bool:
    """Fencing: a carrier whose lease was taken over throws its result away; the new one will look it up."""
    mine = Transmission.everywhere.select_for_update(of=("self",)).filter(
        pk=transmission.pk, status=TransmissionStatus.SENDING, lease_owner=worker
    )
    return mine.exists()


@transaction.atomic
def _record_receipt(
    transmission: Transmission, receipt: Receipt | None, sha256: str, *, worker: str, at: datetime
) -> Transmission:
    if receipt is None or not _still_mine(transmission, worker):
        return transmission
    _finish_attempt(transmission, "duplicate" if receipt.duplicate else "deposited", at=at, detail=receipt.remote_id)
    _move(
        transmission,
        TransmissionStatus.DEPOSITED,
        at=at,
        what="deposited",
        data={"remote_id": receipt.remote_id, "sha256": sha256, "platform": transmission.account.name},
        remote_id=receipt.remote_id,
        document_sha256=sha256,
        deposited_at=at,
        lease_owner="",
        lease_until=None,
        last_error="",
    )
    return transmission


@transaction.atomic
def _record_failure(transmission: Transmission, error: RemoteError, *, worker: str, at: datetime) -> Transmission:
    if not _still_mine(transmission, worker):
        return transmission
    attempts = transmission.attempts + 1
    changes = {"lease_owner": "", "lease_until": None, "last_error": error.message[:1000], "attempts": attempts}
    data = {"error": error.message, "code": error.code, "attempt": attempts}
    again = error.retryable or error.outcome_unknown
    outcome = "unknown" if error.outcome_unknown else "failed" if again else "refused"
    _finish_attempt(transmission, outcome, at=at, detail=error.message)
    wait = _delay(attempts, error.retry_after)
    if not again or attempts > len(DELAYS):
        _move(transmission, TransmissionStatus.DEAD, at=at, what="given_up", data=data, **changes)
    elif _is_in_doubt(transmission):
        # not before the request can no longer be on its way
        _move(
            transmission, TransmissionStatus.UNKNOWN, at=at, what="in_doubt", data=data,
            next_attempt_at=at + max(LEASE, wait), **changes,
        )  # fmt: skip
    else:
        _move(
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
def _record_invalid(transmission: Transmission, error: DocumentInvalid, *, worker: str, at: datetime) -> Transmission:
    if not _still_mine(transmission, worker):
        return transmission
    _finish_attempt(transmission, "invalid", at=at, detail=str(error))
    violations = [
        {"rule": one.rule, "severity": one.severity, "text": one.text, "term": one.term, "location": one.location}
        for one in error.report.violations
    ]
    _move(
        transmission, TransmissionStatus.INVALID, at=at, what="invalid", lease_owner="", lease_until=None,
        data={"rules": sorted(error.report.rules)}, violations=violations, last_error=str(error)[:1000],
    )  # fmt: skip
    return transmission


def drain(*, at: datetime, limit: int = BATCH) -> int:
    """One sweep of the queue, for all companies, up to `limit` invoices. Returns how many were carried.

    Each is claimed just before it is carried: a lease covers one exchange, not the wait behind nine others.
    """
    worker = uuid.uuid4().hex
    for carried in range(limit):
        claimed = claim_due(at=at, worker=worker, limit=1)
        if not claimed:
            return carried
        carry(transmission=claimed[0], worker=worker, at=at)
    return limit
