"""Sweeps and claims at a moment of a story's own clock."""

from __future__ import annotations

from datetime import datetime

from billing.models import Email, EmailKind
from billing.tasks import INVOICE_EMAILS, NOTICES
from config.kernel.queue import Queue
from einvoicing.models import Transmission
from einvoicing.services import transmissions
from einvoicing.services.transmissions import TRANSMISSIONS
from payments.dunning.delivery import REMINDER_EMAILS

EMAILS: dict[str, Queue[Email]] = {
    EmailKind.INVOICE: INVOICE_EMAILS,
    EmailKind.NOTICE: NOTICES,
    EmailKind.REMINDER: REMINDER_EMAILS,
}


def drain(*, at: datetime, limit: int = 10) -> int:
    """One sweep of the transmissions; how many were carried."""
    return len(TRANSMISSIONS.sweep(now=lambda: at, limit=limit))


def claim_due(*, at: datetime, worker: str = "", limit: int = 10) -> list[Transmission]:
    return TRANSMISSIONS.claim(at=at, worker=worker, limit=limit)


def transmit(transmission: Transmission, at: datetime) -> Transmission:
    return transmissions.transmit(transmission, lambda: at)


def claim_emails(*, kind: str, at: datetime, limit: int = 10) -> list[Email]:
    return EMAILS[kind].claim(at=at, limit=limit)
