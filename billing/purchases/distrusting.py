"""An account that is a supplier's no more: nothing is paid to it, and what asks for it is doubted until booked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.purchases.doubting import raise_doubt
from billing.purchases.ibans import CHANGED, asking, check_person, ends_of
from billing.purchases.models import SupplierIban
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.rows import lock


@transaction.atomic
def reject_iban(*, iban: SupplierIban, actor: Actor, at: datetime) -> SupplierIban:
    """The account is not the supplier's, or no longer: nothing is paid to it. Raises PersonNeeded.

    What was approved of a purchase that asks for it counts no more; booked ones are held by payment runs.
    """
    check_person(actor)
    row = lock(iban)
    if row.rejected_at is not None:
        return row
    row.confirmed_at, row.confirmed_by, row.rejected_at = None, None, at
    row.save(update_fields=["confirmed_at", "confirmed_by", "rejected_at"])
    for purchase in asking(row).select_for_update(no_key=True, of=("self",)).order_by("pk"):
        raise_doubt(purchase=purchase, doubt=CHANGED, actor=actor, at=at)
    data = {"iban": ends_of(row.iban), "name": row.supplier.name}
    audit.record("billing.supplier.iban_rejected", subject=row.supplier, actor=actor, at=at, data=data)
    return row
