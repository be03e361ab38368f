"""The systems that may call a company: their addresses, and the secrets they sign with (written, never shown)."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.inbound.senders import SENDERS
from config.kernel.models import Company, WebhookSource

MOST = 20
SHORTEST_SECRET, LONGEST_SECRET = 16, 200


class TooManySources(DomainError):
    code = "too_many_sources"
    message = "Une société a au plus %(most)s systèmes appelants."


def address_of(source: WebhookSource) -> str:
    """What to type into the remote system; whoever knows it may call."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/api/webhooks/{source.source}/{quote(source.token)}"


@transaction.atomic
def create_source(*, company: Company, source: str, secret: str, actor: Actor, at: datetime) -> WebhookSource:
    """A new caller with an address nobody can guess. Raises Invalid, TooManySources.

    The secret may come later, when the remote system has given one: until then nothing signed is believed.
    """
    # two creations at once would both count below the limit
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    if source not in SENDERS:
        raise Invalid(fields={"source": "Choisissez un système de la liste."})
    if WebhookSource.everywhere.filter(company=company).count() >= MOST:
        raise TooManySources(most=MOST)
    row = WebhookSource(company=company, source=source, token=secrets.token_urlsafe(32), created_at=at)
    if secret:
        row.set_secret(_checked(secret))
    row.save(force_insert=True)
    _write("kernel.source.created", row, actor=actor, at=at, secret_changed=bool(secret))
    return row


@transaction.atomic
def change_source(
    *, source: WebhookSource, actor: Actor, at: datetime, secret: str = "", is_active: bool | None = None
) -> WebhookSource:
    """Give it another secret (the one before stays good until the next change), or switch it on or off. Raises Invalid.

    Nothing to change: nothing written.
    """
    row: WebhookSource = WebhookSource.everywhere.select_for_update(no_key=True).get(pk=source.pk)
    if secret:
        row.set_secret(_checked(secret))
    switched = is_active is not None and is_active != row.is_active
    if switched:
        row.is_active = bool(is_active)
    if secret or switched:
        row.save(update_fields=["secret_cipher", "previous_secret_cipher", "is_active"])
        _write("kernel.source.changed", row, actor=actor, at=at, secret_changed=bool(secret))
    return row


def _checked(secret: str) -> str:
    """Raises Invalid."""
    secret = secret.strip()
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or not secret.isprintable():
        raise Invalid(fields={"secret": "Un secret a de 16 à 200 caractères."})
    return secret


def _write(tag: str, row: WebhookSource, *, actor: Actor, at: datetime, secret_changed: bool) -> None:
    audit.record(
        tag,
        subject=row,
        actor=actor,
        at=at,
        data={"source": str(row), "active": row.is_active, "secret_changed": secret_changed},
    )
