"""The statuses platforms send: each stored message is applied once, in any order, each on its own.

A message that cannot be read never stops the others; it keeps its problem in words until somebody looks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from billing.models import Invoice
from billing.services.invoices import open_dispute
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.isolating import treat_each
from einvoicing import lifecycle
from einvoicing.events import action_needed
from einvoicing.models import (
    ANSWERS,
    LifecycleEvent,
    PlatformAccount,
    RemoteDocument,
    Transmission,
    TransmissionKind,
    TransmissionStatus,
)
from einvoicing.platforms.answers import RemoteStatus
from einvoicing.platforms.registry import read_statuses
from einvoicing.reception.statuses import ABOUT_PURCHASES, keep_statuses
from einvoicing.services.copies import apply_copy
from einvoicing.services.routing import is_mirror

APPLYING = "lecture des statuts"
LONGEST_REASON = 2000  # a status may carry thirteen reasons and their notes

UNMAPPED = lifecycle.UNMAPPED
DISPUTED = "207"
REFUSED = "210"
REJECTED = frozenset({"213", "501"})
SENT_BY_MAIL = frozenset({REFUSED, "208", "221"})  # beside the rejections


def apply_waiting(*, account: PlatformAccount, at: datetime) -> int:
    """Apply each stored message that was not yet, in a transaction of its own."""
    waiting = RemoteDocument.everywhere.filter(account=account, applied_at=None, problem="").order_by(
        "received_at", "id"
    )
    # the content is read again under lock
    rows = waiting.defer("content")

    def apply(document: RemoteDocument) -> bool:
        return apply_document(document_id=document.pk, at=at)

    return sum(treat_each(rows, apply, loop=APPLYING, at=at))


@transaction.atomic
def apply_document(*, document_id: int, at: datetime) -> bool:
    """Turn one stored message into a life-cycle event. False when it was applied already or cannot be.

    A platform may send the same bytes under another identifier: they are one fact, and give one event.
    """
    document = (
        RemoteDocument.everywhere.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(pk=document_id, applied_at=None)
        .select_related("account")
        .first()
    )
    applied = False
    if document is None:
        return False
    try:
        if is_mirror(document.account):
            apply_copy(document=document, at=at)
            RemoteDocument.everywhere.filter(pk=document.pk).update(applied_at=at)
            return True
        statuses = read_statuses(document.account.kind, bytes(document.content))
    except Invalid as error:
        return _give_up(document, str(error))
    if document.flow_type in ABOUT_PURCHASES:
        keep_statuses(message=document, statuses=statuses, at=at)
        RemoteDocument.everywhere.filter(pk=document.pk).update(applied_at=at)
        return True
    for place, status in enumerate((_dated(status, at, place) for place, status in enumerate(statuses)), start=1):
        # locked, so that two copies read at once follow each other
        invoices = Invoice.everywhere.select_for_update(no_key=True, of=("self",))
        invoice = invoices.filter(company_id=document.company_id, number=status.number).first()
        if invoice is None or status.seller not in ("", invoice.seller["siren"]):
            return _give_up(document, f"Aucune facture ne porte le numéro « {status.number[:40]} ».")
        if not _is_known(invoice, status, document):
            overtaken = any(later.number == status.number for later in statuses[place:])
            record_status(invoice=invoice, status=status, document=document, at=at, overtaken=overtaken)
            applied = True
    RemoteDocument.everywhere.filter(pk=document.pk).update(applied_at=at)
    return applied


def _dated(status: RemoteStatus, at: datetime, place: int) -> RemoteStatus:
    """With the moment of its reception in the place of one that cannot be; `place` keeps the message's order.

    PostgreSQL keeps no year before 1 in UTC, and the status of a far year would be the latest for ever.
    """
    if status.is_dated and at.year - 10 <= status.at.year <= at.year + 1:
        return status
    return replace(status, at=at + timedelta(milliseconds=place))


def _is_known(invoice: Invoice, status: RemoteStatus, document: RemoteDocument) -> bool:
    """The same fact, in the same bytes or by the same platform at the same moment."""
    events = LifecycleEvent.everywhere.filter(invoice=invoice)
    # two reasons given in one second are two facts
    why = Q(reason_code=status.reason_code[:40], reason=_reason(status))
    same_fact = why & Q(document__account=document.account, code=_code(status))
    if status.is_dated:
        same_fact &= Q(occurred_at=status.at)
    return bool(events.filter(Q(document__sha256=document.sha256, code=_code(status)) | same_fact).exists())


def _code(status: RemoteStatus) -> str:
    """Three characters to file it under; a word we do not know is kept in the reason."""
    return status.code or UNMAPPED


def _reason(status: RemoteStatus) -> str:
    return (status.reason if status.code else f"{status.raw} {status.reason}".strip())[:LONGEST_REASON]


def _why(event: LifecycleEvent) -> str:
    """The platform's words, else the sentence of its reason code, else the status itself."""
    return event.reason or lifecycle.reason(event.reason_code) or lifecycle.label(event.code)


def _give_up(document: RemoteDocument, problem: str) -> bool:
    RemoteDocument.everywhere.filter(pk=document.pk).update(problem=problem[:500])
    return False


