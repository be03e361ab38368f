"""Refusing a supplier invoice before it is booked, with a code of the official list (status 210)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import PurchaseInvoice
from billing.purchases.approving import take_back_approvals
from billing.purchases.deducting import free_deposits
from billing.purchases.events import purchase_refused
from billing.purchases.models import PurchaseStatus
from billing.purchases.reasons import REFUSALS
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.rows import lock


class UnknownReason(Invalid):
    code = "unknown_reason"
    message = "Choisissez un motif de la liste officielle."


@transaction.atomic
def refuse_purchase(
    *, purchase: PurchaseInvoice, code: str, reason: str, actor: Actor, at: datetime
) -> PurchaseInvoice:
    """Refuse for good what is not booked; its number may come again, and the deposits that it deducted are free.

    What is booked is contested, or corrected by a credit note. Raises UnknownReason, TransitionRefused.
    """
    if code not in REFUSALS:
        raise UnknownReason(fields={"code": UnknownReason.message})
    row = lock(purchase)
    data = {"number": row.number, "reference": row.reference, "supplier": row.supplier.name, "code": code}
    states.move(
        row,
        PurchaseStatus.REFUSED,
        tag="billing.purchase.refused",
        actor=actor,
        at=at,
        also=[row.supplier],
        data={**data, "reason": reason[:300]},
        refusal_code=code,
        refusal_reason=reason[:300],
        approved_at=None,
        disputed_at=None,
        dispute_reason="",
    )
    take_back_approvals(row, at=at)
    free_deposits(row)
    purchase_refused.send(sender=PurchaseInvoice, purchase=row, code=code, reason=reason, actor=actor, at=at)
    return row
