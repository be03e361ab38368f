"""Sales orders over REST: write, confirm, ship, cancel, and the invoice a shipped one gives."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.api.invoices.bodies import ItemBody, lines, partner_fields
from billing.api.invoices.shapes import ItemShape
from billing.invoiced import invoice_key
from billing.models import OrderLine, OrderStatus, SalesOrder
from billing.services.invoices import inputs_of
from billing.services.lines import MOST_LINES
from billing.services.orders import cancel_order, confirm_order, save_order, ship_order
from config.kernel.api import lists
from config.kernel.api.cross_fields import CrossFieldBody
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.expand import Expandable, expandable
from config.kernel.api.fields import Day, Id, Moment, Money, Page, Reference, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import Invalid
from config.kernel.folding import holds
from config.kernel.middleware import translated
from customers.api.customers import CUSTOMER
from customers.api.shapes import AddressBody, AddressShape
from customers.models import Customer, CustomerKind

NOT_THIS_TYPE = gettext_noop("Ce client n’est pas de ce type.")
STATUSES = [str(status).lower() for status in OrderStatus]
COLUMNS = ("order_date", "purchase_order", "service_code", "notes")

ITEM = {"description": "Chaise Bistrot", "quantity": 10, "unit_price": 120.00, "vat_rate": 20.00, "product_id": 12}
EXAMPLE = {"customer_id": 5, "purchase_order": "PO-778", "items": [ITEM]}
ROW = {
    "id": 7, "order_number": "CMD-2026-00007", "customer_id": 5, "customer_type": "organisation",
    "customer_name": "Acme Corporation", "status": "draft", "order_date": "2026-11-21", "purchase_order": "PO-778",
    "service_code": "", "currency": "EUR", "total_ht": 1200.00, "total_vat": 240.00, "total_ttc": 1440.00,
    "shipped_at": None, "created_at": "2026-11-21T09:00:00Z", "invoice_id": None,
}  # fmt: skip
ANSWER = {
    **ROW,
    "notes": "",
    "items": [
        {
            "id": 31, "position": 1, "description": "Chaise Bistrot", "quantity": 10.00, "unit": "C62",
            "unit_price": 120.00, "discount_percent": 0.00, "vat_category": "S", "vat_rate": 20.00,
            "vat_amount": 240.00, "subtotal": 1200.00, "total": 1440.00, "is_service": False, "product_id": 12,
        }
    ],
}  # fmt: skip


class OrderRow(serializers.Serializer):
    """An order in a list."""

    id = Id()
    order_number = serializers.CharField(source="number")
    customer_id = Id()
    customer_type = Word(CustomerKind, source="customer.kind")
    customer_name = serializers.CharField(source="customer.name")
    status = Word(OrderStatus)
    order_date = serializers.DateField()
    purchase_order = serializers.CharField(help_text="The customer's own number for it (BT-13).")
    service_code = serializers.CharField()
    currency = serializers.CharField()
    total_ht = Money(source="total_net")
    total_vat = Money()
    total_ttc = Money(source="total_gross")
    shipped_at = Moment(allow_null=True)
    created_at = Moment()
    invoice_id = Id(allow_null=True, help_text="Its invoice, once generated; null again once that one is cancelled.")


class OrderShape(OrderRow):
    """The whole order."""

    notes = serializers.CharField(help_text="Printed; the invoice takes them over.")
    delivery_address = serializers.SerializerMethodField()
    items = ItemShape(many=True, source="lines")

    @extend_schema_field(AddressShape(allow_null=True))
    def get_delivery_address(self, order: SalesOrder) -> Any:
        """Its own; null where the customer's serves."""
        return order.delivery or None


class OrderChange(CrossFieldBody):
    """What changes of a draft. A field left out stays as it is; `items`, where given, replace all lines."""

    shape = OrderShape

    customer_id = Reference(Customer, required=False)
    customer_type = Word(CustomerKind, required=False, help_text="Refused where it is not the customer's.")
    order_date = Day(required=False, help_text="Today where it is not said.")
    purchase_order = serializers.CharField(max_length=50, required=False, allow_blank=True)
    service_code = serializers.CharField(max_length=100, required=False, allow_blank=True)
    notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    delivery_address = AddressBody(required=False, allow_null=True, help_text="The invoice takes it over.")
    items = ItemBody(many=True, required=False, max_length=MOST_LINES)

    def between(self, values: dict[str, Any], refused: Set[str]) -> dict[str, str]:
        customer: Customer | None = values.get("customer_id")
        other = customer is not None and values.get("customer_type", customer.kind) != customer.kind
        return {"customer_type": translated(NOT_THIS_TYPE)} if other else {}


class OrderBody(OrderChange):
    """A new draft. Its lines may come later, but before it is confirmed."""

    customer_id = Reference(Customer)


class OrderQuery(Page):
    status = Word(OrderStatus, required=False)
    customer_id = Id(required=False)
    from_date = Day(required=False, help_text="By order_date.")
    to_date = Day(required=False)
    invoiced = serializers.BooleanField(
        required=False, help_text="Whether its invoice is generated: with status=shipped, false shows what to invoice."
    )
    q = serializers.CharField(
        required=False, max_length=100, help_text="A part of the number, of the customer's name or of its own number."
    )


