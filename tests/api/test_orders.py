"""Orders over REST: from the draft to the shipment, and the invoice a shipped one gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, SalesOrder
from billing.services.issuing import issue_invoice
from billing.services.products import move_stock
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import CustomerKind
from customers.services import archive_customer
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.test_products import a_product
from tests.factories import story
from tests.factories.money import credit_invoice

pytestmark = pytest.mark.django_db

LIST = "/api/orders"
ITEM = {"description": "Chaise Bistrot", "quantity": 10, "unit_price": Decimal("120.00"), "vat_rate": 20}


def an_order(partner: Partner, company: Company, **values: Any) -> dict[str, Any]:
    customer = values.pop("customer_id", None) or story.a_customer(company).pk
    answer = partner.post(LIST, {"customer_id": customer, "items": [ITEM], **values})
    assert answer.status_code == 201, answer.content
    return json_of(answer)


def shipped(partner: Partner, company: Company, **values: Any) -> dict[str, Any]:
    order = an_order(partner, company, **values)
    assert partner.post(at(order, "confirm")).status_code == 200
    answer = partner.post(at(order, "ship"))
    assert answer.status_code == 200
    return json_of(answer)


def at(order: dict[str, Any], step: str = "") -> str:
    return f"{LIST}/{order['id']}" + (f"/{step}" if step else "")


def code(answer: Any, status: int = 409) -> str:
    assert answer.status_code == status, answer.content
    return json_of(answer)["code"]


def numbers(answer: Any) -> list[str]:
    return [row["order_number"] for row in json_of(answer)]


def test_everything_wrong_with_an_order_and_its_lines_is_said_at_once() -> None:
    company = story.a_company()
    partner = a_partner(company)
    body = {
        "customer_id": story.a_customer(company).pk,
        "customer_type": "individual",
        "items": [ITEM, {"quantity": "a", "vat_rate": 33}],
    }
    answer = partner.post(LIST, body)
    assert code(answer, 400) == "invalid"
    assert set(json_of(answer)["fields"]) == {
        "customer_type",
        "items.2.quantity",
        "items.2.description",
        "items.2.unit_price",
        "items.2.vat_rate",
    }
    order = an_order(partner, company)
    answer = partner.put(at(order), {"items": [{"quantity": "a", "vat_rate": 33}]})
    assert set(json_of(answer)["fields"]) == {
        "items.1.quantity",
        "items.1.description",
        "items.1.unit_price",
        "items.1.vat_rate",
    }


def test_an_order_is_written_with_its_totals_and_customer() -> None:
    company = story.a_company()
    partner = a_partner(company)
    customer = story.a_customer(company)
    answer = partner.post(
        LIST, {"customer_id": customer.pk, "customer_type": "organisation", "purchase_order": "PO-7", "items": [ITEM]}
    )
    assert answer.status_code == 201
    assert b'"total_ttc":1440.00' in answer.content
    order = json_of(answer)
    assert answer["Location"] == at(order)
    assert order["order_number"].startswith("CMD-")
    assert (order["customer_type"], order["customer_name"]) == ("organisation", customer.name)
    assert (order["status"], order["invoice_id"], order["shipped_at"]) == ("draft", None, None)
    assert (order["total_ht"], order["total_vat"]) == (1200, 240)
    assert order["items"][0] | {"subtotal": 1200, "total": 1440, "quantity": 10} == order["items"][0]
    assert json_of(partner.get(at(order))) == order


def test_a_line_of_a_product_takes_its_name_and_price() -> None:
    company = story.a_company()
    product = a_product(company)
    order = an_order(a_partner(company), company, items=[{"product_id": product.pk, "quantity": 2}])
    item = order["items"][0]
    assert (item["description"], item["unit_price"], item["product_id"]) == ("Chaise", 120, product.pk)


def test_what_is_wrong_is_said_at_the_partners_own_field() -> None:
    company, other = story.a_company(), story.a_company()
    partner = a_partner(company)
    customer = story.a_customer(company)
    answer = partner.post(
        LIST,
        {
            "customer_id": story.a_customer(other).pk,
            "order_date": "1811-01-01",
            "items": [ITEM, {"quantity": "x"}, {"product_id": a_product(other).pk, "quantity": 1}],
        },
    )
    fields = json_of(answer)["fields"]
    assert answer.status_code == 400
    assert {"customer_id", "order_date", "items.2.quantity", "items.3.product_id"} <= set(fields)
    zero = partner.post(LIST, {"customer_id": customer.pk, "items": [ITEM, {**ITEM, "quantity": 0}]})
    assert set(json_of(zero)["fields"]) == {"items.2.quantity"}
    wrong = partner.post(LIST, {"customer_id": customer.pk, "customer_type": "individual", "items": [ITEM]})
    assert set(json_of(wrong)["fields"]) == {"customer_type"}
    assert SalesOrder.everywhere.count() == 0


def test_an_archived_customer_orders_nothing_new() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        archive_customer(customer=customer, actor=story.ACTOR, at=story.AT)
    answer = a_partner(company).post(LIST, {"customer_id": customer.pk, "items": [ITEM]})
    assert code(answer) == "customer_archived"
    assert set(json_of(answer)["fields"]) == {"customer_id"}


def test_a_draft_changes_and_what_is_left_out_stays() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = an_order(partner, company, notes="Livrer le matin")
    changed = json_of(partner.put(at(order), {"items": [{**ITEM, "quantity": 12}], "order_date": "2026-11-02"}))
    assert (changed["total_ht"], changed["notes"], changed["order_date"]) == (1440, "Livrer le matin", "2026-11-02")
    again = json_of(partner.put(at(order), {"notes": "Livrer le soir"}))
    assert (again["total_ht"], again["notes"]) == (1440, "Livrer le soir")
    echoed = json_of(partner.put(at(order), again))
    for one in (again, echoed):
        one["items"][0].pop("id")
    assert echoed == again


def test_a_confirmed_order_no_longer_changes() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = an_order(partner, company)
    assert json_of(partner.post(at(order, "confirm")))["status"] == "pending"
    assert code(partner.put(at(order), {"notes": "x"})) == "not_a_draft"
    assert code(partner.post(at(order, "confirm"))) == "transition_refused"
    assert json_of(partner.post(at(order, "cancel")))["status"] == "cancelled"
    assert code(partner.post(at(order, "ship"))) == "transition_refused"


def test_an_order_without_lines_is_a_draft_and_no_more() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = an_order(partner, company, items=[])
    assert code(partner.post(at(order, "confirm"))) == "nothing_ordered"


def test_shipping_takes_the_goods_out_or_nothing_at_all() -> None:
    company = story.a_company()
    partner = a_partner(company)
    product, scarce = a_product(company), a_product(company, "CH-02")
    with company_scope(company):
        move_stock(product=product, quantity=Decimal(10), reason="RECEIPT", actor=story.ACTOR, at=story.AT)
    items = [{"product_id": product.pk, "quantity": 4}, {"product_id": scarce.pk, "quantity": 1}]
    order = an_order(partner, company, items=items)
    partner.post(at(order, "confirm"))
    assert code(partner.post(at(order, "ship"))) == "not_enough_stock"
    assert json_of(partner.get(at(order)))["status"] == "pending"
    assert json_of(partner.get(f"/api/products/{product.pk}"))["on_hand"] == 10
    partner.post(f"/api/products/{scarce.pk}/stock", {"reason": "receipt", "quantity": 1})
    answer = json_of(partner.post(at(order, "ship")))
    assert answer["status"] == "shipped"
    assert answer["shipped_at"]
    assert json_of(partner.get(f"/api/products/{product.pk}"))["on_hand"] == 6
    moves = json_of(partner.get(f"/api/products/{product.pk}/stock"))
    assert (moves[0]["quantity"], moves[0]["reason"], moves[0]["order_id"]) == (-4, "shipment", order["id"])


def test_the_invoice_of_a_shipped_order_is_generated_once() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = an_order(partner, company)
    assert code(partner.post("/api/invoices/generate", {"salesOrderId": order["id"]})) == "order_not_shipped"
    order = shipped(partner, company, purchase_order="PO-9")
    answer = partner.post("/api/invoices/generate", {"salesOrderId": order["id"]})
    assert answer.status_code == 201
    invoice = json_of(answer)
    assert (invoice["status"], invoice["invoice_number"], invoice["total_ttc"]) == ("draft", "", 1440)
    assert (invoice["order_id"], invoice["purchase_order"]) == (order["id"], "PO-9")
    assert invoice["customer_id"] == order["customer_id"]
    assert answer["Location"] == f"/api/invoices/{invoice['id']}"
    again = partner.post("/api/invoices/generate", {"salesOrderId": order["id"]})
    assert code(again) == "already_invoiced"
    assert json_of(again)["invoice_id"] == invoice["id"]
    assert json_of(partner.get(at(order)))["invoice_id"] == invoice["id"]
    assert Invoice.everywhere.count() == 1


def test_a_wholly_credited_invoice_leaves_its_order_to_be_invoiced_again() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = shipped(partner, company)
    body = {"salesOrderId": order["id"]}
    first = json_of(partner.post("/api/invoices/generate", body))["id"]
    assert code(partner.put(f"/api/invoices/{first}", {"kind": "deposit"}), 400) == "invalid"
    with company_scope(company):
        issued = issue_invoice(invoice=Invoice.objects.get(pk=first), actor=story.ACTOR, at=story.AT)
        credit_invoice(invoice=issued, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
    assert json_of(partner.get(at(order)))["invoice_id"] is None
    assert numbers(partner.get(f"{LIST}?invoiced=false")) == [order["order_number"]]
    second = json_of(partner.post("/api/invoices/generate", body))["id"]
    assert json_of(partner.post("/api/invoices/generate", body))["invoice_id"] == second != first
    assert json_of(partner.get(at(order)))["invoice_id"] == second


def test_another_companys_order_does_not_exist() -> None:
    company, other = story.a_company(), story.a_company()
    stranger = shipped(a_partner(other), other)
    partner = a_partner(company)
    answers = [partner.get(at(stranger)), partner.put(at(stranger), {})]
    answers += [partner.post(at(stranger, step)) for step in ("confirm", "ship", "cancel")]
    assert {answer.status_code for answer in answers} == {404}
    answer = partner.post("/api/invoices/generate", {"salesOrderId": stranger["id"]})
    assert answer.status_code == 400
    assert set(json_of(answer)["fields"]) == {"salesOrderId"}
    assert Invoice.everywhere.count() == 0


def test_a_viewer_reads_and_a_key_does_what_its_scopes_say() -> None:
    company = story.a_company()
    order = shipped(a_partner(company), company)
    viewer = a_partner(company, Role.VIEWER)
    assert viewer.get(LIST).status_code == viewer.get(at(order)).status_code == 200
    answers = [viewer.post(LIST, {}), viewer.put(at(order), {})]
    answers += [viewer.post(at(order, step)) for step in ("confirm", "ship", "cancel")]
    answers.append(viewer.post("/api/invoices/generate", {"salesOrderId": order["id"]}))
    assert {answer.status_code for answer in answers} == {403}
    seller = a_machine(company, "orders.edit", "orders.read")
    assert seller.post("/api/invoices/generate", {"salesOrderId": order["id"]}).status_code == 403
    assert code(seller.post(at(order, "cancel"))) == "transition_refused"
    assert a_machine(company, "customers.read").get(LIST).status_code == 403


def test_the_filters_combine() -> None:
    company = story.a_company()
    partner = a_partner(company)
    person = story.a_customer(company, kind=CustomerKind.INDIVIDUAL)
    first = shipped(partner, company, order_date="2026-10-01", customer_id=person.pk)
    second = shipped(partner, company, order_date="2026-11-01")
    third = an_order(partner, company, order_date="2026-11-15", purchase_order="PO-778")
    every = [one["order_number"] for one in (third, second, first)]
    assert numbers(partner.get(LIST)) == every
    assert numbers(partner.get(f"{LIST}?status=shipped")) == every[1:]
    assert numbers(partner.get(f"{LIST}?status=shipped&from_date=2026-10-15&to_date=2026-11-30")) == every[1:2]
    assert numbers(partner.get(f"{LIST}?customer_id={person.pk}")) == every[2:]
    assert numbers(partner.get(f"{LIST}?q=po-77")) == every[:1]
    partner.post("/api/invoices/generate", {"salesOrderId": first["id"]})
    assert numbers(partner.get(f"{LIST}?status=shipped&invoiced=false")) == every[1:2]
    assert numbers(partner.get(f"{LIST}?invoiced=true")) == every[2:]
    assert set(json_of(partner.get(f"{LIST}?status=x&from_date=hier&state=y"))["fields"]) == {
        "status",
        "from_date",
        "state",
    }


def test_paging_visits_each_order_once_and_the_list_leaves_as_csv() -> None:
    company = story.a_company()
    partner = a_partner(company)
    customer = story.a_customer(company)
    made = [an_order(partner, company, customer_id=customer.pk)["order_number"] for _ in range(5)]
    seen, address = [], f"{LIST}?limit=2"
    while address:
        answer = partner.get(address)
        seen += numbers(answer)
        link = next((one for one in answer.headers.get("Link", "").split(", ") if 'rel="next"' in one), "")
        address = link.partition(">")[0][1:].removeprefix("http://testserver")
    assert sorted(seen) == made
    text = b"".join(partner.get(f"{LIST}?format=csv").streaming_content).decode("utf-8-sig")
    assert "1440.00" in text.splitlines()[1]


def test_a_list_costs_the_same_queries_with_thirty_orders_as_with_three() -> None:
    company = story.a_company()
    partner = a_partner(company)
    customer = story.a_customer(company)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert partner.get(LIST).status_code == 200
        return len(queries)

    for _ in range(3):
        an_order(partner, company, customer_id=customer.pk)
    few = cost()
    for _ in range(27):
        an_order(partner, company, customer_id=customer.pk)
    assert cost() == few


def test_the_same_key_writes_one_order_and_ships_it_once() -> None:
    company = story.a_company()
    partner = a_partner(company)
    body = {"customer_id": story.a_customer(company).pk, "items": [ITEM]}
    first, again = partner.post(LIST, body, key="po"), partner.post(LIST, body, key="po")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert partner.post(LIST, {**body, "notes": "x"}, key="po").status_code == 422
    order = json_of(first)
    confirmed = partner.post(at(order, "confirm"), key="c")
    assert partner.post(at(order, "confirm"), key="c").content == confirmed.content
    assert SalesOrder.everywhere.count() == 1


def test_a_change_on_an_old_reading_is_refused() -> None:
    company = story.a_company()
    partner = a_partner(company)
    order = an_order(partner, company)
    tag = partner.get(at(order))["ETag"]
    assert partner.put(at(order), {"notes": "a"}, If_Match=tag).status_code == 200
    assert partner.put(at(order), {"notes": "b"}, If_Match=tag).status_code == 412
