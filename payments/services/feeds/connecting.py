"""Connecting a service to read: what opens it is kept encrypted and never shown; what Revolut needs is made here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from config.kernel.outbound import is_simulator, refusal
from payments.feeds.revolut.keys import certificate_of, new_key
from payments.models import Feed, FeedKind
from payments.services.feeds import revolut

CHANGEABLE = {"base_url": 300, "client_id": 200}  # and their longest
SECRETS = ("key", "grant", "token")
LONGEST_SECRET = 500
MISSING_KEY = "Indiquez le jeton d’API de cette adresse."
IMPOSSIBLE_KEY = "Ce jeton ne peut pas être celui du service."


class NotConnected(DomainError):
    code = "feed_not_connected"
    message = "Ce service n’est pas relié : reliez-le d’abord."


class ConsentOfAnother(Invalid):
    code = "consent_of_another"
    message = "L’autorisation de Revolut a changé pendant l’échange. Recommencez."


@transaction.atomic
def save_feed(
    *, company: Company, kind: str, values: Mapping[str, Any], secret: str, actor: Actor, at: datetime
) -> Feed:
    """Connect a service to the company, or change how it is reached: `base_url`, and Revolut's `client_id`.

    `secret` is Invoice Ninja's API token; '' keeps the one there is. Revolut's key and its certificate are made here,
    once. Another address or another client starts afresh: nothing that opened the old place is sent to the new one.
    Raises Invalid.
    """
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    feed = Feed.everywhere.select_for_update(no_key=True).filter(company=company, kind=kind).first()
    is_new = feed is None
    feed = feed or Feed(company=company, kind=kind, created_at=at)
    cleaned = {name: str(values[name]).strip() for name in CHANGEABLE if name in values}
    cleaned["base_url"] = cleaned.get("base_url", feed.base_url).rstrip("/")
    changes = {name: [getattr(feed, name), new] for name, new in cleaned.items() if getattr(feed, name) != new}
    _check(feed, cleaned, secret.strip(), moved="base_url" in changes)
    for name, new in cleaned.items():
        setattr(feed, name, new)
    was_connected = bool(feed.key_cipher)
    if changes:
        _forget(feed, "grant", "token")
    if kind == FeedKind.REVOLUT and not feed.key_cipher:
        key = new_key()
        feed.set_secret("key", key)
        feed.certificate = certificate_of(key, name=revolut.issuer() or company.name, at=at)
    elif kind != FeedKind.REVOLUT and secret.strip():
        feed.set_secret("key", secret.strip())
    if not (is_new or changes or secret.strip() or not was_connected):
        return feed
    feed.is_enabled, feed.failing_since, feed.last_error = True, None, ""
    feed.save(force_insert=is_new)
    waits = kind == FeedKind.REVOLUT or was_connected
    tag = "payments.feed.changed" if waits else "payments.feed.connected"
    _write(tag, feed, actor=actor, at=at, changes=changes, secret_changed=bool(secret))
    return feed


def _check(feed: Feed, cleaned: Mapping[str, str], secret: str, *, moved: bool) -> None:
    problems: dict[str, str] = {}
    if feed.kind not in FeedKind.values:
        raise Invalid(fields={"kind": "Ce service n’est pas pris en charge."})
    if refused := _refusal(feed.kind, cleaned["base_url"]):
        problems["base_url"] = refused
    for name, text in cleaned.items():
        if len(text) > CHANGEABLE[name] or not text.isprintable():
            problems[name] = "Ce texte est trop long, ou contient des signes inattendus."
    if feed.kind == FeedKind.INVOICE_NINJA and not secret and (moved or not feed.key_cipher):
        problems["secret"] = MISSING_KEY
    if len(secret) > LONGEST_SECRET or (secret and not (secret.isascii() and secret.isprintable())):
        problems["secret"] = IMPOSSIBLE_KEY
    if problems:
        raise Invalid(fields=problems)


def _refusal(kind: str, address: str) -> str:
    """Why this address cannot be read; '' when nothing speaks against it. The simulators are on the loopback."""
    return refusal(address, loopback=kind == FeedKind.REVOLUT or is_simulator(address))


def _forget(feed: Feed, *names: str) -> None:
    """What opened it, and how far it was read."""
    for name in names:
        feed.set_secret(name, "")
    feed.token_until, feed.cursor = None, ""


def accept_consent(*, feed: Feed, code: str, actor: Actor, at: datetime) -> Feed:
    """A person let us read at Revolut: exchange the code. Call it with no transaction open.

    Raises RemoteError, NotConnected, ConsentOfAnother when the feed was changed meanwhile.
    """
    if feed.kind != FeedKind.REVOLUT or not (feed.key_cipher and feed.client_id):
        raise NotConnected
    granted = revolut.exchange(feed, {"grant_type": "authorization_code", "code": code})
    if not granted.refresh_token:
        raise revolut.NoConsent
    with transaction.atomic():
        row = Feed.everywhere.select_for_update(no_key=True).get(pk=feed.pk)
        # the code was exchanged outside of a transaction: what it opens belongs to the settings that asked for it
        if (row.base_url, row.client_id, row.key_cipher) != (feed.base_url, feed.client_id, feed.key_cipher):
            raise ConsentOfAnother
        row.set_secret("grant", granted.refresh_token)
        row.save(update_fields=["grant_cipher"])
        revolut.keep_tokens(row, granted, at=at, instead_of=granted.refresh_token)
        Feed.everywhere.filter(pk=row.pk).update(is_enabled=True, failing_since=None, last_error="")
        row.refresh_from_db()
        _write("payments.feed.connected", row, actor=actor, at=at)
    return row


@transaction.atomic
def switch_feed(*, feed: Feed, is_enabled: bool, actor: Actor, at: datetime) -> Feed:
    """Stop reading, or read again from where it stopped. Raises NotConnected."""
    row: Feed = Feed.everywhere.select_for_update(no_key=True).get(pk=feed.pk)
    if is_enabled and not row.key_cipher:
        raise NotConnected
    if row.is_enabled != is_enabled:
        row.is_enabled = is_enabled
        row.save(update_fields=["is_enabled"])
        _write("payments.feed.changed", row, actor=actor, at=at, changes={"is_enabled": [not is_enabled, is_enabled]})
    return row


@transaction.atomic
def disconnect(*, feed: Feed, actor: Actor, at: datetime) -> Feed:
    """Forget everything that opens the service; what was read stays. Nothing to forget: nothing written."""
    row: Feed = Feed.everywhere.select_for_update(no_key=True).get(pk=feed.pk)
    if not (row.key_cipher or row.is_enabled):
        return row
    _forget(row, *SECRETS)
    row.client_id, row.certificate, row.is_enabled = "", "", False
    row.failing_since, row.last_error = None, ""
    row.save()  # locked and read again above
    _write("payments.feed.changed", row, actor=actor, at=at, disconnected=True)
    return row


def _write(tag: str, feed: Feed, *, actor: Actor, at: datetime, **data: Any) -> None:
    """Never a secret."""
    audit.record(tag, subject=feed, actor=actor, at=at, data={"service": str(feed), **data})
