"""Orders to suppliers: written, placed, closed, cancelled; invoices that quote one are held against it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Product
from billing.numbering import next_number
from billing.purchases.matching import match_lines, received_of
from billing.purchases.models import IN_BOOKS, OrderMatch, PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus
from billing.purchases.quoting import held_anew
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO, round2
from config.kernel.rows import edit, lock
from customers.models import Customer
from customers.services import check_active, mark_as_supplier

SERIES = "CDF"
MOST = Decimal(10) ** 14  # of a total, in its currency


class OrderNotEditable(DomainError):
    code = "purchase_order_not_editable"
    message = "La commande %(number)s est passée : elle ne se modifie plus. Annulez-la et passez-en une autre."


class OrderHasReceipts(DomainError):
    code = "order_has_receipts"
    message = "La commande %(number)s est reçue, au moins en partie : soldez-la au lieu de l’annuler."


class OrderIsBilled(DomainError):
    code = "order_is_billed"
    message = "La commande %(number)s est facturée, au moins en partie : soldez-la au lieu de l’annuler."


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineInput:
    description: str
    quantity: Decimal
    unit_price: Decimal
    account: str = ""
    product: Product | None = None


@transaction.atomic
def save_purchase_order(
    *,
    order: PurchaseOrder | None,
    supplier: Customer,
    values: Mapping[str, Any],
    lines: Sequence[OrderLineInput],
    actor: Actor,
    at: datetime,
) -> PurchaseOrder:
    """Write a draft order (expected_on, currency, internal_notes) with its lines; it takes its number at once.

    Raises OrderNotEditable, CustomerArchived for one newly named, Invalid.
    """
    total = _total_of(lines)
    row = lock(order) if order else None
    if row is not None and not row.is_editable:
        raise OrderNotEditable(number=row.number)
    if row is None or row.supplier_id != supplier.pk:
        check_active(supplier)
    company_id, on = supplier.company_id, local_day(at)
    if row is None:
        number = next_number(company_id=company_id, series=SERIES, on=on)
        row = PurchaseOrder(company_id=company_id, number=number, order_date=on, created_at=at)
    expected_on = values.get("expected_on")
    if expected_on is not None and expected_on < row.order_date:
        raise Invalid(fields={"expected_on": "Elle est attendue avant d’être commandée : corrigez la date."})
    edit(row, {**values, "supplier": supplier, "total_net": total})
    PurchaseOrderLine.everywhere.filter(order=row).delete()
    PurchaseOrderLine.everywhere.bulk_create(
        PurchaseOrderLine(
            company_id=company_id,
            order=row,
            position=position,
            description=line.description[:500],
            quantity=line.quantity,
            unit_price=line.unit_price,
            account=line.account,
            product=line.product,
        )
        for position, line in enumerate(lines, start=1)
    )
    mark_as_supplier(customer=supplier, actor=actor, at=at)
    data = {"number": row.number, "total": total}
    audit.record("billing.purchase_order.saved", subject=row, actor=actor, at=at, also=[supplier], data=data)
    return row


def _total_of(lines: Sequence[OrderLineInput]) -> Decimal:
    """What the lines cost without VAT. Raises Invalid."""
    if not lines:
        raise Invalid(fields={"lines": "Ajoutez au moins une ligne."})
    if any(line.quantity <= 0 or line.unit_price < 0 for line in lines):
        raise Invalid(fields={"lines": "Une ligne a une quantité, et un prix qui n’est pas négatif."})
    total = sum((round2(line.quantity * line.unit_price) for line in lines), ZERO)
    if total >= MOST:
        raise Invalid(fields={"lines": "Le total est trop grand pour être tenu."})
    return total


@transaction.atomic
def place_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """The supplier has it: its lines no longer change. Raises TransitionRefused, CustomerArchived.

    Invoices that came before it and quote it are matched now.
    """
    check_active(order.supplier)
    with held_anew(order, actor=actor, at=at) as waiting:
        row = lock(order)
        if not row.is_editable:
            raise states.TransitionRefused(state=row.get_status_display())
        _move(row, PurchaseOrderStatus.PLACED, "billing.purchase_order.placed", actor, at)
        for purchase in waiting:
            match_lines(purchase)
    return row


@transaction.atomic
def close_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """Nothing more is expected of it. Raises TransitionRefused."""
    return _move(lock(order), PurchaseOrderStatus.CLOSED, "billing.purchase_order.closed", actor, at)


@transaction.atomic
def reopen_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """Something more is expected of a closed one. Raises TransitionRefused."""
    row = lock(order)
    if not row.can_be_reopened:
        raise states.TransitionRefused(state=row.get_status_display())
    return _move(row, PurchaseOrderStatus.PLACED, "billing.purchase_order.reopened", actor, at)


@transaction.atomic
def cancel_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """It will not come: invoices that quote it are doubtful. Raises OrderHasReceipts, OrderIsBilled,
    TransitionRefused.
    """
    with held_anew(order, actor=actor, at=at):
        row = lock(order)
        if any(received_of(row).values()):
            raise OrderHasReceipts(number=row.number)
        if OrderMatch.everywhere.filter(order_line__order=row, purchase_line__purchase__status__in=IN_BOOKS).exists():
            raise OrderIsBilled(number=row.number)
        return _move(row, PurchaseOrderStatus.CANCELLED, "billing.purchase_order.cancelled", actor, at)


def _move(row: PurchaseOrder, to: PurchaseOrderStatus, tag: str, actor: Actor, at: datetime) -> PurchaseOrder:
    data = {"number": row.number, "total": row.total_net}
    states.move(row, to, tag=tag, actor=actor, at=at, also=[row.supplier], data=data)
    return row
