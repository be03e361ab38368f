"""A document that comes in is stored with its SHA-256 and acknowledged before anything reads it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath

from django.db import IntegrityError, transaction
from django.db.models import Q

from config.kernel import audit, kept
from config.kernel.actor import Actor
from config.kernel.characters import clean
from config.kernel.errors import DomainError
from config.kernel.ids import new_id
from einvoicing.models import PlatformAccount, ReceivedDocument, ReceptionChannel

MOST_BYTES = 100 * 1024 * 1024  # the standard's own limit for a flow


class DocumentEmpty(DomainError):
    code = "document_empty"
    message = "Le fichier « %(name)s » est vide."
    status = 400


class DocumentTooLarge(DomainError):
    code = "document_too_large"
    message = "Le fichier « %(name)s » dépasse 100 Mo."
    status = 400


def store_document(
    *,
    company_id: int,
    channel: ReceptionChannel,
    name: str,
    data: bytes,
    actor: Actor,
    at: datetime,
    account: PlatformAccount | None = None,
    remote_id: str = "",
    media_type: str = "",
    sender: str = "",
    sent_at: datetime | None = None,
) -> ReceivedDocument:
    """Keep the bytes as they came, to be read by the queue. One that came before, by `remote_id`, is answered again.

    `remote_id`: what tells it apart within its account or channel, '' for what a person sends, which is always kept: a
    second copy is held as a duplicate by its reading. Raises DocumentEmpty, DocumentTooLarge, FileRefused.
    """
    shown = shown_name(name)
    if not data:
        raise DocumentEmpty(name=shown)
    if len(data) > MOST_BYTES:
        raise DocumentTooLarge(name=shown)
    if known := _known(company_id, channel, account, remote_id):
        return known
    document = ReceivedDocument(
        id=new_id(),
        company_id=company_id,
        channel=channel,
        account=account,
        remote_id=remote_id,
        sender=clean(sender)[:254],
        name=shown,
        media_type=media_type[:100],
        size=len(data),
        sent_at=sent_at,
        received_at=at,
        next_attempt_at=at,
    )
    # named by us on the disk: a supplier's name is shown, never trusted
    kept.keep_file(document, f"{document.pk}{_ending(shown)}", data)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            audit.record(
                "einvoicing.received.stored",
                subject=document,
                actor=actor,
                at=at,
                seal=True,
                data={"name": document.name, "sha256": document.sha256, "channel": document.channel},
            )
    except IntegrityError:
        # another worker stored the same one at the same moment: the database's word decides
        known = _known(company_id, channel, account, remote_id)
        if known is None:
            raise
        return known
    return document


def known_ids(*, account: PlatformAccount, remote_ids: Iterable[str]) -> set[str]:
    """Those of the identifiers that this account has given us already."""
    rows = ReceivedDocument.everywhere.filter(account=account, remote_id__in=list(remote_ids))
    return set(rows.values_list("remote_id", flat=True))


def read_content(document: ReceivedDocument, *, at: datetime) -> bytes:
    """The bytes as they came. Raises FileMissing, FileAltered, FileUnreadable."""
    return kept.read_kept(document, record=document, at=at)


def shown_name(name: str) -> str:
    """The file's own name without its folders, as people read it."""
    return clean(PurePosixPath(name.replace("\\", "/")).name)[:255].strip() or "document"


def _known(
    company_id: int, channel: ReceptionChannel, account: PlatformAccount | None, remote_id: str
) -> ReceivedDocument | None:
    if not remote_id:
        return None
    place = Q(account=account) if account else Q(account=None, channel=channel)
    found: ReceivedDocument | None = ReceivedDocument.everywhere.filter(
        place, company_id=company_id, remote_id=remote_id
    ).first()
    return found


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending in {".pdf", ".xml", ".jpg", ".jpeg", ".png", ".tif", ".tiff"} else ".bin"
