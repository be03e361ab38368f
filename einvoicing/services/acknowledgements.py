"""The technical verdict of a platform on what was deposited: taken in, refused, or had already.

It is asked for, not sent: by document, in turn, none too often.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.isolating import treat_each
from einvoicing.events import action_needed
from einvoicing.models import ANSWERS, PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.base import Acknowledgement, AckStatus, Platform
from einvoicing.platforms.registry import PLATFORMS

MOST_ACKNOWLEDGED = 50


def may_be_asked(account: PlatformAccount, at: datetime) -> Q:
    pause = timedelta(seconds=PLATFORMS[account.kind].asks_every)
    return Q(watched_at=None) | Q(watched_at__lte=at - pause)


def read_acknowledgements(account: PlatformAccount, platform: Platform, at: datetime) -> None:
    """The technical verdict on what was deposited and has no status yet: a refusal must not stay unseen."""
    waiting = Transmission.everywhere.filter(account=account, status=TransmissionStatus.DEPOSITED).exclude(
        kind__in=ANSWERS
    )
    waiting = waiting.filter(may_be_asked(account, at))
    rows = waiting.select_related("invoice", "account").order_by(F("watched_at").asc(nulls_first=True), "id")

    def read(transmission: Transmission) -> None:
        Transmission.everywhere.filter(pk=transmission.pk).update(watched_at=at)
        _read_acknowledgement(transmission, platform, at)

    # a platform that does not answer ends the reading; a verdict that cannot be written down concerns its document
    treat_each(rows[:MOST_ACKNOWLEDGED], read, loop="lecture des accusés", at=at, passing=(RemoteError,))


def _read_acknowledgement(transmission: Transmission, platform: Platform, at: datetime) -> None:
    verdict = platform.acknowledgement(transmission.remote_id)
    if verdict.status == AckStatus.OK and _is_complete(transmission):
        _accept(transmission, at)
    if verdict.status == AckStatus.UNKNOWN:
        sentence = f"La plateforme répond par un état inconnu : {verdict.raw_status}"
        Transmission.everywhere.filter(pk=transmission.pk).update(last_error=sentence[:1000])
    if verdict.status != AckStatus.ERROR:
        return
    number = str(transmission.invoice.number)
    earlier = platform.find(transmission.tracking_id, number) if verdict.duplicate else None
    if earlier is not None and earlier.remote_id != transmission.remote_id:
        # the platform had it from an attempt whose answer was lost: that one counts
        Transmission.everywhere.filter(pk=transmission.pk).update(remote_id=earlier.remote_id)
    else:
        _reject(transmission, verdict, at)


def _is_complete(transmission: Transmission) -> bool:
    """Whether the platform's taking it in is all there is to wait for: a status of ours, or a mirror's copy."""
    is_whole = transmission.kind in {TransmissionKind.STATUS, TransmissionKind.RECEIPT}
    return is_whole or PLATFORMS[transmission.account.kind].is_mirror


@transaction.atomic
def _accept(transmission: Transmission, at: datetime) -> None:
    states.move(
        transmission,
        TransmissionStatus.ACCEPTED,
        tag="einvoicing.transmission.accepted",
        actor=Actor.platform(transmission.account.name),
        at=at,
        also=[transmission.invoice],
    )


@transaction.atomic
def _reject(transmission: Transmission, verdict: Acknowledgement, at: datetime) -> None:
    sentence = "; ".join(f"{detail.reason_code} {detail.reason_message}".strip() for detail in verdict.details)
    states.move(
        transmission,
        TransmissionStatus.REJECTED,
        tag="einvoicing.transmission.rejected",
        actor=Actor.platform(transmission.account.name),
        at=at,
        also=[transmission.invoice],
        data={"error": sentence},
        last_error=sentence[:1000],
    )
    action_needed.send(Transmission, transmission=transmission, at=at)
