"""Orders to suppliers over REST: written, placed, received once, closed; another company's is not there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.purchases.models import Receipt
from config.kernel.models import Company
from tests.api.client import Partner, a_partner, json_of
from tests.factories import purchases, story

pytestmark = pytest.mark.django_db

LIST = "/api/purchase-orders"
ITEM = {"description": "Ramette A4 80 g", "quantity": 20, "unit_price": Decimal("4.50"), "account": "606400"}


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)


def at(order: dict[str, Any], step: str = "") -> str:
    return f"{LIST}/{order['id']}" + (f"/{step}" if step else "")


def written(partner: Partner, company: Company, **values: Any) -> dict[str, Any]:
    supplier = purchases.a_supplier(company)
    answer = partner.call("POST", LIST, {"supplier_id": supplier.pk, "items": [ITEM], **values}, key=True)
    assert answer.status_code == 201, answer.content
    return json_of(answer)


def test_an_order_is_written_placed_received_and_closed(partner: Partner, company: Company) -> None:
    order = written(partner, company)
    assert (order["status"], order["total_ht"], order["order_number"][:4]) == ("draft", 90, "CDF-")
    changed = json_of(partner.put(at(order), {"items": [{**ITEM, "quantity": 30}]}))
    assert (changed["total_ht"], changed["supplier_id"]) == (135, order["supplier_id"])
    placed = json_of(partner.post(at(order, "place")))
    late = partner.put(at(order), {"internal_notes": "Trop tard"})
    assert (placed["status"], late.status_code, json_of(late)["code"]) == ("placed", 409, "purchase_order_not_editable")
    line = placed["items"][0]["id"]
    came = {"delivery_note": "BL 1", "items": [{"line_id": line, "quantity": 12}, {"line_id": line, "quantity": 6}]}
    first = partner.call("POST", at(order, "receipts"), came, key=True)
    assert (first.status_code, json_of(first)["items"]) == (201, [{"line_id": line, "quantity": 18}])
    same = partner.call("POST", at(order, "receipts"), came, key=True)
    assert (same.status_code, json_of(same)["code"]) == (409, "same_receipt")
    assert json_of(partner.get(at(order)))["items"][0]["quantity_received"] == 18
    given_up = partner.post(at(order, "cancel"))
    assert (given_up.status_code, json_of(given_up)["code"]) == (409, "order_has_receipts")
    assert json_of(partner.post(at(order, "close")))["status"] == "closed"
    assert json_of(partner.post(at(order, "reopen")))["status"] == "placed"
    assert len(json_of(partner.get(at(order, "receipts")))) == 1


def test_what_is_wrong_is_named_by_the_fields_of_the_api(partner: Partner, company: Company) -> None:
    order = written(partner, company)
    placed = json_of(partner.post(at(order, "place")))
    line = placed["items"][0]["id"]
    for body, field in (
        ({"items": [{"line_id": 1, "quantity": 1}]}, "items"),
        ({"items": [{"line_id": line, "quantity": 0}]}, "items"),
        ({"items": [{"line_id": line, "quantity": 1}], "received_on": "2199-12-31"}, "received_on"),
        ({"items": []}, "items"),
        ({"items": [{"line_id": line, "quantity": 1}], "note": "x"}, "note"),
    ):
        answer = partner.call("POST", at(order, "receipts"), body, key=True)
        assert answer.status_code == 400, body
        assert field in json_of(answer)["fields"], json_of(answer)
    assert partner.post(at(order, "receipts"), {"items": [{"line_id": line, "quantity": 1}]}).status_code == 400
    assert not Receipt.everywhere.exists(), "without its Idempotency-Key nothing is received"


def test_another_company_s_order_and_lines_are_not_there(partner: Partner, company: Company) -> None:
    theirs = purchases.a_placed_order(purchases.a_supplier(story.a_company()))
    for step in ("", "place", "close", "reopen", "cancel", "receipts"):
        path = f"{LIST}/{theirs.pk}" + (f"/{step}" if step else "")
        answer = partner.call("POST", path, {}, key=True) if step else partner.get(path)
        assert answer.status_code in {400, 404}
        assert step == "receipts" or answer.status_code == 404, step
    order = written(partner, company)
    partner.post(at(order, "place"))
    stolen = {"items": [{"line_id": theirs.lines.get().pk, "quantity": 1}]}
    assert partner.call("POST", at(order, "receipts"), stolen, key=True).status_code == 400
    assert json_of(partner.get(f"{LIST}?q=CDF"))[0]["id"] == order["id"]
    assert len(json_of(partner.get(LIST))) == 1
