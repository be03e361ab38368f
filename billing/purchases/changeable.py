"""What may still change of a purchase, and what may not: asked by each service that edits one."""

from __future__ import annotations

from billing.models import PurchaseInvoice
from config.kernel.errors import DomainError


class PurchaseNotOpen(DomainError):
    code = "purchase_not_open"
    message = "%(reference)s ne se modifie plus : elle est « %(state)s »."


def check_open(purchase: PurchaseInvoice) -> None:
    """Raises PurchaseNotOpen for one that is approved, booked or ended."""
    if not purchase.can_change:
        raise PurchaseNotOpen(reference=purchase.reference, state=purchase.get_status_display())
