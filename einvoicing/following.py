"""Whether the carrying of an invoice still moves, and what of it a page has shown."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import Q

from billing.models import EmailStatus, Invoice
from einvoicing import lifecycle
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.troubles import MIRRORS

SOON = timedelta(minutes=1)  # the next try is worth waiting for
NEWS_EXPECTED = timedelta(minutes=10)  # after the deposit: later news is read when the page is opened again
FINAL = tuple(code for code in lifecycle.STATUSES if lifecycle.is_final(code))


def is_moving(invoice: Invoice, at: datetime) -> bool:
    """Whether something is on its way that may arrive within a minute, or news of a fresh deposit. Two queries."""
    waiting = Q(status__in=[TransmissionStatus.PENDING, TransmissionStatus.UNKNOWN], next_attempt_at__lte=at + SOON)
    # a copy or a status that was taken has nothing more to come
    lives = Q(status=TransmissionStatus.ACCEPTED, kind=TransmissionKind.INVOICE) & ~Q(account__kind__in=MIRRORS)
    there = Q(status=TransmissionStatus.DEPOSITED) | lives
    fresh = there & Q(deposited_at__gt=at - NEWS_EXPECTED) & ~Q(lifecycle_code__in=FINAL)
    rows = Transmission.everywhere.filter(invoice=invoice)
    if rows.filter(waiting | fresh | Q(status=TransmissionStatus.SENDING)).exists():
        return True
    mails = invoice.emails.filter(status__in=[EmailStatus.QUEUED, EmailStatus.SENDING])
    return bool(mails.filter(next_attempt_at__lte=at + SOON).exists())


def fingerprint(invoice: Invoice) -> str:
    """The same as long as the record would show the same of the carrying."""
    rows = Transmission.everywhere.filter(invoice=invoice).order_by("id").values_list("id", "status", "lifecycle_code")
    events = invoice.lifecycle.count()
    mails = invoice.emails.order_by("id").values_list("id", "status")
    shown = repr((list(rows), events, list(mails), invoice.status, invoice.documents.count()))
    return hashlib.sha256(shown.encode()).hexdigest()[:16]
