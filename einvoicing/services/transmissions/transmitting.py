"""Carrying documents to platforms, on the durable queue."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from functools import partial
from typing import cast

from config.kernel.errors import RemoteError
from config.kernel.kept import read_to_send
from config.kernel.queue import Clock, Queue, renew
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import ANSWERS, Attempt, DocumentFormat, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.answers import Receipt
from einvoicing.platforms.base import RECEIPT, Answer, AnsweringPlatform, Deposit, NotCarried, Platform
from einvoicing.platforms.registry import connect
from einvoicing.reporting.choosing import processing_rule
from einvoicing.services.documents import DocumentInvalid, ensure_document
from einvoicing.services.receipts import receipt_of
from einvoicing.services.routing import settings_of
from einvoicing.services.transmissions.answering import answer_of
from einvoicing.services.transmissions.claiming import LEASE, QUEUE, due, take
from einvoicing.services.transmissions.formats import document_kind, format_for
from einvoicing.services.transmissions.recording import (
    keep_remote_id,
    record_failure,
    record_invalid,
    record_lookup,
    record_receipt,
    record_skipped,
)
from einvoicing.services.verdicts import ENGINE

CANNOT_TELL = "La plateforme ne permet pas de vérifier si elle a le document. Regardez chez elle, puis relancez."


def transmit(transmission: Transmission, now: Clock) -> Transmission:
    """Take one claimed transmission to its platform and record what came of it. No transaction is open meanwhile."""
    at = now()
    try:
        load = answer_of(transmission, at) if transmission.kind in ANSWERS else deposit_of(transmission, at)
        with closing(connect(settings_of(transmission.account, at=at))) as platform:
            receipt = _talk(platform, transmission, load, now)
    except NotCarried as error:
        return record_skipped(transmission, error, at=at)
    except DocumentInvalid as error:
        # the judge's own failure is no verdict: the document is tried again, as after a failure of the network
        if ENGINE not in error.report.rules:
            return record_invalid(transmission, error, at=at)
        failure = RemoteError(str(error), retryable=True, code="engine_unreachable")
    except SecretUnreadable as error:
        failure = RemoteError(str(error), retryable=False, code=error.code)
    except RemoteError as error:
        failure = error
    else:
        return record_receipt(transmission, receipt, load.sha256, at=at)
    return record_failure(transmission, failure, at=at)


def deposit_of(transmission: Transmission, at: datetime) -> Deposit:
    """What is sent: our status, or the invoice's legal file in the format the platform takes.

    Raises DocumentInvalid, RemoteError when the file cannot be read, NotCarried for a receipt without an object.
    """
    invoice = transmission.invoice
    if transmission.kind in {TransmissionKind.STATUS, TransmissionKind.RECEIPT}:
        is_receipt = transmission.kind == TransmissionKind.RECEIPT
        return Deposit(
            data=receipt_of(transmission) if is_receipt else bytes(transmission.content or b""),
            name=f"{invoice.number}.json" if is_receipt else f"{invoice.number}_{transmission.declared_code}.xml",
            syntax=RECEIPT if is_receipt else "CDAR",
            tracking_id=transmission.tracking_id,
            processing_rule="NotApplicable",
            number=str(invoice.number),
        )
    syntax = format_for(transmission.account)
    document = ensure_document(invoice=invoice, kind=document_kind(transmission.account), actor=QUEUE, at=at)
    return Deposit(
        data=read_to_send(document, record=invoice, at=at),
        name=f"{invoice.number}.{'pdf' if syntax == DocumentFormat.FACTURX else 'xml'}",
        syntax=syntax,
        tracking_id=transmission.tracking_id,
        sha256=document.sha256,
        processing_rule=processing_rule(invoice),
        number=str(invoice.number),
        remote_id=transmission.remote_id,
        corrects=_corrected_at(transmission),
        keep=partial(keep_remote_id, transmission),
    )


def _corrected_at(transmission: Transmission) -> str:
    """By what identifier the platform knows the invoice that this credit note corrects; '' where it does not."""
    if not transmission.invoice.is_credit_note:
        return ""
    rows = Transmission.everywhere.filter(
        invoice=transmission.invoice.corrects_id, account=transmission.account, kind=TransmissionKind.INVOICE
    )
    return str(rows.exclude(remote_id="").order_by("-created_at").values_list("remote_id", flat=True).first() or "")


def _talk(platform: Platform, transmission: Transmission, load: Deposit | Answer, now: Clock) -> Receipt | None:
    """Ask first when in doubt; send only what the platform does not have. None when the lease was lost meanwhile."""
    attempt = Attempt.everywhere.filter(transmission=transmission).order_by("-number").first()
    if attempt is not None and attempt.kind == "LOOKUP":
        if not platform.capabilities.lookup:
            raise RemoteError(CANNOT_TELL, retryable=False, code="cannot_tell")
        found = _find(platform, load)
        if not record_lookup(transmission, found, at=now()):
            return None
        if found:
            return found
    # the making of the file and the look-up took their time: what is sent now has a whole lease before it
    if not renew(transmission, until=now() + LEASE, status=TransmissionStatus.SENDING):
        return None
    return _deposit(platform, load)


def _find(platform: Platform, load: Deposit | Answer) -> Receipt | None:
    if isinstance(load, Answer):
        return cast(AnsweringPlatform, platform).answered(load)
    if not platform.capabilities.by_remote_id:
        return platform.find(load.tracking_id, load.number)
    if load.syntax == RECEIPT:
        raise RemoteError(CANNOT_TELL, retryable=False, code="cannot_tell")
    return platform.find(load.remote_id, load.number) if load.remote_id else None


def _deposit(platform: Platform, load: Deposit | Answer) -> Receipt:
    if isinstance(load, Answer):
        return cast(AnsweringPlatform, platform).answer(load)
    return platform.deposit(load)


# one that breaks keeps its lease: when it ends, the platform is asked before anything is sent again
TRANSMISSIONS: Queue[Transmission] = Queue(
    name="transmission", due=due, take=take, work=transmit, lease=LEASE, leaves=True
)
