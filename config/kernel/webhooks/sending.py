"""Carrying messages to partner systems, on the durable queue.

At least once. In order per endpoint and object: a message waits for the earlier ones about the same object, until each
is delivered or given up. Delays 1 min, 5 min, 30 min, 2 h, then every 24 h (±10 %). An endpoint where nothing has
succeeded for three days is disabled and keeps what waits; a message that alone is refused for three days is given up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from standardwebhooks import Webhook

from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.events import endpoint_given_up
from config.kernel.http import AnsweredError, Response, Session
from config.kernel.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from config.kernel.outbound import PublicAdapter, Resolver, resolve
from config.kernel.queue import FREE, Clock, Queue, backoff, held
from config.kernel.secrets import SecretUnreadable
from config.kernel.webhooks.endpoints import disable_endpoint

logger = structlog.get_logger(__name__)

CONNECT, DEADLINE = 5.0, 15.0  # seconds
MOST_BYTES = 64 * 1024
# beyond the longest exchange and the look-up of a name before it
LEASE = timedelta(seconds=90)
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


def carry_due(
    *,
    now: Clock = timezone.now,
    limit: int = 200,
    seconds: float = 60,
    resolver: Resolver = resolve,
) -> int:
    """One sweep: carry what is due, up to `limit` messages and `seconds`. Returns how many were tried.

    An endpoint that gave no answer is left alone until the next sweep: one that hangs must not hold the others up.
    """
    mute: set[int] = set()

    def work(delivery: WebhookDelivery, now: Clock) -> None:
        outcome = send(delivery, at=now(), resolver=resolver)
        if outcome.error and outcome.status is None:
            mute.add(delivery.endpoint_id)
        record(delivery, outcome, at=now())

    queue = replace(DELIVERIES, due=lambda at: _due(at).exclude(endpoint__in=mute), work=work)
    return len(queue.sweep(now=now, limit=limit, seconds=seconds))


def _due(at: datetime) -> QuerySet[WebhookDelivery]:
    earlier = WebhookDelivery.everywhere.filter(
        endpoint=OuterRef("endpoint"),
        status=DeliveryStatus.PENDING,
        subject=OuterRef("subject"),
        sequence__lt=OuterRef("sequence"),
    )
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.everywhere.filter(
        ~Exists(earlier), status=DeliveryStatus.PENDING, next_attempt_at__lte=at, endpoint__is_active=True
    )
    return rows.select_related("endpoint", "event").order_by("next_attempt_at", "sequence")


def _take(delivery: WebhookDelivery, _at: datetime) -> bool:
    # a lease that was never given back: its carrier died in the middle, and that try would show nowhere
    if delivery.lease_until is not None:
        _write_try(delivery, Outcome(None, 0, INTERRUPTED, ""), at=delivery.lease_until)
    delivery.attempts += 1
    delivery.save(update_fields=["attempts"])
    return True


def _carry(delivery: WebhookDelivery, now: Clock) -> None:
    record(delivery, send(delivery, at=now()), at=now())


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
        # the row is the queue: a retry here would be one that nobody sees
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


def record(delivery: WebhookDelivery, outcome: Outcome, *, at: datetime) -> None:
    """Write what came of a try, unless the lease is no longer ours: then what was recorded meanwhile stands."""
    with transaction.atomic():
        # endpoint before delivery, as `change_endpoint` does: the other way round two of them could wait for each other
        endpoints = WebhookEndpoint.everywhere.select_for_update(no_key=True)
        endpoint = endpoints.filter(pk=delivery.endpoint_id).first()
        with held(delivery) as row:
            if endpoint is None or row is None:
                logger.warning("webhook_outcome_after_lease", delivery=delivery.pk, delivered=outcome.delivered)
                return
            _write_outcome(row, endpoint, outcome, at=at)


def _write_outcome(row: WebhookDelivery, endpoint: WebhookEndpoint, outcome: Outcome, *, at: datetime) -> None:
    _write_try(row, outcome, at=at)
    changes: dict[str, Any] = {**FREE}
    if outcome.delivered:
        changes |= {"status": DeliveryStatus.DELIVERED, "delivered_at": at, "failing_since": None}
        WebhookEndpoint.everywhere.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
    else:
        since = row.failing_since or at
        changes |= {"failing_since": since, "next_attempt_at": at + backoff(row.attempts)}
        if _note_failure(endpoint, outcome, at=at) and _is_out_of_patience(since, at):
            changes["status"] = DeliveryStatus.FAILED
    WebhookDelivery.everywhere.filter(pk=row.pk).update(**changes)


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


# rows of one object in order; the earlier one hides the later from `due` until it is delivered or given up
DELIVERIES: Queue[WebhookDelivery] = Queue(
    name="envoi des webhooks", due=_due, take=_take, work=_carry, lease=LEASE, leaves=True
)
