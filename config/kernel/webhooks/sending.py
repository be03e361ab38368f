"""Carrying messages: claim (commit), talk (no transaction open), record. The rows are the queue.

At least once: a carrier that dies leaves its message to the next one when its lease ends. In order per endpoint and
object: a message waits for the earlier ones about the same object, until each is delivered or given up. Delays
1 min, 5 min, 30 min, 2 h, then every 24 h (±10 %). An endpoint where nothing has succeeded for three days is disabled
and keeps what waits; a message that alone is refused for three days is given up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from standardwebhooks import Webhook

from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.events import endpoint_given_up
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from config.kernel.secrets import SecretUnreadable
from config.kernel.webhooks.addresses import PublicAdapter, Resolver, resolve
from config.kernel.webhooks.endpoints import disable_endpoint

logger = structlog.get_logger(__name__)

CONNECT, DEADLINE = 5.0, 15.0  # seconds
MOST_BYTES = 64 * 1024
# beyond the longest exchange and the look-up of a name before it
LEASE = timedelta(seconds=90)
DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=24),
)
JITTER = 0.1
PATIENCE = timedelta(days=3)
CARRIER = Actor.system("webhooks")
INTERRUPTED = "L’envoi a été interrompu : le message est peut-être arrivé."
SILENT = "Aucun message n’est passé depuis trois jours."
DEFECT = "Une erreur inattendue a empêché d’envoyer ce message."
GONE = "Le service distant a répondu que cette adresse n’existe plus (410)."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try: the HTTP status when there was an answer, and why it failed ('' when it did not)."""

    status: int | None
    milliseconds: int
    error: str
    answer: str

    @property
    def delivered(self) -> bool:
        return not self.error


def drain(
    *,
    now: Callable[[], datetime] = timezone.now,
    limit: int = 200,
    seconds: float = 60,
    resolver: Resolver = resolve,
) -> int:
    """One sweep: carry what is due, up to `limit` messages and `seconds`. Returns how many were tried.

    An endpoint that gave no answer is left alone until the next sweep: one that hangs must not hold the others up.
    """
    mute: set[int] = set()
    until = time.monotonic() + seconds
    for tried in range(limit):
        delivery = claim_next(at=now(), without=mute) if time.monotonic() < until else None
        if delivery is None:
            return tried
        outcome = send(delivery, at=now(), resolver=resolver)
        if not _recorded(delivery, outcome, at=now()) or (outcome.error and outcome.status is None):
            mute.add(delivery.endpoint_id)
    return limit


@transaction.atomic(durable=True)
def claim_next(*, at: datetime, without: Collection[int] = ()) -> WebhookDelivery | None:
    """Lease the next message to this carrier; None when nothing is due. Must be called outside a transaction."""
    earlier = WebhookDelivery.everywhere.filter(
        endpoint=OuterRef("endpoint"),
        status=DeliveryStatus.PENDING,
        subject=OuterRef("subject"),
        sequence__lt=OuterRef("sequence"),
    )
    due = WebhookDelivery.everywhere.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(
        Q(leased_until=None) | Q(leased_until__lt=at),
        ~Exists(earlier),
        status=DeliveryStatus.PENDING,
        next_attempt_at__lte=at,
        endpoint__is_active=True,
    )
    rows = due.exclude(endpoint__in=without).select_related("endpoint", "event")
    delivery: WebhookDelivery | None = rows.order_by("next_attempt_at", "sequence").first()
    if delivery is None:
        return None
    if delivery.leased_until is not None:
        _write_try(delivery, Outcome(None, 0, INTERRUPTED, ""), at=delivery.leased_until)
    delivery.attempts += 1
    delivery.leased_until = at + LEASE
    delivery.save(update_fields=["attempts", "leased_until"])
    return delivery


def send(delivery: WebhookDelivery, *, at: datetime, resolver: Resolver = resolve) -> Outcome:
    """Give a claimed message to its endpoint. Must be called outside a transaction."""
    started = time.monotonic()
    status, answer, error = None, "", ""
    try:
        response = _talk(delivery, at=at, resolver=resolver)
        status, answer = response.status, _readable(response)
    except AnsweredError as failure:
        status, answer, error = failure.response.status, _readable(failure.response), failure.message
    except RemoteError as failure:
        error = failure.message
    except SecretUnreadable as failure:
        error = str(failure)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # one message must not hold up the others
        logger.exception("webhook_not_sent", delivery=delivery.pk)
        error = DEFECT
    return Outcome(status, round((time.monotonic() - started) * 1000), error, answer)


