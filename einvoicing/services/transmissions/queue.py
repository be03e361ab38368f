"""Putting documents into the queue, by the issue, by a person, or many at once; and back into it, with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from billing.models import Invoice
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, TransitionRefused
from einvoicing.models import PlatformAccount, Priority, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services import breaker
from einvoicing.services.documents import find_document
from einvoicing.services.routing import carrier_for, is_individual
from einvoicing.services.transmissions.formats import document_kind


class NoPlatform(DomainError):
    code = "no_platform"
    message = "Aucune plateforme n’est configurée et active pour cette société."


class NotForPlatforms(DomainError):
    code = "not_for_platforms"
    message = (
        "Une facture à un particulier ne se transmet qu’à une plateforme qui la déclare, et avec son adresse e-mail."
    )


class AlreadyTransmitted(DomainError):
    code = "already_transmitted"
    message = "Cette facture est déjà confiée à la plateforme."


class RejectedUnchanged(DomainError):
    code = "rejected_unchanged"
    message = (
        "La plateforme a rejeté ce fichier, et le rejettera de nouveau : faites un avoir, puis une nouvelle facture."
    )


class AlreadyAnswered(DomainError):
    code = "already_answered"
    message = "Une réponse est déjà partie, ou va partir, vers la plateforme."


class NotIssuedYet(DomainError):
    code = "not_issued"
    message = "Cette facture n’est pas émise : elle ne peut pas être transmise."


def carrier_to(invoice: Invoice) -> PlatformAccount:
    """The account that would take the invoice to its buyer now.

    Raises NotIssuedYet, NoPlatform, NotForPlatforms, AlreadyTransmitted, RejectedUnchanged.
    """
    if invoice.is_draft:
        raise NotIssuedYet
    account = carrier_for(invoice)
    if account is None:
        raise NotForPlatforms if is_individual(invoice) else NoPlatform
    _refuse_second(invoice, account)
    return account


def _refuse_second(invoice: Invoice, account: PlatformAccount) -> None:
    # the answer in words before the unique index gives it as an error; the index decides between two at once
    live = Transmission.everywhere.filter(invoice=invoice, account=account, kind=TransmissionKind.INVOICE)
    if live.exclude(status=TransmissionStatus.REJECTED).exists():
        raise AlreadyTransmitted
    if not PLATFORMS[account.kind].takes_rejected_again and _was_rejected_as_it_is(invoice, account):
        raise RejectedUnchanged


def _was_rejected_as_it_is(invoice: Invoice, account: PlatformAccount) -> bool:
    """Whether the very file that would leave was rejected there."""
    document = find_document(invoice, document_kind(account))
    rejected = Transmission.everywhere.filter(
        invoice=invoice, account=account, kind=TransmissionKind.INVOICE, status=TransmissionStatus.REJECTED
    )
    return document is not None and rejected.filter(document_sha256=document.sha256).exists()


@transaction.atomic
def queue_transmission(
    *,
    invoice: Invoice,
    actor: Actor,
    at: datetime,
    account: PlatformAccount | None = None,
    priority: int = Priority.NORMAL,
) -> Transmission:
    """Put the invoice in the queue of `account`, of the platform that takes it to its buyer when None.

    Raises NotIssuedYet, NoPlatform, NotForPlatforms, AlreadyTransmitted, RejectedUnchanged.
    """
    if account is None:
        account = carrier_to(invoice)
    elif invoice.is_draft:
        raise NotIssuedYet
    else:
        _refuse_second(invoice, account)
    (row,) = _queue([(invoice, account)], priority, actor=actor, at=at)
    return row


def queue_issued(pairs: Sequence[tuple[Invoice, PlatformAccount]], *, actor: Actor, at: datetime) -> None:
    """Put invoices just issued, which no queue can know yet, in the queues of these accounts.

    Those issued many at once go after the others.
    """
    many = len({invoice.pk for invoice, _account in pairs}) > 1
    if pairs:
        _queue(pairs, Priority.BULK if many else Priority.NORMAL, actor=actor, at=at)


def _queue(
    pairs: Sequence[tuple[Invoice, PlatformAccount]], priority: int, *, actor: Actor, at: datetime
) -> list[Transmission]:
    rows = [
        Transmission(
            company_id=invoice.company_id,
            invoice=invoice,
            account=account,
            priority=priority,
            tracking_id=uuid.uuid4().hex,
            next_attempt_at=at,
            created_at=at,
        )
        for invoice, account in pairs
    ]
    Transmission.everywhere.bulk_create(rows)
    happenings = [audit.Happening(subject=row, also=[row.invoice], data={"platform": row.account.name}) for row in rows]
    audit.record_all("einvoicing.transmission.queued", happenings, actor=actor, at=at)
    return rows


def queue_many(*, invoices: Iterable[Invoice], actor: Actor, at: datetime) -> tuple[list[Transmission], list[Refusal]]:
    """Each invoice on its own: those queued, and those that could not be, with why. They go after the others."""
    queued: list[Transmission] = []
    refused: list[Refusal] = []
    for invoice in invoices:
        try:
            queued.append(queue_transmission(invoice=invoice, actor=actor, at=at, priority=Priority.BULK))
        except DomainError as error:
            refused.append((invoice, error))
    return queued, refused


Refusal = tuple[Invoice, DomainError]


@transaction.atomic
def retry_transmission(*, transmission: Transmission, reason: str, actor: Actor, at: datetime) -> Transmission:
    """A person has mended what was wrong: back to the queue, first, with their reason; a suspension ends with it.

    Raises TransitionRefused, and AlreadyAnswered for an answer that another one replaced.
    """
    if (
        transmission.request_id
        and Transmission.everywhere.filter(request_id=transmission.request_id)
        .exclude(pk=transmission.pk)
        .exclude(status=TransmissionStatus.DEAD)
        .exists()
    ):
        raise AlreadyAnswered
    if not transmission.can_retry:
        raise TransitionRefused(state=transmission.get_status_display())
    # the platform has refused what it knows by the old identifiers
    is_new = transmission.status == TransmissionStatus.REJECTED
    known_as = (uuid.uuid4().hex, "") if is_new else (transmission.tracking_id, transmission.remote_id)
    states.move(
        transmission,
        TransmissionStatus.PENDING,
        tag="einvoicing.transmission.retried",
        actor=actor,
        at=at,
        also=[transmission.invoice],
        data={"reason": reason},
        next_attempt_at=at,
        attempts=0,
        last_error="",
        error_class="",
        violations=[],
        priority=Priority.FIRST,
        dismissed_at=None,
        tracking_id=known_as[0],
        remote_id=known_as[1],
    )
    breaker.let_one_through(transmission.account, at=at)
    return transmission


@transaction.atomic
def dismiss_transmission(*, transmission: Transmission, reason: str, actor: Actor, at: datetime) -> Transmission:
    """A person knows that a stopped status or answer needs nothing more: it asks nobody to act, and keeps its state.

    It may still be put back into the queue. Raises TransitionRefused.
    """
    rows = Transmission.everywhere.select_for_update(no_key=True, of=("self",)).select_related("invoice", "account")
    row: Transmission = rows.get(pk=transmission.pk)
    if not row.can_dismiss:
        raise TransitionRefused(state=row.get_status_display())
    row.dismissed_at = at
    Transmission.everywhere.filter(pk=row.pk).update(dismissed_at=at)
    audit.record(
        "einvoicing.transmission.dismissed",
        subject=row,
        also=[row.invoice],
        actor=actor,
        at=at,
        data={"reason": reason},
    )
    return row
