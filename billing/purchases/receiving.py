"""What came of an order to a supplier, in parts or in excess, and what went back; stock follows where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing.models import MovementReason
from billing.purchases.matching import received_of
from billing.purchases.models import PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, Receipt, ReceiptLine
from billing.purchases.quoting import held_anew
from billing.services.products import move_stock
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.rows import lock

A_YEAR = timedelta(days=366)
MOST = Decimal(10) ** 10  # of what came of a line


class NothingToReceive(DomainError):
    code = "nothing_to_receive"
    message = "La commande %(number)s n’attend rien : seule une commande passée se réceptionne."


class ReturnedBeyondReceived(Invalid):
    code = "returned_beyond_received"
    message = "Il n’est pas entré autant de « %(line)s » : %(received)s reçus en tout."


class ReceivedMeanwhile(DomainError):
    code = "received_meanwhile"
    message = "Une réception de cette commande a été enregistrée entre-temps : vérifiez ce qui reste, puis recommencez."


class SameReceipt(DomainError):
    code = "same_receipt"
    message = "Le bon de livraison %(note)s est déjà enregistré avec ces quantités."


@transaction.atomic
def receive_goods(
    *,
    order: PurchaseOrder,
    quantities: Mapping[int, Decimal],
    received_on: date,
    delivery_note: str = "",
    after: int | None = None,
    actor: Actor,
    at: datetime,
) -> Receipt:
    """Note what came of an order, by the keys of its lines; negative quantities went back, more than ordered is taken.

    `after` is how many receipts the person has seen of it. Products whose stock is kept come in. Invoices that quote
    the order are held against it anew. Raises NothingToReceive, ReceivedMeanwhile, SameReceipt,
    ReturnedBeyondReceived, NotEnoughStock, Invalid.
    """
    note = delivery_note.strip()[:60]
    with held_anew(order, actor=actor, at=at):
        row = lock(order)
        if row.status != PurchaseOrderStatus.PLACED:
            raise NothingToReceive(number=row.number)
        if after is not None and after != Receipt.everywhere.filter(order=row).count():
            raise ReceivedMeanwhile
        _check_day(row, received_on, local_day(at))
        lines, came = _counted(row, quantities)
        _check_repeated(row, note, came)
        receipt: Receipt = Receipt.everywhere.create(
            company_id=row.company_id,
            order=row,
            received_on=received_on,
            delivery_note=note,
            received_by_id=actor.user_id,
            at=at,
        )
        ReceiptLine.everywhere.bulk_create(
            ReceiptLine(company_id=row.company_id, receipt=receipt, order_line_id=key, quantity=quantity)
            for key, quantity in came.items()
        )
        data = {"number": row.number, "delivery_note": note}
        tag = "billing.purchase_order.received"
        audit.record(tag, subject=row, actor=actor, at=at, also=[row.supplier], data=data)
        _move_stock(receipt, [(lines[key], quantity) for key, quantity in came.items()], actor, at)
    return receipt


def _check_day(order: PurchaseOrder, day: date, today: date) -> None:
    if day > today:
        raise Invalid(fields={"received_on": "Cette date est à venir : une réception se constate."})
    if day < order.order_date - A_YEAR:
        raise Invalid(fields={"received_on": "Cette date précède la commande de plus d’un an : corrigez-la."})


def _counted(
    order: PurchaseOrder, quantities: Mapping[int, Decimal]
) -> tuple[dict[int, PurchaseOrderLine], dict[int, Decimal]]:
    """The ordered lines, and what came of which. Raises Invalid, ReturnedBeyondReceived."""
    rows = PurchaseOrderLine.everywhere.filter(order=order).select_related("product")
    lines: dict[int, PurchaseOrderLine] = {line.pk: line for line in rows}
    came = {key: quantity for key, quantity in quantities.items() if quantity}
    if not came or came.keys() - lines.keys():
        raise Invalid(fields={"quantities": "Indiquez ce qui est entré, ligne par ligne."})
    known = received_of(order)
    for key, quantity in came.items():
        received = known.get(key, ZERO)
        if received + quantity < 0:
            raise ReturnedBeyondReceived(line=lines[key].description, received=typography.number(received))
        product = lines[key].product
        if max(received, product.on_hand if product else ZERO) + quantity >= MOST:
            raise Invalid(fields={"quantities": "Cette quantité est trop grande pour être tenue."})
    return lines, came


def _check_repeated(order: PurchaseOrder, note: str, came: Mapping[int, Decimal]) -> None:
    """One delivery note with the very same quantities is one delivery, unless it was taken back. Raises SameReceipt."""
    if not note:
        return
    rows = ReceiptLine.everywhere.filter(receipt__order=order, receipt__delivery_note=note).order_by()
    noted = dict(rows.values("order_line_id").annotate(sum=Sum("quantity")).values_list("order_line_id", "sum"))
    if {key: quantity for key, quantity in noted.items() if quantity} == came:
        raise SameReceipt(note=note)


def _move_stock(receipt: Receipt, came: list[tuple[PurchaseOrderLine, Decimal]], actor: Actor, at: datetime) -> None:
    note = " ".join(part for part in (receipt.order.number, receipt.delivery_note) if part)
    moving = [(line.product, quantity) for line, quantity in came if line.product is not None]
    # in the order of the products' keys, as shipments take them
    for product, quantity in sorted(moving, key=lambda one: one[0].pk):
        if product.tracks_stock:
            reason = MovementReason.RECEIPT if quantity > 0 else MovementReason.RETURN
            move_stock(
                product=product,
                quantity=quantity,
                reason=reason,
                note=note,
                ordered_by=receipt.order,
                actor=actor,
                at=at,
            )
