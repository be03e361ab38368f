"""Contesting a supplier invoice (status 207), and the end of it: meanwhile nobody approves or pays it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import PurchaseInvoice
from billing.purchases.events import purchase_dispute_settled, purchase_disputed
from billing.purchases.models import ENDED, PurchaseStatus
from billing.purchases.reasons import DISPUTES
from billing.purchases.refusing import UnknownReason
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.rows import lock


class NothingToDispute(DomainError):
    code = "nothing_to_dispute"
    message = "%(reference)s ne se conteste pas : elle est réglée, refusée, remplacée, ou c’est un avoir."


@transaction.atomic
def dispute_purchase(
    *, purchase: PurchaseInvoice, code: str, reason: str, actor: Actor, at: datetime
) -> PurchaseInvoice:
    """Contest what is not paid whole, with a code of the official list: no approval, no payment run takes it.

    Raises UnknownReason, NothingToDispute.
    """
    if code not in DISPUTES:
        raise UnknownReason(fields={"code": UnknownReason.message})
    row = lock(purchase)
    if row.status in ENDED or row.status == PurchaseStatus.PAID or row.is_credit_note:
        raise NothingToDispute(reference=row.reference)
    _write(row, at, reason)
    data = {"number": row.number, "reference": row.reference, "code": code, "reason": reason[:300]}
    audit.record("billing.purchase.disputed", subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    purchase_disputed.send(sender=PurchaseInvoice, purchase=row, code=code, reason=reason, actor=actor, at=at)
    return row


@transaction.atomic
def settle_dispute(*, purchase: PurchaseInvoice, actor: Actor, at: datetime) -> PurchaseInvoice:
    """End the dispute: the purchase goes on from where it was. Nothing happens to one that nobody contests."""
    row = lock(purchase)
    if row.disputed_at is None:
        return row
    _write(row, None, "")
    data = {"number": row.number, "reference": row.reference}
    audit.record("billing.purchase.dispute_closed", subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    purchase_dispute_settled.send(sender=PurchaseInvoice, purchase=row, actor=actor, at=at)
    return row


def _write(row: PurchaseInvoice, at: datetime | None, reason: str) -> None:
    PurchaseInvoice.everywhere.filter(pk=row.pk).update(disputed_at=at, dispute_reason=reason[:300])
    row.disputed_at, row.dispute_reason = at, reason[:300]
