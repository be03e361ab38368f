"""Where an order stands, as people say it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.models import OrderStatus, SalesOrder

TONES = {
    OrderStatus.DRAFT: "neutral",
    OrderStatus.PENDING: "info",
    OrderStatus.SHIPPED: "good",
    OrderStatus.CANCELLED: "neutral",
}


def standing_of(order: SalesOrder, *, invoiced: bool) -> dict[str, str]:
    """The one word for the order: a shipped one waits for its invoice until it has it."""
    if order.status == OrderStatus.SHIPPED:
        return {"label": _("Facturée"), "tone": "good"} if invoiced else {"label": _("À facturer"), "tone": "warn"}
    return {"label": order.get_status_display(), "tone": TONES[OrderStatus(order.status)]}
