"""Where an order to a supplier stands: what came and what was billed of each line, derived and never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from billing.purchases.matching import billed_of, received_of
from billing.purchases.models import PurchaseLine, PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, ReceiptLine
from billing.purchases.proposing import NORMAL_RATE
from billing.standing import Chip
from config.kernel.money import ZERO, round2


class OrderStanding(models.TextChoices):
    """What one filters by; the value is the one in the URL."""

    DRAFT = "draft", _("Brouillon")
    LATE = "late", _("En retard")
    AWAITED = "awaited", _("Attendue")
    PARTIAL = "partial", _("Reçue en partie")
    RECEIVED = "received", _("Reçue")
    CLOSED = "closed", _("Soldée")
    CANCELLED = "cancelled", _("Annulée")


TONES = {
    OrderStanding.DRAFT: "neutral",
    OrderStanding.LATE: "bad",
    OrderStanding.AWAITED: "info",
    OrderStanding.PARTIAL: "warn",
    OrderStanding.RECEIVED: "good",
    OrderStanding.CLOSED: "neutral",
    OrderStanding.CANCELLED: "neutral",
}
_STATUSES = {
    PurchaseOrderStatus.DRAFT: OrderStanding.DRAFT,
    PurchaseOrderStatus.CLOSED: OrderStanding.CLOSED,
    PurchaseOrderStatus.CANCELLED: OrderStanding.CANCELLED,
}


def with_order_standing(orders: QuerySet[PurchaseOrder], on: date) -> QuerySet[PurchaseOrder]:
    """The orders, each with its `standing` on that day. No further query."""
    sums = ReceiptLine.objects.filter(order_line=OuterRef("pk")).order_by().values("order_line")
    came = Coalesce(Subquery(sums.annotate(sum=Sum("quantity")).values("sum")), Value(ZERO))
    lines = PurchaseOrderLine.objects.filter(order=OuterRef("pk")).annotate(came=came)
    whens = [When(status=status, then=Value(standing.value)) for status, standing in _STATUSES.items()]
    late = Q(expected_on__lt=on) & Exists(lines.filter(came__lt=F("quantity")))
    found: Any = orders.annotate(
        standing=Case(
            *whens,
            When(late, then=Value(OrderStanding.LATE.value)),
            When(~Exists(lines.filter(came__lt=F("quantity"))), then=Value(OrderStanding.RECEIVED.value)),
            When(Exists(lines.filter(came__gt=0)), then=Value(OrderStanding.PARTIAL.value)),
            default=Value(OrderStanding.AWAITED.value),
            output_field=models.CharField(),
        )
    )
    return found


def chip_of_order(standing: str) -> Chip:
    word = OrderStanding(standing)
    return Chip(str(word.label), TONES[word])


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """An ordered line with what came of it and what living invoices bill of it."""

    line: PurchaseOrderLine
    received: Decimal
    billed: Decimal

    @property
    def awaited(self) -> Decimal:
        return max(self.line.quantity - self.received, ZERO)

    @property
    def is_over(self) -> bool:
        """More came than was ordered."""
        return self.received > self.line.quantity

    @property
    def is_billed_beyond(self) -> bool:
        """More is billed than was ordered, or than came."""
        return self.billed > min(self.line.quantity, self.received)


def ordered_lines(order: PurchaseOrder) -> list[OrderedLine]:
    """The lines of an order in their order. Three queries."""
    lines = list(PurchaseOrderLine.objects.filter(order=order).select_related("product").order_by("position"))
    billed: Mapping[int, Decimal] = billed_of(lines)
    received = received_of(order)
    return [OrderedLine(line, received.get(line.pk, ZERO), billed[line.pk]) for line in lines]


def lines_to_bill(order: PurchaseOrder) -> list[PurchaseLine]:
    """What came and is not billed yet, at the ordered price: the lines of an invoice that is typed, not stored."""
    return [
        PurchaseLine(
            description=row.line.description,
            quantity=row.received - row.billed,
            unit_price=row.line.unit_price,
            net=round2((row.received - row.billed) * row.line.unit_price),
            vat_rate=NORMAL_RATE,
            account=row.line.account,
            regime="",
        )
        for row in ordered_lines(order)
        if row.received > row.billed
    ]
