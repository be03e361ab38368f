"""Sales orders: write, confirm, ship (stock goes out), cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import MovementReason, OrderLine, OrderStatus, Product, SalesOrder
from billing.numbering import next_number
from billing.services.lines import LineInput, priced, without_motive_of
from billing.services.products import move_stock
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.rows import edit, lock
from customers.models import Customer
from customers.services import check_active

SERIES = "CMD"


class NotADraft(DomainError):
    code = "not_a_draft"
    message = "La commande %(number)s est confirmée : elle ne se modifie plus."


class NothingOrdered(DomainError):
    code = "nothing_ordered"
    message = "Ajoutez au moins une ligne avant de confirmer."


@transaction.atomic
def save_order(
    *,
    order: SalesOrder | None,
    customer: Customer,
    values: Mapping[str, Any],
    lines: Sequence[LineInput],
    actor: Actor,
    at: datetime,
) -> SalesOrder:
    """Write a draft order with its lines and totals; it takes its number at once.

    Raises NotADraft, CustomerArchived for one newly named, Invalid.
    """
    if order is not None:
        order = lock(order)
        if not order.is_editable:
            raise NotADraft(number=order.number)
    if order is None or order.customer_id != customer.pk:
        check_active(customer)
    if order is not None and order.customer_id != customer.pk:
        lines = without_motive_of(order.customer, lines)
    row = order or SalesOrder(
        company=customer.company,
        number=next_number(company_id=customer.company_id, series=SERIES, on=local_day(at)),
        order_date=local_day(at),
        currency=customer.company.currency,
    )
    rows, computed = priced(
        lines, customer=customer, row_class=OrderLine, sources=[OrderLine.everywhere.filter(order=row)], order=row
    )
    figures = {"total_net": computed.net, "total_vat": computed.vat, "total_gross": computed.gross}
    edit(row, {"customer": customer, **values, **figures})
    if order is not None:
        OrderLine.everywhere.filter(order=row).delete()
    OrderLine.everywhere.bulk_create(rows)
    tag = "billing.order.changed" if order else "billing.order.created"
    audit.record(
        tag, subject=row, also=[customer], actor=actor, at=at, data={"number": row.number, "total": row.total_gross}
    )
    return row


@transaction.atomic
def confirm_order(*, order: SalesOrder, actor: Actor, at: datetime) -> SalesOrder:
    """The customer has agreed: the lines no longer change.

    Raises CustomerArchived, NothingOrdered, TransitionRefused, Stale.
    """
    check_active(order.customer)
    if not OrderLine.everywhere.filter(order=order).exists():
        raise NothingOrdered
    states.move(
        order,
        OrderStatus.PENDING,
        tag="billing.order.confirmed",
        actor=actor,
        at=at,
        also=[order.customer],
        data={"number": order.number},
    )
    return order


@transaction.atomic
def ship_order(*, order: SalesOrder, actor: Actor, at: datetime) -> SalesOrder:
    """Send the goods: stock goes out line by line, all or nothing. Raises NotEnoughStock, TransitionRefused, Stale."""
    states.move(
        order,
        OrderStatus.SHIPPED,
        tag="billing.order.shipped",
        actor=actor,
        at=at,
        also=[order.customer],
        data={"number": order.number},
        shipped_at=at,
    )
    lines = OrderLine.everywhere.filter(order=order, product__tracks_stock=True).select_related("product")
    # in the order of the products' keys, so that two shipments never wait for each other in a ring
    for line in lines.order_by("product_id", "position"):
        product: Product = line.product
        move_stock(
            product=product, quantity=-line.quantity, reason=MovementReason.SHIPMENT, actor=actor, at=at, order=order
        )
    return order


@transaction.atomic
def cancel_order(*, order: SalesOrder, actor: Actor, at: datetime) -> SalesOrder:
    """Give the order up before shipping. Raises TransitionRefused, Stale."""
    states.move(
        order,
        OrderStatus.CANCELLED,
        tag="billing.order.cancelled",
        actor=actor,
        at=at,
        also=[order.customer],
        data={"number": order.number},
    )
    return order
