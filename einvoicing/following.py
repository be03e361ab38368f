"""How soon the page of an invoice looks for what is new of its transmission, and what of it was shown."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import Q

from billing.models import EmailStatus, Invoice
from einvoicing import lifecycle
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.problems.waiting import MIRRORS

SOON = timedelta(minutes=1)  # the next try is worth waiting for
NEWS_EXPECTED = timedelta(minutes=10)  # after the deposit; later news takes its time
FAST, SLOW = 3, 30  # seconds
FINAL = tuple(code for code in lifecycle.STATUSES if lifecycle.is_final(code))
LEAVING = (TransmissionStatus.PENDING, TransmissionStatus.UNKNOWN, TransmissionStatus.SENDING)


def pace(invoice: Invoice, at: datetime) -> int:
    """Seconds between two looks, 0 once nothing more comes by itself. Two queries."""
    # a copy or a status that was taken has nothing more to come
    lives = Q(status=TransmissionStatus.ACCEPTED, kind=TransmissionKind.INVOICE) & ~Q(account__kind__in=MIRRORS)
    there = (Q(status=TransmissionStatus.DEPOSITED) | lives) & ~Q(lifecycle_code__in=FINAL)
    rows = Transmission.everywhere.filter(Q(status__in=LEAVING) | there, invoice=invoice)
    mails = invoice.emails.filter(status__in=[EmailStatus.QUEUED, EmailStatus.SENDING])
    moving = [_is_moving(row, at) for row in rows]
    moving += [due <= at + SOON for due in mails.values_list("next_attempt_at", flat=True)]
    return (FAST if any(moving) else SLOW) if moving else 0


def _is_moving(row: Transmission, at: datetime) -> bool:
    if row.status in LEAVING:
        return row.status == TransmissionStatus.SENDING or row.next_attempt_at <= at + SOON
    return row.deposited_at is not None and row.deposited_at > at - NEWS_EXPECTED


def fingerprint(invoice: Invoice, every: int) -> str:
    """The same as long as the record would show the same of its transmission, and look again as soon."""
    rows = Transmission.everywhere.filter(invoice=invoice).order_by("id").values_list("id", "status", "lifecycle_code")
    events = invoice.lifecycle.count()
    mails = invoice.emails.order_by("id").values_list("id", "status")
    shown = repr((every, list(rows), events, list(mails), invoice.status, invoice.documents.count()))
    return hashlib.sha256(shown.encode()).hexdigest()[:16]
