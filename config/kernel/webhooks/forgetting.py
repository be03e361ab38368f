"""Old messages to partners are forgotten: the audit trail keeps the facts, the messages only served to tell them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from config.kernel.models import DeliveryStatus, WebhookDelivery, WebhookEvent

KEPT_FOR = timedelta(days=90)
AT_ONCE = 5000  # events in one statement


def forget(*, at: datetime) -> int:
    """Delete the messages older than three months that wait for nobody, with their deliveries; how many went."""
    waiting = WebhookDelivery.everywhere.filter(event=OuterRef("pk"), status=DeliveryStatus.PENDING)
    old = WebhookEvent.everywhere.filter(~Exists(waiting), occurred_at__lt=at - KEPT_FOR).order_by("pk")
    gone = 0
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        WebhookEvent.everywhere.filter(pk__in=keys).delete()
        gone += len(keys)
    return gone
