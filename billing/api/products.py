"""Products over REST: find them, keep them, archive them."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from billing.models import Product, Unit, VatCategory
from billing.services.products import STOCK_LEFT, archive_product, restore_product, save_product
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Number, Page, Switch
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import Invalid
from config.kernel.folding import holds

EXAMPLE = {
    "reference": "CH-01",
    "name": "Chaise Bistrot",
    "unit_price": 120.00,
    "vat_rate": 20.00,
    "tracks_stock": True,
}
ANSWER = {
    "id": 12, "reference": "CH-01", "name": "Chaise Bistrot", "description": "", "is_service": False, "unit": "C62",
    "unit_price": 120.00, "vat_category": "S", "vat_rate": 20.00, "tracks_stock": True, "on_hand": 0.00,
    "archived": False, "created_at": "2026-11-21T09:00:00Z",
}  # fmt: skip


class ProductShape(serializers.Serializer):
    """Goods, with stock or without, or a service."""

    id = Id()
    reference = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_service = serializers.BooleanField()
    unit = serializers.ChoiceField(Unit.values, help_text="UN/ECE Recommendation 20 (BT-130).")
    unit_price = Number(max_digits=16, decimal_places=6, help_text="Without VAT.")
    vat_category = serializers.ChoiceField(VatCategory.values, help_text="BT-151.")
    vat_rate = Number(max_digits=5, decimal_places=2, help_text="In per cent.")
    exemption_code = serializers.CharField(help_text="Why it bears no VAT (VATEX); '' for the usual motive.")
    tracks_stock = serializers.BooleanField()
    on_hand = Number(max_digits=14, decimal_places=4, help_text="The sum of the movements of its stock.")
    archived = serializers.SerializerMethodField()
    created_at = Moment()

    def get_archived(self, product: Product) -> bool:
        return product.archived_at is not None


class ProductChange(Body):
    """What changes. A field left out stays as it is."""

    shape = ProductShape
    stated = ("tracks_stock",)  # no service has any

    reference = serializers.CharField(max_length=40, required=False)
    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    is_service = Switch(required=False)
    unit = serializers.ChoiceField(Unit.values, required=False)
    unit_price = Number(max_digits=16, decimal_places=6, min_value=0, required=False, help_text="Without VAT.")
    vat_category = serializers.ChoiceField(VatCategory.values, required=False, help_text="S where it is not said.")
    vat_rate = Number(
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        required=False,
        help_text="Above 0 with S (20 where it is not said), 0 with every other category.",
    )
    exemption_code = serializers.CharField(
        max_length=30, required=False, allow_blank=True, help_text="VATEX, of its `vat_category`."
    )
    tracks_stock = Switch(required=False, help_text="Never of a service.")
    archived = Switch(required=False, help_text="false takes an archived product up again.")


class ProductBody(ProductChange):
    """A new product."""

    reference = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    unit_price = Number(max_digits=16, decimal_places=6, min_value=0, help_text="Without VAT.")
    archived = None  # type: ignore[assignment]  # DRF: a field of the base that this body has not


class ProductQuery(Page):
    q = serializers.CharField(required=False, max_length=100, help_text="A part of the name or of the reference.")
    active = serializers.BooleanField(default=True, help_text="false shows the archived products, and only them.")


class ProductList(ApiView):
    area = "products"

    @operation(query=ProductQuery, answer=ProductShape, many=True)
    @documented(id="product_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The products, by name."""
        query = request.query
        rows = Product.objects.filter(archived_at__isnull=query["active"])
        if query.get("q"):
            rows = rows.filter(holds(query["q"], "name", "reference"))
        return lists.page(self, rows, by="name", descending=False, name="products")

    @operation(action="products.edit", body=ProductBody, answer=ProductShape)
    @created(at="api:product")
    @repeatable(OPTIONAL)
    @documented(id="product_create", examples=[sent(EXAMPLE), received(ANSWER, status=201)])
    def post(self, request: Call) -> Product:
        """Create a product. A reference that another product bears is refused (409)."""
        return _saved(request, None)


class ProductItem(ApiView):
    area = "products"

    def find(self, **path: Any) -> Product:
        return cast(Product, get_object_or_404(Product.objects, pk=path["id"]))

    @operation(answer=ProductShape)
    @versioned
    @documented(id="product_retrieve")
    def get(self, request: Call, **path: Any) -> Product:
        """A product, with what is in stock."""
        return self.find(**path)

    @operation(action="products.edit", body=ProductChange, answer=ProductShape)
    @conditional
    @documented(id="product_update", examples=[sent({"unit_price": 125.00})])
    def put(self, request: Call, **path: Any) -> Product:
        """Change a product. A field left out stays as it is; documents already made keep what they said."""
        return _saved(request, self.find(**path))

    @operation(action="products.edit", answer=ProductShape)
    @conditional
    @documented(id="product_delete")
    def delete(self, request: Call, **path: Any) -> Product:
        """Archive a product: it is offered no more; what was sold stays. `PUT` brings it back."""
        product = self.find(**path)
        if product.archived_at is None:
            archive_product(product=product, actor=request.caller.actor, at=request.at)
        return product


def _saved(request: Call, product: Product | None) -> Product:
    values = dict(request.values)
    archived = values.pop("archived", None)
    if product and product.on_hand and (values.get("is_service") or values.get("tracks_stock") is False):
        raise Invalid(fields={"tracks_stock": STOCK_LEFT})
    if "vat_rate" not in values and values.get("vat_category", VatCategory.STANDARD) != VatCategory.STANDARD:
        values["vat_rate"] = 0
    row = save_product(
        product=product,
        company_id=request.caller.company.pk,
        values=values,
        actor=request.caller.actor,
        at=request.at,
    )
    if archived is not None and archived is (row.archived_at is None):
        change = archive_product if archived else restore_product
        change(product=row, actor=request.caller.actor, at=request.at)
    row.refresh_from_db()
    return row
