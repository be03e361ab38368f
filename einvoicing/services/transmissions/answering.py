"""Answering a platform that asks something of an invoice it has: documents (208), another service (221).

The answer is a row of the queue like any other. It names the status it answers: one live answer for each.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePath

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.kept import keep_file, read_to_send
from einvoicing.models import (
    Enclosure,
    LifecycleEvent,
    Priority,
    Transmission,
    TransmissionKind,
    TransmissionStatus,
)
from einvoicing.platforms.base import Answer, Attachment
from einvoicing.platforms.chorus_pro.payloads import file_name, refusal
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services.documents import find_document
from einvoicing.services.transmissions.claiming import is_in_doubt
from einvoicing.services.transmissions.formats import document_kind
from einvoicing.services.transmissions.queue import AlreadyAnswered

# what answers which status
KIND_OF: Mapping[str, TransmissionKind] = {"208": TransmissionKind.COMPLETE, "221": TransmissionKind.RECYCLE}
TAGS: Mapping[str, str] = {
    TransmissionKind.COMPLETE: "einvoicing.completion.queued",
    TransmissionKind.RECYCLE: "einvoicing.recycling.queued",
}


class NothingAsked(DomainError):
    code = "nothing_asked"
    message = "La plateforme n’attend pas de réponse pour cette facture."


class AnswerInDoubt(DomainError):
    code = "answer_in_doubt"
    message = "Une réponse précédente est peut-être arrivée : relancez-la, elle sera vérifiée avant tout nouvel envoi."


class NothingToSay(Invalid):
    code = "nothing_to_say"
    message = "Dites ce que vous corrigez ou joignez."


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person typed. To complete: the comment. To recycle: the service, the commitment, or both."""

    comment: str = ""
    service_code: str = ""
    engagement: str = ""


def request_of(transmission: Transmission) -> LifecycleEvent | None:
    """The status that waits for an answer of ours, as long as it is the invoice's latest; None when there is none."""
    known = PLATFORMS.get(transmission.account.kind)
    code = transmission.lifecycle_code
    if transmission.kind != TransmissionKind.INVOICE or known is None or code not in known.answers:
        return None
    events = LifecycleEvent.everywhere.filter(transmission=transmission, code=code)
    return events.order_by("-occurred_at").first()


def answers_to(request: LifecycleEvent) -> list[Transmission]:
    """The answers to a request, newest first, those that were given up included."""
    return list(Transmission.everywhere.filter(request=request).select_related("account").order_by("-created_at"))


@transaction.atomic
def answer_request(
    *, transmission: Transmission, reply: Reply, attachments: Sequence[Attachment] = (), actor: Actor, at: datetime
) -> Transmission:
    """Queue the answer to what the platform asks of this invoice, before everything else.

    Raises NothingAsked, AlreadyAnswered, AnswerInDoubt, and Invalid for what the platform would not take.
    """
    rows = Transmission.everywhere.select_for_update(no_key=True, of=("self",)).select_related("invoice", "account")
    row: Transmission = rows.get(pk=transmission.pk)
    # under the lock of the transmission: of two people who answer at once, the second finds the first one's answer
    request = _open_request(row)
    kind = KIND_OF[request.code]
    _check(row, kind, reply, attachments)
    answer: Transmission = Transmission.everywhere.create(
        company_id=row.company_id,
        invoice=row.invoice,
        account=row.account,
        kind=kind,
        content=json.dumps(asdict(reply), ensure_ascii=False, sort_keys=True).encode(),
        request=request,
        priority=Priority.FIRST,
        tracking_id=uuid.uuid4().hex,
        next_attempt_at=at,
        created_at=at,
    )
    kept = [_keep(answer, place, attachment) for place, attachment in enumerate(attachments, start=1)]
    audit.record(
        TAGS[kind],
        subject=answer,
        also=[row.invoice, row],
        actor=actor,
        at=at,
        data={
            "platform": row.account.name,
            "reason": reply.comment or " · ".join(filter(None, (reply.service_code, reply.engagement))),
            "enclosures": [{"name": enclosure.name, "sha256": enclosure.sha256} for enclosure in kept],
        },
    )
    return answer


def _open_request(row: Transmission) -> LifecycleEvent:
    """What is asked and has no answer yet. Raises NothingAsked, AlreadyAnswered, AnswerInDoubt."""
    request = request_of(row)
    if request is None:
        raise NothingAsked
    for earlier in answers_to(request):
        if earlier.status != TransmissionStatus.DEAD:
            raise AlreadyAnswered
        if is_in_doubt(earlier):
            raise AnswerInDoubt
    return request


def _check(row: Transmission, kind: str, reply: Reply, attachments: Sequence[Attachment]) -> None:
    if kind == TransmissionKind.COMPLETE and not reply.comment.strip():
        raise NothingToSay(fields={"comment": NothingToSay.message})
    if kind == TransmissionKind.RECYCLE and not (reply.service_code.strip() or reply.engagement.strip()):
        raise NothingToSay(fields={"service_code": "Indiquez le code service, le numéro d’engagement, ou les deux."})
    document = find_document(row.invoice, document_kind(row.account))
    if refused := refusal(attachments, beside=document.size if document else 0):
        raise Invalid(fields={"enclosures": refused})


def _keep(answer: Transmission, position: int, attachment: Attachment) -> Enclosure:
    row = Enclosure(
        company_id=answer.company_id,
        transmission=answer,
        position=position,
        name=PurePath(attachment.name).name[-200:],
        media_type=attachment.media_type[:100],
        size=len(attachment.data),
    )
    keep_file(row, file_name(attachment.name), attachment.data)
    row.save(force_insert=True)
    return row


def media_type(name: str) -> str:
    """The MIME type that the name's extension says, never what a browser claims."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def reply_of(answer: Transmission) -> Reply:
    """What the person typed in an answer."""
    return Reply(**json.loads(bytes(answer.content or b"{}")))


def answer_of(answer: Transmission, at: datetime) -> Answer:
    """What goes to the platform. Raises RemoteError when a document cannot be read."""
    request = LifecycleEvent.everywhere.get(pk=answer.request_id)
    return Answer(
        kind=answer.kind,
        number=str(answer.invoice.number),
        tracking_id=answer.tracking_id,
        since=request.occurred_at,
        attachments=tuple(
            Attachment(enclosure.name, enclosure.media_type, read_to_send(enclosure, record=answer.invoice, at=at))
            for enclosure in Enclosure.everywhere.filter(transmission=answer).order_by("position")
        ),
        sha256=hashlib.sha256(bytes(answer.content or b"")).hexdigest(),
        **asdict(reply_of(answer)),
    )
