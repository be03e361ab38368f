"""The pages of products and their stock, and the products offered to the line sheet."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import MovementReason, Product, StockMovement
from billing.services.products import move_stock, save_product
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_company

pytestmark = pytest.mark.django_db

LIST = "billing:product-list"
SOUND = {"reference": "CH-1", "name": "Chaise Bistrot", "unit_price": "1 120,50", "unit": "C62", "vat": "S:20"}


def a_product(company, reference="CH-1", **values):
    sound = {"reference": reference, "name": "Chaise Bistrot", "unit_price": Decimal(120), "tracks_stock": True}
    with company_scope(company):
        return save_product(product=None, company_id=company.pk, values={**sound, **values}, actor=ACTOR, at=AT)


def in_stock(product, quantity):
    with company_scope(product.company_id):
        move_stock(product=product, quantity=Decimal(quantity), reason=MovementReason.RECEIPT, actor=ACTOR, at=AT)
    return product


def on_hand(product):
    return Product.everywhere.get(pk=product.pk).on_hand


def references(page):
    return [product.reference for product in page.context["page"]]


def test_the_list_finds_by_name_and_reference_and_filters_by_nature(company):
    a_product(company)
    a_product(company, "POSE", name="Pose sur place", is_service=True, unit="HUR")
    client = signed_in(company)
    for query, found in (({"q": "bistrot"}, ["CH-1"]), ({"q": "pose"}, ["POSE"]), ({"nature": "service"}, ["POSE"])):
        assert references(client.get(reverse(LIST), query)) == found, query
    assert len(references(client.get(reverse(LIST), {"nature": "x", "sort": "password", "cursor": "%%"}))) == 2


def test_an_archived_product_leaves_the_list_and_the_line_sheet_until_restored(company):
    product = a_product(company)
    client = signed_in(company)
    client.post(reverse("billing:product-archive", args=[product.pk]))
    assert references(client.get(reverse(LIST))) == []
    assert references(client.get(reverse(LIST), {"state": "archived"})) == ["CH-1"]
    assert "Bistrot" not in client.get(reverse("billing:product-options"), {"q": "bistrot"}).text
    client.post(reverse("billing:product-restore", args=[product.pk]))
    assert references(client.get(reverse(LIST))) == ["CH-1"]


def test_the_list_and_the_record_cost_the_same_for_three_rows_and_thirty(company):
    client = signed_in(company)
    product = a_product(company, "CH-0")
    counts = []
    for total in (3, 30):
        while Product.everywhere.filter(company=company).count() < total:
            a_product(company, f"P-{Product.everywhere.count()}")
        while StockMovement.everywhere.filter(product=product).count() < total:
            in_stock(product, 1)
        for url in (reverse(LIST), product.get_absolute_url()):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


def test_a_product_is_created_as_typed(company):
    answer = signed_in(company).post(reverse("billing:product-new"), {**SOUND, "vat": "AE:0", "tracks_stock": "on"})
    product = Product.everywhere.get(company=company)
    assert answer.url == product.get_absolute_url()
    assert (product.unit_price, product.vat_category, product.vat_rate) == (Decimal("1120.50"), "AE", 0)
    assert product.tracks_stock


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("reference", {"reference": ""}),
        ("name", {"name": " "}),
        ("unit_price", {"unit_price": "douze"}),
        ("unit_price", {"unit_price": "-1"}),
        ("unit", {"unit": "XXX"}),
        ("vat", {"vat": "S:0"}),
        ("vat", {"vat": "S:19.6"}),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_nothing_is_written(company, field, wrong):
    page = signed_in(company).post(reverse("billing:product-new"), {**SOUND, "description": "En hêtre", **wrong})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert "En hêtre" in page.text
    assert not Product.everywhere.filter(company=company).exists()


def test_a_reference_already_taken_is_refused_at_the_field(company):
    a_product(company)
    page = signed_in(company).post(reverse("billing:product-new"), SOUND)
    assert page.status_code == 422
    assert "reference" in page.context["form"].errors


def test_editing_shows_the_stored_choice_of_vat_and_keeps_it(company):
    product = a_product(company, vat_rate=Decimal("5.50"))
    client = signed_in(company)
    url = reverse("billing:product-edit", args=[product.pk])
    page = client.get(url)
    assert page.context["form"]["vat"].value() == "S:5.5"
    assert '<option value="S:5.5" selected>' in page.text


def test_a_product_with_stock_stays_followed(company):
    product = in_stock(a_product(company), 4)
    page = signed_in(company).post(reverse("billing:product-edit", args=[product.pk]), SOUND)
    assert page.status_code == 422
    assert "tracks_stock" in page.context["form"].errors
    product.refresh_from_db()
    assert product.tracks_stock


def test_stock_comes_in_comes_back_and_is_counted(company):
    product = a_product(company)
    client = signed_in(company)
    url = reverse("billing:product-stock", args=[product.pk])
    for reason, quantity, left in (
        ("RECEIPT", "10", 10),
        ("RETURN", "2,5", 12.5),
        ("COUNT", "11", 11),
        ("COUNT", "11", 11),
    ):
        assert client.post(url, {"reason": reason, "quantity": quantity, "note": "quai 2"}).status_code == 302
        assert on_hand(product) == Decimal(str(left)), reason
    moves = StockMovement.everywhere.filter(product=product).order_by("at").values_list("quantity", flat=True)
    assert list(moves) == [Decimal(10), Decimal("2.5"), Decimal("-1.5")]
    assert "quai 2" in client.get(product.get_absolute_url()).text


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("quantity", {"reason": "RECEIPT", "quantity": "0"}),
        ("quantity", {"reason": "COUNT", "quantity": "-1"}),
        ("quantity", {"reason": "RECEIPT", "quantity": ""}),
        ("reason", {"reason": "SHIPMENT", "quantity": "1"}),
    ],
)
def test_a_movement_that_cannot_be_is_said_at_the_field(company, field, wrong):
    product = a_product(company)
    page = signed_in(company).post(reverse("billing:product-stock", args=[product.pk]), wrong)
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not StockMovement.everywhere.filter(product=product).exists()


def test_a_service_has_no_stock_to_move(company):
    service = a_product(company, is_service=True)
    assert signed_in(company).get(reverse("billing:product-stock", args=[service.pk])).status_code == 409


def test_another_company_s_product_does_not_exist(company):
    stranger = a_product(a_company())
    client = signed_in(company)
    for name in ("detail", "edit", "stock"):
        assert client.get(reverse(f"billing:product-{name}", args=[stranger.pk])).status_code == 404, name
    assert client.post(reverse("billing:product-archive", args=[stranger.pk])).status_code == 404
    assert "Bistrot" not in client.get(reverse("billing:product-options"), {"q": "bistrot"}).text


def test_a_viewer_may_look_but_not_act(company):
    product = a_product(company)
    client = signed_in(company, Role.VIEWER)
    record = client.get(product.get_absolute_url())
    assert record.status_code == 200
    for name in ("edit", "stock"):
        url = reverse(f"billing:product-{name}", args=[product.pk])
        assert url not in record.text
        assert client.get(url).status_code == 403, name
    assert client.get(reverse("billing:product-new")).status_code == 403
    client.post(reverse("billing:product-archive", args=[product.pk]))
    product.refresh_from_db()
    assert product.archived_at is None


def test_a_typed_description_offers_products_that_fill_their_row(company):
    product = a_product(company, unit="HUR", unit_price=Decimal("80.50"), vat_rate=Decimal("8.5"), is_service=True)
    page = signed_in(company).get(reverse("billing:product-options"), {"q": "bistrot"})
    filled = json.loads(html.unescape(re.search(r'data-fill="([^"]*)"', page.text)[1]))
    assert filled == {
        "product_id": str(product.pk),
        "description": "Chaise Bistrot",
        "unit": "HUR",
        "unit_price": "80,50",
        "vat": "S:8.5",
        "is_service": True,
    }
