"""The stock of a product over REST: its movements, and those made by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework import serializers

from billing.models import MovementReason, Product, StockMovement
from billing.services.products import count_stock, move_stock
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Day, Id, Moment, Number, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import Invalid

REASONS = [str(reason).lower() for reason in MovementReason]
BY_HAND = [str(reason).lower() for reason in (MovementReason.RECEIPT, MovementReason.RETURN, MovementReason.COUNT)]
MOST = Decimal(10) ** 10  # what the column of quantities holds
TOO_MUCH = gettext_noop("Le stock dépasserait ce qu’il peut porter. Vérifiez la quantité.")


class MovementShape(serializers.Serializer):
    """One change of stock. It is never changed nor deleted."""

    id = Id()
    quantity = Number(max_digits=14, decimal_places=4, help_text="Positive in, negative out.")
    reason = Word(MovementReason)
    order_id = Id(allow_null=True, help_text="The order that was shipped.")
    note = serializers.CharField()
    at = Moment()


class StockShape(serializers.Serializer):
    """What is in stock, and the movement that made it so: null for a count that found what was known."""

    product_id = Id()
    on_hand = Number(max_digits=14, decimal_places=4)
    movement = MovementShape(allow_null=True)


class AdjustmentBody(Body):
    reason = serializers.ChoiceField(
        BY_HAND,
        help_text="receipt: goods arrive; return: a customer sends some back; count: what was counted replaces"
        " what was known. What leaves is shipped with its order.",
    )
    quantity = Number(max_digits=14, decimal_places=4, min_value=0)
    note = serializers.CharField(max_length=200, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["quantity"] and attrs["reason"] != "count":
            raise serializers.ValidationError({"quantity": _("La quantité ne peut pas être nulle.")})
        return attrs


class MovementQuery(Page):
    reason = Word(MovementReason, required=False)
    from_date = Day(required=False)
    to_date = Day(required=False)


class ProductStock(ApiView):
    area = "products"

    def find(self, **path: Any) -> Product:
        return cast(Product, get_object_or_404(Product.objects, pk=path["id"]))

    @operation(query=MovementQuery, answer=MovementShape, many=True)
    @documented(id="stock_movement_list")
    def get(self, request: Call, **path: Any) -> HttpResponseBase:
        """The movements of a product's stock, newest first. None where no stock is kept."""
        query = request.query
        wanted = {
            "reason": query.get("reason"),
            "at__date__gte": query.get("from_date"),
            "at__date__lte": query.get("to_date"),
        }
        rows = StockMovement.objects.filter(
            product=self.find(**path), **{column: value for column, value in wanted.items() if value}
        )
        return lists.page(self, rows, by="at", name="stock")

    @operation(action="stock.move", body=AdjustmentBody, answer=StockShape)
    @repeatable(OPTIONAL)
    @documented(
        id="stock_adjust",
        examples=[
            sent({"reason": "receipt", "quantity": 24, "note": "BL 4512"}),
            received(
                {
                    "product_id": 12,
                    "on_hand": 24.00,
                    "movement": {
                        "id": 3,
                        "quantity": 24.00,
                        "reason": "receipt",
                        "order_id": None,
                        "note": "BL 4512",
                        "at": "2026-11-21T09:00:00Z",
                    },
                }
            ),
        ],
    )
    def post(self, request: Call, **path: Any) -> dict[str, Any]:
        """Record goods that arrive or come back, or a count. Refused (409) for a product whose stock is not kept."""
        product, typed = self.find(**path), request.values
        act: dict[str, Any] = {"actor": request.caller.actor, "at": request.at, "note": typed["note"]}
        if typed["reason"] == "count":
            movement = count_stock(product=product, counted=typed["quantity"], **act)
        else:
            if product.on_hand + typed["quantity"] >= MOST:
                raise Invalid(fields={"quantity": TOO_MUCH})
            reason = MovementReason(typed["reason"].upper())
            movement = move_stock(product=product, quantity=typed["quantity"], reason=reason, **act)
        return {"product_id": product.pk, "on_hand": product.on_hand, "movement": movement}