@transaction.atomic
def record_status(
    *, invoice: Invoice, status: RemoteStatus, document: RemoteDocument, at: datetime, overtaken: bool = False
) -> LifecycleEvent:
    """Append the status to the invoice's life, and let what follows from it follow. Any order, any code.

    `overtaken`: the same message says that the invoice's life went on, so that nobody need be asked to act.
    """
    transmission = (
        Transmission.everywhere.select_for_update(no_key=True, of=("self",))
        .select_related("invoice", "account")
        .filter(invoice=invoice, account=document.account, kind=TransmissionKind.INVOICE)
        .order_by("-created_at")
        .first()
    )
    actor = Actor.platform(document.account.name)
    event = _append(invoice, transmission, status, document, at)
    turned_down = False
    if transmission is not None:
        turned_down = _follow(transmission, event, actor, at)
        _settle_answers(transmission, event, actor, at)
    if event.code in {DISPUTED, REFUSED} and invoice.disputed_at is None and invoice.can_be_disputed:
        open_dispute(invoice=invoice, reason=_why(event), actor=actor, at=at)
    if transmission is not None and (turned_down or _needs_somebody(transmission, event, overtaken)):
        action_needed.send(Transmission, transmission=transmission, at=at)
    return event


def _append(
    invoice: Invoice, transmission: Transmission | None, status: RemoteStatus, document: RemoteDocument, at: datetime
) -> LifecycleEvent:
    event: LifecycleEvent = LifecycleEvent.everywhere.create(
        company_id=invoice.company_id,
        invoice=invoice,
        transmission=transmission,
        document=document,
        code=_code(status),
        reason_code=status.reason_code[:40],
        reason=_reason(status),
        occurred_at=status.at,
        received_at=at,
    )
    audit.record(
        "einvoicing.status.unknown" if event.code == UNMAPPED else "einvoicing.status.received",
        subject=event,
        also=[row for row in (invoice, transmission) if row],
        actor=Actor.platform(document.account.name),
        at=at,
        seal=True,
        data={
            "code": event.code,
            "label": lifecycle.label(event.code),
            "reason_code": event.reason_code,
            "reason": event.reason,
            "sha256": document.sha256,
        },
    )
    return event


def _needs_somebody(transmission: Transmission, event: LifecycleEvent, overtaken: bool) -> bool:
    """Whether this is the latest news, and asks somebody to act; a refusal is sent once."""
    if event.code not in SENT_BY_MAIL or transmission.lifecycle_code != event.code:
        return False
    if event.code != REFUSED:
        return not overtaken
    earlier = LifecycleEvent.everywhere.filter(transmission=transmission, code=REFUSED).exclude(pk=event.pk)
    return not earlier.exists()


def _follow(transmission: Transmission, event: LifecycleEvent, actor: Actor, at: datetime) -> bool:
    """The transmission's own state: accepted from the first good status, rejected by 213 or 501, never back.

    A word that has no code of ours is kept and shown, and decides nothing. True when it was rejected now.
    """
    _note_unknown(transmission)
    if event.code == UNMAPPED:
        return False
    next_status, tag = TransmissionStatus.ACCEPTED, "einvoicing.transmission.accepted"
    if event.code in REJECTED:
        next_status, tag = TransmissionStatus.REJECTED, "einvoicing.transmission.rejected"
    changes: dict[str, Any] = {"lifecycle_code": _latest_code(transmission)}
    if next_status == TransmissionStatus.REJECTED:
        changes["last_error"] = _why(event)[:1000]
    if states.can_move(transmission, next_status):
        states.move(
            transmission,
            next_status,
            tag=tag,
            actor=actor,
            at=at,
            also=[transmission.invoice],
            data={"code": event.code},
            **changes,
        )
        return next_status == TransmissionStatus.REJECTED
    Transmission.everywhere.filter(pk=transmission.pk).update(**changes)
    transmission.lifecycle_code = changes["lifecycle_code"]
    return False


def _note_unknown(transmission: Transmission) -> None:
    """The platform's latest word, while it is one that has no code of ours."""
    latest = LifecycleEvent.everywhere.filter(transmission=transmission).order_by("-occurred_at", "-code").first()
    word = latest.reason.partition(" ")[0][:100] if latest is not None and latest.code == UNMAPPED else ""
    if word != transmission.unknown_status:
        Transmission.everywhere.filter(pk=transmission.pk).update(unknown_status=word)
        transmission.unknown_status = word


def _settle_answers(transmission: Transmission, event: LifecycleEvent, actor: Actor, at: datetime) -> None:
    """An answer that the platform has is done with when the invoice's life goes on after what was asked."""
    answers = Transmission.everywhere.select_for_update(no_key=True, of=("self",)).filter(
        invoice=transmission.invoice,
        account=transmission.account,
        kind__in=ANSWERS,
        status=TransmissionStatus.DEPOSITED,
        request__occurred_at__lt=event.occurred_at,
    )
    for answer in answers.select_related("invoice"):
        states.move(
            answer,
            TransmissionStatus.ACCEPTED,
            tag="einvoicing.transmission.accepted",
            actor=actor,
            at=at,
            also=[answer.invoice],
        )


def _latest_code(transmission: Transmission) -> str:
    """The status to show: the last by the platform's own clock, whatever the order of arrival."""
    events = LifecycleEvent.everywhere.filter(transmission=transmission).exclude(code=UNMAPPED)
    latest = events.order_by("-occurred_at", "-code").first()
    return latest.code if latest else ""
