"""Taking transmissions in hand: leased to one worker, the attempt written down before any network is touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from config.kernel import states
from config.kernel.actor import Actor
from einvoicing.models import Attempt, Transmission, TransmissionStatus
from einvoicing.services import breaker

# beyond twice the longest exchange with a platform (5 s to connect, 30 s to answer)
LEASE = timedelta(seconds=settings.TRANSMISSION_LEASE_SECONDS)
QUEUE = Actor.system("file de transmission")
CARRIER_DIED = "L’envoi a été interrompu : la facture est peut-être partie."


def due(at: datetime) -> QuerySet[Transmission]:
    """The most urgent first, then the oldest; those of a suspended or offline account stay where they are."""
    rows: QuerySet[Transmission] = Transmission.everywhere.due(at=at).filter(breaker.passable(at=at))
    return rows.select_related("invoice", "account").order_by("priority", "next_attempt_at", "id")


def take(row: Transmission, at: datetime) -> bool:
    """Write down the attempt before any network is touched. False while the account lets another go first."""
    if not breaker.take_turn(row, at=at, lease=LEASE):
        return False
    # still sending and due again: the lease has ended, and nobody knows how far its carrier came
    if row.status == TransmissionStatus.SENDING:
        finish_attempt(row, "unknown", at=at, detail=CARRIER_DIED)
        move(row, TransmissionStatus.UNKNOWN, at=at, tag="einvoicing.transmission.carrier_died")
    in_doubt = is_in_doubt(row)
    move(row, TransmissionStatus.SENDING, at=at, tag="einvoicing.transmission.claimed")
    start_attempt(row, "LOOKUP" if in_doubt else "DEPOSIT", at)
    return True


def is_in_doubt(row: Transmission) -> bool:
    """True while a deposit has no known outcome: then the platform is asked before anything is sent again.

    Whatever happened since (a failed look-up, a person's retry), only the platform's own "absent" ends the doubt.
    """
    for kind, outcome in Attempt.everywhere.filter(transmission=row).order_by("-number").values_list("kind", "outcome"):
        if kind == "DEPOSIT":
            return outcome in {"", "unknown"}
        if outcome in {"absent", "found"}:
            return str(outcome) == "found"
    return False


def move(row: Transmission, to: TransmissionStatus, *, at: datetime, tag: str, **changes: Any) -> None:
    states.move(row, to, tag=tag, actor=QUEUE, at=at, also=[row.invoice], **changes)


def start_attempt(row: Transmission, kind: str, at: datetime) -> Attempt:
    """Write down that a DEPOSIT or a LOOKUP begins, before any network is touched."""
    # the claim holds the row's lock: nobody else numbers meanwhile
    last = Attempt.everywhere.filter(transmission=row).aggregate(last=Max("number"))["last"] or 0
    attempt: Attempt = Attempt.everywhere.create(
        company_id=row.company_id, transmission=row, number=last + 1, kind=kind, started_at=at
    )
    return attempt


def finish_attempt(transmission: Transmission, outcome: str, *, at: datetime, detail: str = "") -> None:
    """Close the attempt that is open, if any, with what came of it."""
    open_one = Attempt.everywhere.filter(transmission=transmission, finished_at=None).order_by("-number").first()
    if open_one is not None:
        Attempt.everywhere.filter(pk=open_one.pk).update(finished_at=at, outcome=outcome, detail=detail[:1000])
