"""What Revolut and Invoice Ninja tell by webhook: that something happened there. The feed is read; nothing is believed.

Revolut signs its messages and Invoice Ninja does not; neither is a source of figures. A hint that is forged, late,
repeated or out of order costs one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.kernel.actor import Actor
from config.kernel.inbound import applying
from config.kernel.inbound.applying import APPLIED, Outcome, ignored
from config.kernel.models import InboundSource, ReceivedWebhook
from payments.models import FeedKind
from payments.services.feeds.reading import feed_of, read_feed
from payments.services.reconciliation import reconcile

NOT_CONNECTED = "Aucun flux de ce service n’est relié : reliez-le dans les réglages de la banque."


def register() -> None:
    """Called once, when the app is ready."""
    applying.register(InboundSource.REVOLUT, _reader(FeedKind.REVOLUT), talks=True)
    applying.register(InboundSource.INVOICE_NINJA, _reader(FeedKind.INVOICE_NINJA), talks=True)


def _reader(kind: FeedKind) -> applying.Applier:
    def read(message: ReceivedWebhook, told: Mapping[str, Any], at: datetime) -> Outcome:
        """Read the feed and match what came, unless it was read since the message came.

        Raises RemoteError, DomainError.
        """
        feed = feed_of(kind)
        if feed is None:
            return ignored(NOT_CONNECTED)
        if feed.read_at is None or feed.read_at <= message.received_at:
            actor = Actor.platform(str(feed))
            if read_feed(feed=feed, actor=actor, at=at):
                reconcile(company=feed.company, actor=actor, at=at)
        return APPLIED

    return read
