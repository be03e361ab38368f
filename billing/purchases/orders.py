"""Orders to suppliers: written, placed, received in parts, closed; invoices that quote one are held against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing.models import PurchaseInvoice
from billing.numbering import next_number
from billing.purchases.matching import renew_order_doubts
from billing.purchases.models import (
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseOrderStatus,
    Receipt,
    ReceiptLine,
)
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO, round2
from config.kernel.rows import edit, lock
from customers.models import Customer
from customers.services import mark_as_supplier

SERIES = "CDF"
_TAGS = {
    PurchaseOrderStatus.PLACED: "billing.purchase_order.placed",
    PurchaseOrderStatus.CLOSED: "billing.purchase_order.closed",
    PurchaseOrderStatus.CANCELLED: "billing.purchase_order.cancelled",
}


class OrderNotEditable(DomainError):
    code = "purchase_order_not_editable"
    message = "La commande %(number)s est passée : elle ne se modifie plus. Annulez-la et passez-en une autre."


class NothingToReceive(DomainError):
    code = "nothing_to_receive"
    message = "La commande %(number)s n’attend rien : seule une commande passée se réceptionne."


class ReturnedBeyondReceived(Invalid):
    code = "returned_beyond_received"
    message = "Il n’est pas entré autant de « %(line)s » : %(received)s reçus en tout."


class OrderHasReceipts(DomainError):
    code = "order_has_receipts"
    message = "La commande %(number)s est reçue, au moins en partie : soldez-la au lieu de l’annuler."


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineInput:
    description: str
    quantity: Decimal
    unit_price: Decimal
    account: str = ""


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

    Raises OrderNotEditable, Invalid.
    """
    if not lines:
        raise Invalid(fields={"lines": "Ajoutez au moins une ligne."})
    if any(line.quantity <= 0 or line.unit_price < 0 for line in lines):
        raise Invalid(fields={"lines": "Une ligne a une quantité, et un prix qui n’est pas négatif."})
    row = lock(order) if order else None
    if row is not None and not row.is_editable:
        raise OrderNotEditable(number=row.number)
    company_id, on = supplier.company_id, local_day(at)
    if row is None:
        number = next_number(company_id=company_id, series=SERIES, on=on)
        row = PurchaseOrder(company_id=company_id, number=number, order_date=on, created_at=at)
    total = sum((round2(line.quantity * line.unit_price) for line in lines), ZERO)
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
        )
        for position, line in enumerate(lines, start=1)
    )
    mark_as_supplier(customer=supplier, actor=actor, at=at)
    data = {"number": row.number, "total": total}
    audit.record("billing.purchase_order.saved", subject=row, actor=actor, at=at, also=[supplier], data=data)
    return row


@transaction.atomic
def place_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """The supplier has it: its lines no longer change. Raises TransitionRefused."""
    return _move(lock(order), PurchaseOrderStatus.PLACED, actor, at)


@transaction.atomic
def close_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """Nothing more is expected of it. Raises TransitionRefused."""
    return _move(lock(order), PurchaseOrderStatus.CLOSED, actor, at)


@transaction.atomic
def cancel_order(*, order: PurchaseOrder, actor: Actor, at: datetime) -> PurchaseOrder:
    """It will not come. Raises TransitionRefused, OrderHasReceipts."""
    row = lock(order)
    if any(received_of(row).values()):
        raise OrderHasReceipts(number=row.number)
    return _move(row, PurchaseOrderStatus.CANCELLED, actor, at)


@transaction.atomic
def receive_goods(
    *,
    order: PurchaseOrder,
    quantities: Mapping[int, Decimal],
    received_on: date,
    delivery_note: str = "",
    actor: Actor,
    at: datetime,
) -> Receipt:
    """Note what came of an order, by the keys of its lines; negative quantities went back.

    Invoices that waited for it are looked at again. Raises NothingToReceive, ReturnedBeyondReceived, Invalid.
    """
    # before the order: correcting one of them locks it first, and the order it quotes next
    waiting = _waiting_for(order)
    row = lock(order)
    if row.status != PurchaseOrderStatus.PLACED:
        raise NothingToReceive(number=row.number)
    lines = {line.pk: line for line in PurchaseOrderLine.everywhere.filter(order=row)}
    came = {key: quantity for key, quantity in quantities.items() if quantity}
    if not came or came.keys() - lines.keys():
        raise Invalid(fields={"quantities": "Indiquez ce qui est entré, ligne par ligne."})
    known = received_of(row)
    for key, quantity in came.items():
        received = known.get(key, Decimal(0))
        if received + quantity < 0:
            raise ReturnedBeyondReceived(line=lines[key].description, received=f"{received:f}")
    receipt: Receipt = Receipt.everywhere.create(
        company_id=row.company_id,
        order=row,
        received_on=received_on,
        delivery_note=delivery_note[:60],
        received_by_id=actor.user_id,
        at=at,
    )
    ReceiptLine.everywhere.bulk_create(
        ReceiptLine(company_id=row.company_id, receipt=receipt, order_line_id=key, quantity=quantity)
        for key, quantity in came.items()
    )
    data = {"number": row.number, "delivery_note": receipt.delivery_note}
    audit.record("billing.purchase_order.received", subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    renew_order_doubts(waiting)
    return receipt


def received_of(order: PurchaseOrder) -> dict[int, Decimal]:
    """What came of each line of an order, by the key of the line."""
    rows = ReceiptLine.everywhere.filter(order_line__order=order).order_by().values("order_line_id")
    return dict(rows.annotate(sum=Sum("quantity")).values_list("order_line_id", "sum"))


def _waiting_for(order: PurchaseOrder) -> list[PurchaseInvoice]:
    """The purchases that quote the order and may still change, locked in the order of their keys."""
    rows = PurchaseInvoice.everywhere.filter(
        supplier_id=order.supplier_id, order_reference=order.number, status__in=("TO_CHECK", "TO_APPROVE")
    )
    return list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def _move(row: PurchaseOrder, to: PurchaseOrderStatus, actor: Actor, at: datetime) -> PurchaseOrder:
    data = {"number": row.number, "total": row.total_net}
    states.move(row, to, tag=_TAGS[to], actor=actor, at=at, also=[row.supplier], data=data)
    return row
