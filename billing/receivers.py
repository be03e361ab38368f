"""What happens in the kernel and is written to people: each receiver only inserts a row; the sweep does the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.kernel.events import endpoint_given_up
from config.kernel.models import WebhookEndpoint


def connect() -> None:
    """Called once, when the app is ready."""
    endpoint_given_up.connect(notify_owners, dispatch_uid="billing.notify_owners")


def notify_owners(sender: Any, endpoint: WebhookEndpoint, reason: str, at: datetime, **_kwargs: Any) -> None:
    """Partners hear nothing any more: the owners are told, in the transaction that gives the endpoint up."""
    from billing.services.notices import notify_endpoint_given_up

    notify_endpoint_given_up(endpoint=endpoint, reason=reason, at=at)