def _talk(delivery: WebhookDelivery, *, at: datetime, resolver: Resolver) -> Response:
    headers = {
        "Content-Type": "application/json",
        **signed(delivery.event.message_id, delivery.event.body, delivery.endpoint.secrets_at(at), at=at),
    }
    with Session(
        timeout=(CONNECT, DEADLINE),
        deadline=DEADLINE,
        max_bytes=MOST_BYTES,
        attempts=1,
        adapter=PublicAdapter(deadline=DEADLINE, resolver=resolver),
    ) as session:
        url, body = delivery.endpoint.url, delivery.event.body.encode()
        return session.post(url, data=body, headers=headers, accept=range(200, 300))


def signed(message_id: str, body: str, secrets: list[str], *, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature for each live secret."""
    moment = at.astimezone(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, moment, body) for secret in secrets),
    }


def _recorded(delivery: WebhookDelivery, outcome: Outcome, *, at: datetime) -> bool:
    """Record a try; False when that failed unexpectedly, and the message comes again once its lease has ended."""
    try:
        record(delivery, outcome, at=at)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("webhook_outcome_not_recorded", delivery=delivery.pk)
        return False
    return True


@transaction.atomic
def record(delivery: WebhookDelivery, outcome: Outcome, *, at: datetime) -> None:
    """Write what came of a try, unless the lease is no longer ours: then what was recorded meanwhile stands."""
    endpoint = WebhookEndpoint.everywhere.select_for_update(no_key=True).filter(pk=delivery.endpoint_id).first()
    rows = WebhookDelivery.everywhere.select_for_update(no_key=True)
    row: WebhookDelivery | None = rows.filter(pk=delivery.pk).first()
    if endpoint is None or row is None or row.leased_until != delivery.leased_until:
        logger.warning("webhook_outcome_after_lease", delivery=delivery.pk, delivered=outcome.delivered)
        return
    _write_try(row, outcome, at=at)
    row.leased_until = None
    if outcome.delivered:
        row.status, row.delivered_at, row.failing_since = DeliveryStatus.DELIVERED, at, None
        WebhookEndpoint.everywhere.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
    else:
        row.failing_since = row.failing_since or at
        row.next_attempt_at = at + _delay(row.attempts)
        stays = _note_failure(endpoint, outcome, at=at)
        if stays and _is_out_of_patience(row.failing_since, at):
            row.status = DeliveryStatus.FAILED
    row.save(update_fields=["status", "delivered_at", "failing_since", "next_attempt_at", "leased_until"])


def _note_failure(endpoint: WebhookEndpoint, outcome: Outcome, *, at: datetime) -> bool:
    """Disable the endpoint that is gone, or silent for too long. True while it stays active."""
    if endpoint.failing_since is None:
        endpoint.failing_since = at
        endpoint.save(update_fields=["failing_since"])
    gone = outcome.status == HTTPStatus.GONE
    if endpoint.is_active and (gone or _is_out_of_patience(endpoint.failing_since, at)):
        reason = GONE if gone else SILENT
        disable_endpoint(endpoint=endpoint, reason=reason, actor=CARRIER, at=at)
        endpoint_given_up.send(sender=WebhookEndpoint, endpoint=endpoint, reason=reason, at=at)
    return endpoint.is_active


def _is_out_of_patience(since: datetime | None, at: datetime) -> bool:
    return since is not None and at - since >= PATIENCE


def _delay(attempts: int) -> timedelta:
    """How long to wait after so many tries."""
    wait = DELAYS[min(attempts, len(DELAYS)) - 1]
    return wait * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 – spreads a herd


def _write_try(delivery: WebhookDelivery, outcome: Outcome, *, at: datetime) -> None:
    WebhookAttempt.everywhere.create(
        company_id=delivery.company_id,
        delivery=delivery,
        at=at,
        http_status=outcome.status,
        milliseconds=outcome.milliseconds,
        error=outcome.error[:300],
        answer=outcome.answer,
    )


def _readable(response: Response) -> str:
    """The beginning of an answer as text that PostgreSQL keeps."""
    return response.body[:2000].decode("utf-8", "replace").replace("\x00", "")[:500]
