"""A doubt that comes after a purchase was recorded: it is to be checked again, and what was approved counts no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import PurchaseInvoice
from billing.purchases.approving import take_back_approvals
from billing.purchases.doubts import in_order, sentence_of
from billing.purchases.models import ENDED, PurchaseStatus
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.rows import lock
from config.kernel.states import can_move


@transaction.atomic
def raise_doubt(*, purchase: PurchaseInvoice, doubt: str, actor: Actor, at: datetime) -> bool:
    """Keep what was found out since, one of the codes of `doubts`; whether it was new.

    Of a purchase that is booked, refused or replaced nothing changes: what speaks against paying it, payment runs ask
    for themselves.
    """
    row = lock(purchase)
    if row.booked_on is not None or row.status in ENDED or doubt in row.doubts:
        return False
    row.doubts, row.is_auto_validated = in_order([*row.doubts, doubt]), False
    row.save(update_fields=["doubts", "is_auto_validated"])
    take_back_approvals(row, at=at)
    data = {"doubt": doubt, "reference": row.reference, "reason": sentence_of(doubt)}
    who: dict[str, Any] = {"actor": actor, "at": at, "also": [row.supplier], "data": data}
    if row.status == PurchaseStatus.APPROVED:
        tag = "billing.purchase.approval_withdrawn"
        states.move(row, PurchaseStatus.TO_APPROVE, tag=tag, approved_at=None, **who)
    tag = "billing.purchase.doubted"
    if can_move(row, PurchaseStatus.TO_CHECK):
        states.move(row, PurchaseStatus.TO_CHECK, tag=tag, **who)
    else:
        audit.record(tag, subject=row, **who)
    return True
