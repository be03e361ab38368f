"""What happens in the kernel and matters here: each receiver only inserts rows; the sweep does the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models.signals import post_save

from config.kernel.events import endpoint_given_up
from config.kernel.models import Company, WebhookEndpoint
from config.kernel.scope import company_scope


def connect() -> None:
    """Called once, when the app is ready."""
    endpoint_given_up.connect(notify_owners, dispatch_uid="billing.notify_owners")
    post_save.connect(begin_swiss_books, sender=Company, dispatch_uid="billing.begin_swiss_books")


def notify_owners(sender: Any, endpoint: WebhookEndpoint, reason: str, at: datetime, **_kwargs: Any) -> None:
    """Partners hear nothing any more: the owners are told, in the transaction that gives the endpoint up."""
    from billing.services.notices import notify_endpoint_given_up

    notify_endpoint_given_up(endpoint=endpoint, reason=reason, at=at)


def begin_swiss_books(sender: Any, instance: Company, created: bool, raw: bool = False, **_kwargs: Any) -> None:
    """A Swiss company begins with its chart of accounts, however it was founded."""
    from billing.ledger.swiss_chart import seed_swiss_chart

    if created and instance.is_swiss and not raw:
        with company_scope(instance):
            seed_swiss_chart(instance)
