"""Where partners are told: adding an endpoint, changing it, its secrets, and what a person may ask of its messages.

Whoever changes an endpoint holds it without its key (FOR NO KEY UPDATE), so that facts are announced to it meanwhile;
whoever deletes it waits for those who announce.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.facts import PARTNER_EVENTS
from config.kernel.models import Company, DeliveryStatus, WebhookDelivery, WebhookEndpoint
from config.kernel.outbound import refusal
from config.kernel.queue import FREE
from config.kernel.webhooks.announcing import message, queue, telling
from config.kernel.webhooks.names import EVERYTHING, PING

MOST = 20
# how long the secret before stays good after a rotation
BOTH_FOR = timedelta(hours=24)
MARK = "whsec_"


class EndpointInvalid(Invalid):
    code = "webhook_invalid"


class TooManyEndpoints(DomainError):
    code = "too_many_webhooks"
    message = "Une société a au plus %(most)s destinations de webhooks."


class EndpointDisabled(DomainError):
    code = "webhook_disabled"
    message = "Cette destination est désactivée. Réactivez-la d’abord."


class EndpointGone(DomainError):
    code = "webhook_gone"
    message = "Cette destination a été supprimée."
    status = 404


class DeliveryPending(DomainError):
    code = "delivery_pending"
    message = "Cet envoi attend déjà son tour."


@transaction.atomic
def create_endpoint(
    *, company: Company, url: str, events: Sequence[str], actor: Actor, at: datetime, description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret in clear, which is never shown again. Raises EndpointInvalid, TooManyEndpoints."""
    # the count below would let two creations at once go past the limit: they take turns on the company
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    endpoint = WebhookEndpoint(
        company=company, url=url.strip(), events=_sorted(events), description=description.strip(), created_at=at
    )
    _check(endpoint)
    if WebhookEndpoint.everywhere.filter(company=company).count() >= MOST:
        raise TooManyEndpoints(most=MOST)
    secret = _new_secret()
    endpoint.set_secret(secret)
    endpoint.save(force_insert=True)
    _write("kernel.webhook.created", endpoint, actor=actor, at=at)
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *,
    endpoint: WebhookEndpoint,
    url: str,
    events: Sequence[str],
    is_active: bool,
    actor: Actor,
    at: datetime,
    description: str = "",
) -> WebhookEndpoint:
    """Change where messages go, which ones, and whether they go. Activated again, what waited leaves now, in order.

    Raises EndpointInvalid, EndpointGone.
    """
    locked = _locked(endpoint)
    before = (locked.url, locked.events, locked.description)
    locked.url, locked.events, locked.description = url.strip(), _sorted(events), description.strip()
    _check(locked)
    if before != (locked.url, locked.events, locked.description):
        locked.save(update_fields=["url", "events", "description"])
        _write("kernel.webhook.changed", locked, actor=actor, at=at)
    if is_active and not locked.is_active:
        _enable(locked, actor=actor, at=at)
    elif locked.is_active and not is_active:
        disable_endpoint(endpoint=locked, reason="", actor=actor, at=at)
    return locked


@transaction.atomic
def enable_endpoint(*, endpoint: WebhookEndpoint, actor: Actor, at: datetime) -> WebhookEndpoint:
    """Send again to an endpoint that was disabled; nothing happens to an active one. Raises EndpointGone."""
    locked = _locked(endpoint)
    if not locked.is_active:
        _enable(locked, actor=actor, at=at)
    return locked


def _enable(endpoint: WebhookEndpoint, *, actor: Actor, at: datetime) -> None:
    endpoint.is_active, endpoint.failing_since = True, None
    endpoint.disabled_at, endpoint.disabled_reason = None, ""
    endpoint.save(update_fields=["is_active", "failing_since", "disabled_at", "disabled_reason"])
    waiting = WebhookDelivery.everywhere.filter(endpoint=endpoint, status=DeliveryStatus.PENDING)
    # what waited starts with fresh patience, or its old failures would disable the endpoint again at once
    waiting.update(attempts=0, failing_since=None, next_attempt_at=at)
    _write("kernel.webhook.enabled", endpoint, actor=actor, at=at)


@transaction.atomic
def disable_endpoint(*, endpoint: WebhookEndpoint, reason: str, actor: Actor, at: datetime) -> None:
    """Send nothing more to the endpoint; what waits is kept for the day it is enabled again. Raises EndpointGone."""
    _locked(endpoint)
    endpoint.is_active, endpoint.disabled_at, endpoint.disabled_reason = False, at, reason
    endpoint.save(update_fields=["is_active", "disabled_at", "disabled_reason"])
    _write("kernel.webhook.disabled", endpoint, actor=actor, at=at, reason=reason)