def orders() -> QuerySet[Any]:
    """The company's orders, each knowing its customer and its invoice."""
    rows: QuerySet[Any] = SalesOrder.objects.select_related("company", "customer")
    return rows.annotate(invoice_id=invoice_key())


ORDER = Expandable(OrderRow, orders, area="orders")


class OrderList(ApiView):
    area = "orders"

    @operation(query=OrderQuery, answer=OrderRow, many=True)
    @expandable(customer=CUSTOMER)
    @documented(id="order_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The orders, the latest first."""
        query = request.query
        wanted = {
            "status": query.get("status"),
            "customer_id": query.get("customer_id"),
            "order_date__gte": query.get("from_date"),
            "order_date__lte": query.get("to_date"),
        }
        rows = orders().filter(**{column: value for column, value in wanted.items() if value})
        if "invoiced" in query:
            rows = rows.filter(invoice_id__isnull=not query["invoiced"])
        if text := query.get("q"):
            named = holds(text, "number", "customer__name", "purchase_order")
            rows = rows.filter(named)
        return lists.page(self, rows, by="order_date", name="orders")

    @operation(action="orders.edit", body=OrderBody, answer=OrderShape)
    @created(at="api:order")
    @repeatable(OPTIONAL)
    @documented(id="order_create", examples=[sent(EXAMPLE), received(ANSWER, status=201)])
    def post(self, request: Call) -> SalesOrder:
        """Write a draft order. It takes its number at once; a line with `product_id` takes the product's price."""
        return _saved(request, None)


class OrderView(ApiView):
    """A route under /api/orders/{id}."""

    area = "orders"

    def find(self, **path: Any) -> SalesOrder:
        return _whole(path["id"])

    def moved(self, request: Call, service: Callable[..., SalesOrder], path: dict[str, Any]) -> SalesOrder:
        """The order after one step of its life."""
        service(order=self.find(**path), actor=request.caller.actor, at=request.at)
        return self.find(**path)


class OrderItem(OrderView):
    @operation(answer=OrderShape)
    @versioned
    @expandable(customer=CUSTOMER)
    @documented(id="order_retrieve")
    def get(self, request: Call, **path: Any) -> SalesOrder:
        """An order with its lines."""
        return self.find(**path)

    @operation(action="orders.edit", body=OrderChange, answer=OrderShape)
    @conditional
    @documented(id="order_update", examples=[sent({"items": [{**ITEM, "quantity": 12}]})])
    def put(self, request: Call, **path: Any) -> SalesOrder:
        """Change a draft. A field left out stays; `items` replace all lines. A confirmed order is refused (409)."""
        return _saved(request, self.find(**path))


class OrderConfirm(OrderView):
    @operation(action="orders.edit", answer=OrderShape)
    @repeatable(OPTIONAL)
    @documented(id="order_confirm")
    def post(self, request: Call, **path: Any) -> SalesOrder:
        """Confirm a draft: the customer has agreed, and the lines no longer change. Refused (409) without a line."""
        return self.moved(request, confirm_order, path)


class OrderShip(OrderView):
    @operation(action="orders.edit", answer=OrderShape)
    @repeatable(OPTIONAL)
    @documented(id="order_ship")
    def post(self, request: Call, **path: Any) -> SalesOrder:
        """Ship a confirmed order: stock goes out line by line, all or nothing.

        Refused (409, `not_enough_stock`) when a product whose stock is kept does not cover its lines.
        """
        return self.moved(request, ship_order, path)


class OrderCancel(OrderView):
    @operation(action="orders.edit", answer=OrderShape)
    @repeatable(OPTIONAL)
    @documented(id="order_cancel")
    def post(self, request: Call, **path: Any) -> SalesOrder:
        """Give an order up before it is shipped. It cannot be taken up again."""
        return self.moved(request, cancel_order, path)


def _whole(pk: int) -> SalesOrder:
    """The order with its lines. Raises Http404."""
    return get_object_or_404(
        orders().prefetch_related(Prefetch("lines", OrderLine.objects.order_by("position"))), pk=pk
    )


def _saved(request: Call, order: SalesOrder | None) -> SalesOrder:
    sent = request.values
    kept = inputs_of(list(order.lines.all())) if order else []
    columns = {name: sent[name] for name in COLUMNS if name in sent}
    if "delivery_address" in sent:
        columns["delivery"] = dict(sent["delivery_address"] or {})
    with partner_fields():
        row = save_order(
            order=order,
            customer=_customer(sent, order),
            values=columns,
            lines=lines(sent) if "items" in sent else kept,
            actor=request.caller.actor,
            at=request.at,
        )
    return _whole(row.pk)


def _customer(sent: dict[str, Any], order: SalesOrder | None) -> Customer:
    """Who orders. Raises Invalid for a type that is not the customer's."""
    customer = cast(Customer, sent.get("customer_id") or (order and order.customer))
    if sent.get("customer_type", customer.kind) != customer.kind:
        raise Invalid(fields={"customer_type": NOT_THIS_TYPE})
    return customer
