"""Webhooks of Revolut and Invoice Ninja: each is only a reason to read the feed.

Revolut signs its messages, `Revolut-Signature: v1=<hex>[,v1=<hex>]` over `v1.{Revolut-Request-Timestamp}.{body}`,
milliseconds. Invoice Ninja signs nothing: its address is the secret, and the header `X-Webhook-Secret` where one was
agreed. Neither is a source of figures: a hint that is forged, late, repeated or out of order costs one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.kernel.actor import Actor
from config.kernel.inbound import senders
from config.kernel.inbound.applying import APPLIED, Outcome, ignored
from config.kernel.inbound.receiving import inner
from config.kernel.inbound.senders import Applier, Headers, Sender
from config.kernel.inbound.signatures import is_recent, is_same, mac
from config.kernel.models import ReceivedWebhook
from payments.models import FeedKind
from payments.services.feeds.reading import feed_of, read_feed
from payments.services.reconciliation import reconcile

NOT_CONNECTED = "Aucun flux de ce service n’est relié : reliez-le dans les réglages de la banque."


def register() -> None:
    """Called once, when the app is ready."""
    senders.register(
        Sender("revolut", "Revolut", _is_signed_by_revolut, _revolut_event, _reader(FeedKind.REVOLUT), talks=True),
        # the bare object, its `updated_at` included: the same bytes are the same state
        Sender(
            "invoice_ninja",
            "Invoice Ninja",
            _has_secret_of_invoice_ninja,
            lambda body: ("", []),
            _reader(FeedKind.INVOICE_NINJA),
            talks=True,
            signs=False,
        ),
    )


def _is_signed_by_revolut(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    stamp = headers.get("Revolut-Request-Timestamp", "")
    if not is_recent(stamp, at, per_second=1000):
        return False
    expected = mac(secret.encode(), b"v1." + stamp.encode() + b"." + body).hex()
    given = [part.strip().partition("=") for part in headers.get("Revolut-Signature", "").split(",")]
    # several while a secret is being rotated; a version that we do not know proves nothing
    return any(version == "v1" and is_same(value.lower(), expected) for version, _, value in given)


def _revolut_event(body: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Events have no identifier there."""
    data = inner(body, "data")
    return body.get("event"), [body.get("event"), data.get("id"), data.get("new_state", "-"), body.get("timestamp")]


def _has_secret_of_invoice_ninja(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    return is_same(headers.get("X-Webhook-Secret", ""), secret)


def _reader(kind: FeedKind) -> Applier:
    def read(message: ReceivedWebhook, body: Mapping[str, Any], at: datetime) -> Outcome:
        """Read the feed and match what came, unless it was read since the message came.

        Raises RemoteError, DomainError.
        """
        feed = feed_of(kind)
        if feed is None:
            return ignored(NOT_CONNECTED)
        # a burst of twenty messages costs one reading: the first one reads for all that came before it
        if feed.read_at is None or feed.read_at <= message.received_at:
            actor = Actor.platform(str(feed))
            if read_feed(feed=feed, actor=actor, at=at):
                reconcile(company=feed.company, actor=actor, at=at)
        return APPLIED

    return read
