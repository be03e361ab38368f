"""What happens in the kernel and is written to people: each receiver only inserts a row; the sweep does the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.kernel.events import endpoint_given_up
from config.kernel.models import WebhookEndpoint


def connect() -> None:
    """Called once, when the app is ready."""
    endpoint_given_up.connect(tell_owners, dispatch_uid="billing.tell_owners")


def tell_owners(sender: Any, endpoint: WebhookEndpoint, reason: str, at: datetime, **_kwargs: Any) -> None:
    """Partners hear nothing any more: the owners are told, in the transaction that gives the endpoint up."""
    from billing.services.notices import tell_of_endpoint

    tell_of_endpoint(endpoint=endpoint, reason=reason, at=at)
