"""The invoices that quote an order to a supplier, held against it anew when it or its receipts change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from billing.models import PurchaseInvoice
from billing.purchases.doubting import raise_doubt
from billing.purchases.matching import OF_ORDER, order_doubts
from billing.purchases.models import PurchaseOrder
from config.kernel.actor import Actor


def quoting(order: PurchaseOrder) -> list[PurchaseInvoice]:
    """The purchases that quote the order and may still change, locked in the order of their keys.

    Before the order itself: correcting one of them locks it first, and the order it quotes next.
    """
    rows = PurchaseInvoice.everywhere.filter(
        supplier_id=order.supplier_id, order_reference=order.number, status__in=("TO_CHECK", "TO_APPROVE")
    )
    return list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))


@contextmanager
def held_anew(order: PurchaseOrder, *, actor: Actor, at: datetime) -> Iterator[list[PurchaseInvoice]]:
    """Inside, the order or its receipts change; the doubts of what quotes it follow.

    What no longer holds is dropped, what holds since is raised; nothing that a person settled comes back.
    """
    purchases = quoting(order)
    before = {purchase.pk: order_doubts(purchase) for purchase in purchases}
    yield purchases
    for purchase in purchases:
        holding = order_doubts(purchase)
        kept = [doubt for doubt in purchase.doubts if doubt not in OF_ORDER or doubt in holding]
        if kept != purchase.doubts:
            purchase.doubts = kept
            purchase.save(update_fields=["doubts"])
        for doubt in sorted(holding - before[purchase.pk]):
            raise_doubt(purchase=purchase, doubt=doubt, actor=actor, at=at)
