"""What happens below and concerns e-invoicing: each receiver only inserts a row; the sweep does the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.events import invoice_issued
from billing.models import Invoice
from config.kernel.actor import Actor


def connect() -> None:
    """Called once, when the app is ready."""
    invoice_issued.connect(queue_on_issue, dispatch_uid="einvoicing.queue_on_issue")


def queue_on_issue(sender: Any, invoice: Invoice, actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """An issued invoice to a professional goes into the platform's queue, in the issuing transaction."""
    from einvoicing.services.transmissions import active_account, queue_transmission

    account = active_account(invoice.company_id)
    if account and account.sends_automatically and invoice.buyer.get("kind") != "INDIVIDUAL":
        queue_transmission(invoice=invoice, actor=actor, at=at)
