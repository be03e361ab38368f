"""Products and their stock over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Product, StockMovement
from billing.services.products import save_product
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.api.client import a_machine, a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db

LIST = "/api/products"
BODY = {"reference": "CH-01", "name": "Chaise Bistrot", "unit_price": Decimal("120.00"), "tracks_stock": True}


def a_product(company: Company, reference: str = "CH-01", **values: Any) -> Product:
    columns = {"reference": reference, "name": "Chaise", "unit_price": Decimal(120), "tracks_stock": True, **values}
    with company_scope(company):
        return save_product(product=None, company_id=company.pk, values=columns, actor=story.ACTOR, at=story.AT)


def at(pk: int) -> str:
    return f"{LIST}/{pk}"


def refused(answer: Any, status: int = 400) -> dict[str, str]:
    assert answer.status_code == status, answer.content
    return json_of(answer).get("fields", {})


def references(answer: Any) -> list[str]:
    return [row["reference"] for row in json_of(answer)]


def test_a_product_is_created_with_its_price_as_a_number() -> None:
    partner = a_partner(story.a_company())
    answer = partner.post(LIST, {**BODY, "unit_price": Decimal("120.1234")})
    assert answer.status_code == 201
    assert b'"unit_price":120.1234,' in answer.content
    assert b'"vat_rate":20.00,' in answer.content
    assert b'"on_hand":0.00,' in answer.content
    made = json_of(answer)
    assert answer["Location"] == at(made["id"])
    assert json_of(partner.get(at(made["id"]))) == made


def test_everything_wrong_is_said_at_its_field() -> None:
    partner = a_partner(story.a_company())
    body = {"reference": "", "unit_price": -1, "unit": "kg", "vat_rate": "x", "prix": 1}
    assert set(refused(partner.post(LIST, body))) == {"reference", "name", "unit_price", "unit", "vat_rate", "prix"}
    assert set(refused(partner.post(LIST, {**BODY, "vat_category": "E", "vat_rate": 20}))) == {"vat_rate"}
    assert set(refused(partner.post(LIST, {**BODY, "vat_rate": 0}))) == {"vat_rate"}
    assert set(refused(partner.post(LIST, {**BODY, "unit_price": Decimal("1.1234567")}))) == {"unit_price"}
    assert Product.everywhere.count() == 0
    made = json_of(partner.post(LIST, {**BODY, "vat_category": "E"}))
    assert (made["vat_category"], made["vat_rate"]) == ("E", 0)


def test_a_reference_is_given_once_in_a_company() -> None:
    partner = a_partner(story.a_company())
    assert partner.post(LIST, BODY).status_code == 201
    answer = partner.post(LIST, BODY)
    assert set(refused(answer, 409)) == {"reference"}
    assert json_of(answer)["code"] == "reference_taken"
    assert a_partner(story.a_company()).post(LIST, BODY).status_code == 201


def test_what_a_change_leaves_out_stays_and_what_was_read_can_be_sent_back() -> None:
    partner = a_partner(story.a_company())
    made = json_of(partner.post(LIST, BODY))
    changed = json_of(partner.put(at(made["id"]), {"unit_price": 125}))
    assert changed == {**made, "unit_price": Decimal("125.00")}
    assert json_of(partner.put(at(made["id"]), changed)) == changed


def test_deleting_archives_and_a_change_brings_back() -> None:
    company = story.a_company()
    a_product(company)
    partner, pk = a_partner(company), Product.everywhere.get().pk
    assert json_of(partner.delete(at(pk)))["archived"] is True
    assert references(partner.get(LIST)) == []
    assert references(partner.get(f"{LIST}?active=false")) == ["CH-01"]
    assert json_of(partner.put(at(pk), {"archived": False}))["archived"] is False
    assert references(partner.get(f"{LIST}?q=chai&active=true")) == ["CH-01"]
    assert references(partner.get(f"{LIST}?q=ch-0")) == ["CH-01"]
    assert references(partner.get(f"{LIST}?q=table")) == []


def test_goods_arrive_come_back_and_are_counted() -> None:
    company = story.a_company()
    product = a_product(company)
    partner, stock = a_partner(company), f"{at(product.pk)}/stock"
    first = json_of(partner.post(stock, {"reason": "receipt", "quantity": 24, "note": "BL 4512"}))
    assert first["on_hand"] == 24
    assert first["movement"]["quantity"] == 24
    assert json_of(partner.post(stock, {"reason": "return", "quantity": Decimal("1.5")}))["on_hand"] == Decimal("25.5")
    counted = json_of(partner.post(stock, {"reason": "count", "quantity": 20}))
    assert (counted["on_hand"], counted["movement"]["quantity"]) == (20, Decimal("-5.5"))
    assert json_of(partner.post(stock, {"reason": "count", "quantity": 20}))["movement"] is None
    rows = json_of(partner.get(stock))
    assert [row["reason"] for row in rows] == ["count", "return", "receipt"]
    assert rows[2]["note"] == "BL 4512"
    assert [row["reason"] for row in json_of(partner.get(f"{stock}?reason=return&from_date=2026-01-01"))] == ["return"]
    assert json_of(partner.get(f"{stock}?to_date=2020-01-01")) == []
    assert json_of(partner.get(at(product.pk)))["on_hand"] == 20


def test_a_movement_that_makes_no_sense_is_refused() -> None:
    company = story.a_company()
    partner, product = a_partner(company), a_product(company)
    stock = f"{at(product.pk)}/stock"
    assert set(refused(partner.post(stock, {"reason": "receipt", "quantity": 0}))) == {"quantity"}
    assert set(refused(partner.post(stock, {"reason": "shipment", "quantity": -1}))) == {"reason", "quantity"}
    most = {"reason": "receipt", "quantity": Decimal("9999999999.9999")}
    assert partner.post(stock, most).status_code == 200
    assert set(refused(partner.post(stock, most))) == {"quantity"}
    service = a_product(company, "SV-01", is_service=True, tracks_stock=False)
    answer = partner.post(f"{at(service.pk)}/stock", {"reason": "receipt", "quantity": 1})
    assert (answer.status_code, json_of(answer)["code"]) == (409, "no_stock_kept")
    assert json_of(partner.get(f"{at(service.pk)}/stock")) == []
    assert set(refused(partner.put(at(product.pk), {"tracks_stock": False}))) == {"tracks_stock"}
    assert set(refused(partner.put(at(product.pk), {"is_service": True}))) == {"tracks_stock"}


def test_the_same_key_moves_the_stock_once() -> None:
    company = story.a_company()
    stock = f"{at(a_product(company).pk)}/stock"
    partner, body = a_partner(company), {"reason": "receipt", "quantity": 3}
    first, again = partner.post(stock, body, key="bl-1"), partner.post(stock, body, key="bl-1")
    assert first.content == again.content
    assert partner.post(stock, {**body, "quantity": 4}, key="bl-1").status_code == 422
    assert StockMovement.everywhere.count() == 1


def test_another_companys_product_does_not_exist() -> None:
    stranger = a_product(story.a_company())
    partner = a_partner(story.a_company())
    here = at(stranger.pk)
    answers = [
        partner.get(here),
        partner.put(here, {}),
        partner.delete(here),
        partner.get(f"{here}/stock"),
        partner.post(f"{here}/stock", {"reason": "receipt", "quantity": 1}),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_a_viewer_reads_and_a_key_does_what_its_scopes_say() -> None:
    company = story.a_company()
    here = at(a_product(company).pk)
    viewer = a_partner(company, Role.VIEWER)
    assert viewer.get(here).status_code == viewer.get(f"{here}/stock").status_code == 200
    move = {"reason": "receipt", "quantity": 1}
    answers = [
        viewer.post(LIST, BODY),
        viewer.put(here, {}),
        viewer.delete(here),
        viewer.post(f"{here}/stock", move),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert a_machine(company, "products.edit").post(f"{here}/stock", move).status_code == 403
    assert a_machine(company, "stock.move").post(f"{here}/stock", move).status_code == 200


def test_a_change_on_an_old_reading_is_refused() -> None:
    company = story.a_company()
    here, partner = at(a_product(company).pk), a_partner(company)
    tag = partner.get(here)["ETag"]
    assert partner.put(here, {"name": "Tabouret"}, If_Match=tag).status_code == 200
    assert partner.put(here, {"name": "Table"}, If_Match=tag).status_code == 412


def test_a_list_costs_the_same_queries_with_thirty_products_as_with_three() -> None:
    company = story.a_company()
    partner = a_partner(company)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert partner.get(LIST).status_code == 200
        return len(queries)

    for number in range(3):
        a_product(company, f"A{number}")
    few = cost()
    for number in range(27):
        a_product(company, f"B{number}")
    assert cost() == few


def test_paging_visits_each_product_once_and_the_list_leaves_as_csv() -> None:
    company = story.a_company()
    for number in range(5):
        a_product(company, f"A{number}")
    partner, seen, address = a_partner(company), [], f"{LIST}?limit=2"
    while address:
        answer = partner.get(address)
        seen += references(answer)
        link = next((one for one in answer.headers.get("Link", "").split(", ") if 'rel="next"' in one), "")
        address = link.partition(">")[0][1:].removeprefix("http://testserver")
    assert sorted(seen) == ["A0", "A1", "A2", "A3", "A4"]
    text = b"".join(partner.get(f"{LIST}?format=csv").streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 6
