"""What e-invoicing puts into the chain of facts: the statuses received, each as it came."""

from __future__ import annotations

from config.kernel import chain
from einvoicing.models import LifecycleEvent


def declare() -> None:
    chain.seal_rows_of(LifecycleEvent, facts=chain.columns, rows=lambda events: events.order_by("received_at", "id"))
