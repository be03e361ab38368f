"""What happens below and concerns e-invoicing: each receiver only inserts a row; the sweep does the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from billing.events import invoices_issued
from billing.models import Invoice, InvoiceKind
from config.kernel.actor import Actor
from einvoicing.events import action_needed
from einvoicing.models import Transmission
from payments.events import allocations_written
from payments.models import Allocation


def connect() -> None:
    """Called once, when the app is ready."""
    invoices_issued.connect(queue_on_issue, dispatch_uid="einvoicing.queue_on_issue")
    action_needed.connect(notify_on_action_needed, dispatch_uid="einvoicing.notify_on_action_needed")
    allocations_written.connect(declare_on_payment, dispatch_uid="einvoicing.declare_on_payment")


def queue_on_issue(sender: Any, invoices: Sequence[Invoice], actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """Issued invoices go into the queue of their carrier and of the mirrors, in the issuing transaction."""
    from einvoicing.services.declaring import declare_credited, declare_replaced
    from einvoicing.services.routing import accounts_of
    from einvoicing.services.transmissions.queue import queue_issued

    pairs = [
        (invoice, account)
        for invoice, accounts in zip(invoices, accounts_of(invoices), strict=True)
        for account in accounts
        if account.sends_automatically
    ]
    queue_issued(pairs, actor=actor, at=at)
    for invoice in invoices:
        if invoice.kind == InvoiceKind.CORRECTED and invoice.corrects is not None:
            declare_replaced(invoice=invoice.corrects, by=invoice, actor=actor, at=at)
        if invoice.is_credit_note:
            declare_credited(note=invoice, actor=actor, at=at)


def notify_on_action_needed(sender: Any, transmission: Transmission, at: datetime, **_kwargs: Any) -> None:
    """Bad news of a platform is written to who issued or sent the invoice, in the transaction that keeps it."""
    from einvoicing.services.notices import notify_people_concerned

    notify_people_concerned(transmission=transmission, at=at)


def declare_on_payment(
    sender: Any, allocations: Sequence[Allocation], days: Sequence[date], actor: Actor, at: datetime, **_kwargs: Any
) -> None:
    """Payments of transmitted invoices are declared (212), or written to a mirror's book, in the same transaction."""
    from einvoicing.services.declaring import declare_received, holders_of
    from einvoicing.services.receipts import queue_receipt

    all_holders = holders_of([allocation.invoice for allocation in allocations], actor)
    declare_received(allocations=allocations, days=days, holders=all_holders, actor=actor, at=at)
    for allocation, holders in zip(allocations, all_holders, strict=True):
        if any(account.writes_receipts for account in holders):
            queue_receipt(allocation=allocation, holders=holders, actor=actor, at=at)
