"""Orders to suppliers over REST: written, placed, received, closed, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.api.purchases.bodies import ACCOUNT
from billing.models import Product
from billing.purchases.matching import billed_of, received_of
from billing.purchases.models import PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, Receipt
from billing.purchases.orders import (
    OrderLineInput,
    cancel_order,
    close_order,
    place_order,
    reopen_order,
    save_purchase_order,
)
from billing.purchases.receiving import receive_goods
from billing.services.lines import MOST_LINES
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Number, Page, Reference, Word
from config.kernel.api.naming import named_as
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.folding import holds
from config.kernel.money import ZERO
from customers.models import Customer

NAMES = {"lines": "items", "quantities": "items"}
ORDER_STATUSES = [str(status).lower() for status in PurchaseOrderStatus]
COLUMNS = ("expected_on", "internal_notes")
ITEM = {
    "description": "Ramette A4 80 g",
    "quantity": 20.00,
    "unit_price": 4.50,
    "account": "606400",
    "product_id": None,
}
EXAMPLE = {"supplier_id": 6, "expected_on": "2026-12-01", "items": [ITEM]}
ROW = {
    "id": 3, "order_number": "CDF-2026-00003", "supplier_id": 6, "supplier_name": "Papeteries du Rhône",
    "status": "draft", "order_date": "2026-11-16", "expected_on": "2026-12-01", "currency": "EUR", "total_ht": 90.00,
    "created_at": "2026-11-16T09:00:00Z",
}  # fmt: skip
LINE = {
    "id": 31, "position": 1, **ITEM, "amount_ht": 90.00, "quantity_received": 0.00, "quantity_billed": 0.00,
}  # fmt: skip
ANSWER = {**ROW, "internal_notes": "", "items": [LINE]}
CAME = {"received_on": "2026-11-20", "delivery_note": "BL 4512", "items": [{"line_id": 31, "quantity": 18.00}]}
RECEIPT = {"id": 9, **CAME, "recorded_at": "2026-11-20T09:00:00Z"}


class PurchaseOrderRow(serializers.Serializer):
    """An order to a supplier in a list."""

    id = Id()
    order_number = serializers.CharField(source="number", help_text="Which the supplier quotes on its invoice (BT-13).")
    supplier_id = Id()
    supplier_name = serializers.CharField(source="supplier.name")
    status = Word(PurchaseOrderStatus)
    order_date = serializers.DateField()
    expected_on = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    total_ht = Money(source="total_net")
    created_at = Moment()


class PurchaseOrderLineShape(serializers.Serializer):
    """An ordered line: what of it came, and what living invoices bill of it."""

    id = Id()
    position = serializers.IntegerField()
    description = serializers.CharField()
    quantity = Number(max_digits=14, decimal_places=4)
    unit_price = Number(max_digits=16, decimal_places=6)
    account = serializers.CharField()
    product_id = Id(allow_null=True)
    amount_ht = Money(source="net_amount")
    quantity_received = Number(max_digits=14, decimal_places=4)
    quantity_billed = Number(max_digits=14, decimal_places=4)


class PurchaseOrderShape(PurchaseOrderRow):
    """The whole order."""

    internal_notes = serializers.CharField()
    items = PurchaseOrderLineShape(many=True, source="known_lines")


class ReceiptLineShape(serializers.Serializer):
    line_id = Id(source="order_line_id")
    quantity = Number(max_digits=14, decimal_places=4, help_text="Negative for what went back.")


class ReceiptShape(serializers.Serializer):
    """What came of an order on a day."""

    id = Id()
    received_on = serializers.DateField()
    delivery_note = serializers.CharField()
    items = ReceiptLineShape(many=True, source="lines")
    recorded_at = Moment(source="at")


class PurchaseOrderItemBody(Body):
    """A line. A product whose stock is kept comes in with each receipt."""

    description = serializers.CharField(max_length=500)
    quantity = Number(max_digits=14, decimal_places=4, min_value=Decimal("0.0001"))
    unit_price = Number(max_digits=16, decimal_places=6, min_value=0)
    account = serializers.RegexField(ACCOUNT, required=False, help_text="Proposed to the line of the invoice.")
    product_id = Reference(Product, required=False, allow_null=True)


class PurchaseOrderChange(Body):
    """What changes of a draft. A field left out stays as it is; `items`, where given, replace all lines."""

    shape = PurchaseOrderShape

    supplier_id = Reference(Customer, required=False)
    expected_on = Day(required=False, allow_null=True)
    internal_notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    items = PurchaseOrderItemBody(many=True, required=False, allow_empty=False, max_length=MOST_LINES)


class PurchaseOrderBody(PurchaseOrderChange):
    """A new draft."""

    supplier_id = Reference(Customer, help_text="A customer becomes a supplier by its first order.")
    items = PurchaseOrderItemBody(many=True, allow_empty=False, max_length=MOST_LINES)


class ReceiptItemBody(Body):
    line_id = Id(help_text="The id of the ordered line.")
    quantity = Number(max_digits=14, decimal_places=4, help_text="Negative for what goes back.")


class ReceiptBody(Body):
    received_on = Day(required=False, help_text="Today where it is not said.")
    delivery_note = serializers.CharField(max_length=60, required=False, allow_blank=True)
    items = ReceiptItemBody(many=True, allow_empty=False, max_length=MOST_LINES)


class PurchaseOrderQuery(Page):
    status = Word(PurchaseOrderStatus, required=False)
    supplier_id = Id(required=False)
    from_date = Day(required=False, help_text="By order_date.")
    to_date = Day(required=False)
    q = serializers.CharField(required=False, max_length=100, help_text="A part of the number or the supplier's name.")


class PurchaseOrderList(ApiView):
    area = "purchases"

    @operation(query=PurchaseOrderQuery, answer=PurchaseOrderRow, many=True)
    @documented(id="purchase_order_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The orders to suppliers, the latest first."""
        query = request.query
        wanted = {
            "status": query.get("status"),
            "supplier_id": query.get("supplier_id"),
            "order_date__gte": query.get("from_date"),
            "order_date__lte": query.get("to_date"),
        }
        rows = PurchaseOrder.objects.select_related("supplier")
        rows = rows.filter(**{column: value for column, value in wanted.items() if value})
        if text := query.get("q"):
            rows = rows.filter(holds(text, "number", "supplier__name"))
        return lists.page(self, rows, by="order_date", name="purchase-orders")

    @operation(action="purchases.edit", body=PurchaseOrderBody, answer=PurchaseOrderShape)
    @created(at="api:purchase-order")
    @repeatable(OPTIONAL)
    @documented(id="purchase_order_create", examples=[sent(EXAMPLE), received(ANSWER, status=201)])
    def post(self, request: Call) -> PurchaseOrder:
        """Write a draft order. It takes its number at once."""
        return _saved(request, None)