@transaction.atomic
def delete_endpoint(*, endpoint: WebhookEndpoint, actor: Actor, at: datetime) -> None:
    """Forget the endpoint, what was sent to it, and what still waited. Raises EndpointGone."""
    # FOR UPDATE, unlike every other act: it waits for facts being announced, whose deliveries point here
    locked = _locked(endpoint, no_key=False)
    _write("kernel.webhook.deleted", locked, actor=actor, at=at)
    locked.delete()


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, actor: Actor, at: datetime) -> str:
    """A new secret, in clear this once. For a day messages are signed with it and with the one before.

    Raises EndpointGone.
    """
    locked = _locked(endpoint)
    secret = _new_secret()
    locked.previous_secret_cipher, locked.previous_secret_until = locked.secret_cipher, at + BOTH_FOR
    locked.set_secret(secret)
    locked.save(update_fields=["secret_cipher", "previous_secret_cipher", "previous_secret_until"])
    _write("kernel.webhook.secret_rotated", locked, actor=actor, at=at)
    return secret


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, actor: Actor, at: datetime) -> WebhookDelivery:
    """Queue a `ping` to this endpoint alone. Raises EndpointDisabled, EndpointGone."""
    if not endpoint.is_active:
        raise EndpointDisabled
    event = audit.record("kernel.webhook.tested", subject=endpoint, actor=actor, at=at, data={"address": endpoint.url})
    body = message(PING, about=endpoint.subject, subjects=[], facts={"webhook": endpoint.pk}, at=at)
    queued = queue([endpoint], [telling(event, name=PING, about=endpoint.subject, body=body)])
    if not queued:
        raise EndpointGone
    return queued[0]


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery, actor: Actor, at: datetime) -> WebhookDelivery:
    """Send the same message again, under the same id, with new attempts. Raises EndpointDisabled, DeliveryPending."""
    if not delivery.endpoint.is_active:
        raise EndpointDisabled
    done = WebhookDelivery.everywhere.filter(pk=delivery.pk).exclude(status=DeliveryStatus.PENDING)
    changed = done.update(
        status=DeliveryStatus.PENDING,
        attempts=0,
        failing_since=None,
        next_attempt_at=at,
        **FREE,
        delivered_at=None,
    )
    if not changed:
        raise DeliveryPending
    audit.record(
        "kernel.webhook.replayed",
        subject=delivery.endpoint,
        actor=actor,
        at=at,
        data={"event": delivery.event.name, "message": delivery.event.message_id},
    )
    delivery.refresh_from_db()
    return delivery


def _locked(endpoint: WebhookEndpoint, *, no_key: bool = True) -> WebhookEndpoint:
    """The row as it is now, held until the end of the transaction. Raises EndpointGone."""
    rows = WebhookEndpoint.everywhere.select_for_update(no_key=no_key)
    row: WebhookEndpoint | None = rows.filter(pk=endpoint.pk).first()
    if row is None:
        raise EndpointGone
    return row


def _write(tag: str, endpoint: WebhookEndpoint, *, actor: Actor, at: datetime, reason: str = "") -> None:
    data = {"address": endpoint.url, "events": endpoint.events}
    if reason:
        data["reason"] = reason
    audit.record(tag, subject=endpoint, actor=actor, at=at, data=data)


def _check(endpoint: WebhookEndpoint) -> None:
    problems: dict[str, str] = {}
    if refused := refusal(endpoint.url):
        problems["url"] = refused
    elif _twins(endpoint):
        problems["url"] = "Cette adresse reçoit déjà les événements de la société : modifiez sa destination."
    if not endpoint.events or set(endpoint.events) - {EVERYTHING, *PARTNER_EVENTS}:
        problems["events"] = "Choisissez au moins un événement de la liste."
    if problems:
        raise EndpointInvalid(fields=problems)


def _twins(endpoint: WebhookEndpoint) -> bool:
    others = WebhookEndpoint.everywhere.filter(company_id=endpoint.company_id, url=endpoint.url)
    return bool(others.exclude(pk=endpoint.pk).exists())


def _sorted(events: Sequence[str]) -> list[str]:
    """Everything makes the rest needless."""
    return [EVERYTHING] if EVERYTHING in events else sorted(set(events))


def _new_secret() -> str:
    """256 random bits, in the form Standard Webhooks gives secrets."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()
