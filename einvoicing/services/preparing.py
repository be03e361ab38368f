"""The legal files that e-mails wait for, made by a sweep of their own on the durable queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from billing.models import DocumentKind, Email, EmailStatus
from billing.services.emails import give_up_email, postpone_email
from config.kernel.actor import Actor
from config.kernel.queue import Clock, Queue, release
from einvoicing.services.documents import DocumentInvalid, ensure_facturx
from einvoicing.services.verdicts import ENGINE

CLERK = Actor.system("préparation des documents")


def _waiting(at: datetime) -> QuerySet[Email]:
    rows: QuerySet[Email] = Email.everywhere.filter(
        status=EmailStatus.QUEUED, needs_document=True, next_attempt_at__lte=at
    ).exclude(invoice__documents__kind=DocumentKind.FACTURX)
    return rows.select_related("invoice").order_by("next_attempt_at", "id")


def _prepare(email: Email, now: Clock) -> bool:
    """A message whose invoice is not valid is given up, and seen; one whose judge cannot be asked waits."""
    if email.invoice is None:
        return False
    try:
        ensure_facturx(invoice=email.invoice, actor=CLERK, at=now())
    except DocumentInvalid as error:
        set_aside = postpone_email if ENGINE in error.report.rules else give_up_email
        set_aside(email=email, reason=str(error), at=now())
        return False
    # postponed besides being written down by the queue: or it would stay first in the line and fail at every sweep
    except Exception as error:
        postpone_email(email=email, reason=str(error), at=now())
        raise
    release(email)
    return True


# longer than the judge is given for one document
PREPARING: Queue[Email] = Queue(
    name="préparation des documents", due=_waiting, work=_prepare, lease=timedelta(minutes=10)
)


def prepare_documents() -> int:
    """One sweep. Returns how many files were made."""
    return sum(PREPARING.sweep(limit=50))
