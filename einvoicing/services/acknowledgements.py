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
from config.kernel.queue import DELAYS, backoff
from einvoicing.events import action_needed
from einvoicing.models import ANSWERS, ErrorClass, PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.answers import Acknowledgement, AckStatus
from einvoicing.platforms.base import Platform
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services.quotas import has_slowed_down

MOST_ACKNOWLEDGED = 50


def may_be_asked(account: PlatformAccount, at: datetime, *, skips_pause: bool = False) -> Q:
    """Documents not asked about within the platform's pause; all when a person asks now."""
    if skips_pause:
        return Q()
    pause = timedelta(seconds=PLATFORMS[account.kind].asks_every)
    return Q(watched_at=None) | Q(watched_at__lte=at - pause)


def read_acknowledgements(
    account: PlatformAccount, platform: Platform, at: datetime, *, skips_pause: bool = False
) -> None:
    """The technical verdict on what was deposited and has no status yet: a refusal must not stay unseen."""
    waiting = Transmission.everywhere.filter(account=account, status=TransmissionStatus.DEPOSITED).exclude(
        kind__in=ANSWERS
    )
    # what the platform's list shows was taken in
    waiting = waiting.filter(listed_mark="").filter(may_be_asked(account, at, skips_pause=skips_pause))
    rows = waiting.select_related("invoice", "account").order_by(F("watched_at").asc(nulls_first=True), "id")

    def read(transmission: Transmission) -> None:
        # before asking: one whose answer always breaks must not stay first in the line
        row = Transmission.everywhere.filter(pk=transmission.pk)
        row.update(watched_at=at)
        try:
            _read_acknowledgement(transmission, platform, at)
        except RemoteError as error:
            if has_slowed_down(error):
                row.update(watched_at=transmission.watched_at)
            raise

    # a platform that does not answer ends the reading; a verdict that cannot be written down concerns its document
    treat_each(rows[:MOST_ACKNOWLEDGED], read, loop="lecture des accusés", at=at, passing=(RemoteError,))


def _read_acknowledgement(transmission: Transmission, platform: Platform, at: datetime) -> None:
    number = str(transmission.invoice.number)
    verdict = platform.acknowledgement(transmission.remote_id, number)
    if verdict.status == AckStatus.OK and _is_complete(transmission):
        _accept(transmission, at)
    _note_unknown(transmission, verdict)
    if verdict.status != AckStatus.ERROR:
        return
    may_be_there = verdict.duplicate or verdict.is_incident
    earlier = platform.find(transmission.tracking_id, number) if may_be_there else None
    if earlier is not None and earlier.remote_id != transmission.remote_id:
        # the platform had it from an attempt whose answer was lost: that one counts
        Transmission.everywhere.filter(pk=transmission.pk).update(remote_id=earlier.remote_id)
    elif verdict.is_incident:
        _deposit_again(transmission, verdict, at)
    else:
        _reject(transmission, verdict, at)


def _note_unknown(transmission: Transmission, verdict: Acknowledgement) -> None:
    """A state nobody documented is shown as unknown until another follows; a document not found yet is none."""
    if verdict.status == AckStatus.UNKNOWN:
        sentence = f"La plateforme répond par un état inconnu : {verdict.raw_status}"
        word = "" if verdict.raw_status.lstrip("-").isdigit() else verdict.raw_status[:100]
        Transmission.everywhere.filter(pk=transmission.pk).update(last_error=sentence[:1000], unknown_status=word)
    elif transmission.unknown_status:
        Transmission.everywhere.filter(pk=transmission.pk).update(last_error="", unknown_status="")


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
def _deposit_again(transmission: Transmission, verdict: Acknowledgement, at: datetime) -> None:
    """The platform's own incident: the same file goes once more, later each time, then a person decides.

    Nothing is in doubt: the platform says that it lost the deposit, and the look-up did not find it.
    """
    attempts = transmission.attempts + 1
    is_over = attempts > len(DELAYS)
    sentence = _sentence(verdict)
    states.move(
        transmission,
        TransmissionStatus.DEAD if is_over else TransmissionStatus.PENDING,
        tag="einvoicing.transmission.given_up" if is_over else "einvoicing.transmission.postponed",
        actor=Actor.platform(transmission.account.name),
        at=at,
        also=[transmission.invoice],
        data={"error": sentence, "code": verdict.raw_status, "attempt": attempts},
        attempts=attempts,
        next_attempt_at=at + backoff(attempts),
        last_error=sentence[:1000],
        error_class=ErrorClass.NETWORK,
        remote_id="",
        remote_key="",
        listed_mark="",
        read_mark="",
        seen_at=None,
    )
    if is_over:
        action_needed.send(Transmission, transmission=transmission, at=at)


def _sentence(verdict: Acknowledgement) -> str:
    return "; ".join(f"{detail.reason_code} {detail.reason_message}".strip() for detail in verdict.details)


@transaction.atomic
def _reject(transmission: Transmission, verdict: Acknowledgement, at: datetime) -> None:
    sentence = _sentence(verdict)
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
