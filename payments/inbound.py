"""Webhooks of Revolut, Invoice Ninja and payment providers: each is only a reason to read the service itself.

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
from payments.checkouts.accounts import account_of
from payments.checkouts.following import read_checkout
from payments.checkouts.payouts import read_payouts
from payments.models import Checkout, FeedKind
from payments.providers.registry import PROVIDERS, signature_of
from payments.services.feeds.reading import feed_of, read_feed
from payments.services.reconciliation import reconcile

NO_PROVIDER = "Aucun service de paiement n’est en service : configurez-le dans les réglages des pages des clients."
NOT_OURS = "Ce paiement n’a pas été demandé d’ici."
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
        *(
            Sender(kind, row.label, signature_of(kind), _provider_event, _follow, talks=True)
            for kind, row in PROVIDERS.items()
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


def _provider_event(body: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    return body.get("type"), [body.get("id")]


def _follow(message: ReceivedWebhook, body: Mapping[str, Any], at: datetime) -> Outcome:
    """Read the checkout that the message is about, or the reports. Raises RemoteError, DomainError."""
    account = account_of(message.company_id)
    if account is None or account.kind != message.origin.source:
        return ignored(NO_PROVIDER)
    data = inner(body, "data")
    if "payout" in data:
        read_payouts(account=account, at=at)
        return APPLIED
    rows = Checkout.objects.select_related("account", "invoice__customer")
    checkout = rows.filter(account=account, reference=str(inner(data, "checkout").get("reference"))).first()
    if checkout is None:
        return ignored(NOT_OURS)
    read_checkout(checkout=checkout, actor=Actor.platform(str(account)), at=at)
    return APPLIED