class PurchaseOrderView(ApiView):
    """A route under /api/purchase-orders/{id}."""

    area = "purchases"

    def find(self, **path: Any) -> PurchaseOrder:
        return _whole(path["id"])

    def moved(self, request: Call, service: Callable[..., PurchaseOrder], path: dict[str, Any]) -> PurchaseOrder:
        """The order after one step of its life."""
        service(order=self.find(**path), actor=request.caller.actor, at=request.at)
        return self.find(**path)


class PurchaseOrderItem(PurchaseOrderView):
    @operation(answer=PurchaseOrderShape)
    @versioned
    @documented(id="purchase_order_retrieve")
    def get(self, request: Call, **path: Any) -> PurchaseOrder:
        """An order with its lines: what was ordered, what came, what is billed."""
        return self.find(**path)

    @operation(action="purchases.edit", body=PurchaseOrderChange, answer=PurchaseOrderShape)
    @conditional
    @documented(id="purchase_order_update", examples=[sent({"items": [{**ITEM, "quantity": 25.00}]})])
    def put(self, request: Call, **path: Any) -> PurchaseOrder:
        """Change a draft. A field left out stays; `items` replace all lines. A placed order is refused (409)."""
        return _saved(request, self.find(**path))


class PurchaseOrderPlace(PurchaseOrderView):
    @operation(action="purchases.edit", answer=PurchaseOrderShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_order_place")
    def post(self, request: Call, **path: Any) -> PurchaseOrder:
        """The supplier has it: its lines no longer change, and invoices that quote it are held against it."""
        return self.moved(request, place_order, path)


class PurchaseOrderClose(PurchaseOrderView):
    @operation(action="purchases.edit", answer=PurchaseOrderShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_order_close")
    def post(self, request: Call, **path: Any) -> PurchaseOrder:
        """Nothing more is expected of it."""
        return self.moved(request, close_order, path)


class PurchaseOrderReopen(PurchaseOrderView):
    @operation(action="purchases.edit", answer=PurchaseOrderShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_order_reopen")
    def post(self, request: Call, **path: Any) -> PurchaseOrder:
        """Something more is expected of a closed one."""
        return self.moved(request, reopen_order, path)


class PurchaseOrderCancel(PurchaseOrderView):
    @operation(action="purchases.edit", answer=PurchaseOrderShape)
    @repeatable(OPTIONAL)
    @documented(id="purchase_order_cancel")
    def post(self, request: Call, **path: Any) -> PurchaseOrder:
        """Give it up. Refused (409, `order_has_receipts`, `order_is_billed`) once something came or was billed."""
        return self.moved(request, cancel_order, path)


class PurchaseOrderReceipts(PurchaseOrderView):
    @operation(answer=ReceiptShape, many=True)
    @documented(id="purchase_order_receipt_list")
    def get(self, request: Call, **path: Any) -> Any:
        """What came of an order, the latest first."""
        order = self.find(**path)
        return Receipt.objects.filter(order=order).prefetch_related("lines").order_by("-received_on", "-pk")

    @operation(action="purchases.edit", body=ReceiptBody, answer=ReceiptShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="purchase_order_receipt_create", examples=[sent(CAME), received(RECEIPT, status=201)])
    def post(self, request: Call, **path: Any) -> Receipt:
        """Note what came of a placed order, less or more than ordered. Products whose stock is kept come in.

        Refused (409, `nothing_to_receive`) unless it is placed; (409, `same_receipt`) for a delivery note that is
        recorded with the same quantities.
        """
        values = request.values
        quantities: dict[int, Decimal] = {}
        for item in values["items"]:
            quantities[item["line_id"]] = quantities.get(item["line_id"], ZERO) + item["quantity"]
        with named_as(NAMES):
            receipt = receive_goods(
                order=self.find(**path),
                quantities=quantities,
                received_on=values.get("received_on", local_day(request.at)),
                delivery_note=values.get("delivery_note", ""),
                actor=request.caller.actor,
                at=request.at,
            )
        return cast(Receipt, Receipt.objects.prefetch_related("lines").get(pk=receipt.pk))


def _whole(pk: int) -> PurchaseOrder:
    """The order, its lines with what came and what is billed. Raises Http404."""
    order: Any = get_object_or_404(PurchaseOrder.objects.select_related("supplier"), pk=pk)
    lines = list(PurchaseOrderLine.objects.filter(order=order).order_by("position"))
    came, billed = received_of(order), billed_of(lines)
    order.known_lines = [
        {
            **{name: getattr(line, name) for name in ("position", "description", "quantity", "unit_price", "account")},
            "id": line.pk,
            "product_id": line.product_id,
            "net_amount": line.net_amount,
            "quantity_received": came.get(line.pk, ZERO),
            "quantity_billed": billed[line.pk],
        }
        for line in lines
    ]
    return cast(PurchaseOrder, order)


def _saved(request: Call, order: PurchaseOrder | None) -> PurchaseOrder:
    said = request.values
    with named_as(NAMES):
        row = save_purchase_order(
            order=order,
            supplier=said.get("supplier_id") or cast(PurchaseOrder, order).supplier,
            values={name: said[name] for name in COLUMNS if name in said},
            lines=[_line(item) for item in said["items"]] if "items" in said else _kept(order),
            actor=request.caller.actor,
            at=request.at,
        )
    return _whole(row.pk)


def _line(item: dict[str, Any]) -> OrderLineInput:
    names = ("description", "quantity", "unit_price")
    more = {name: item[name] for name in names}
    return OrderLineInput(account=item.get("account", ""), product=item.get("product_id"), **more)


def _kept(order: PurchaseOrder | None) -> list[OrderLineInput]:
    rows = PurchaseOrderLine.objects.filter(order=order).select_related("product").order_by("position")
    names = ("description", "quantity", "unit_price", "account", "product")
    return [OrderLineInput(**{name: getattr(row, name) for name in names}) for row in rows]
