"""Deposits and corrected invoices through the API: from the order to the final invoice, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, SalesOrder
from billing.services.orders import confirm_order, save_order
from config.kernel.models import Company
from config.kernel.roles import Role
from customers.models import Customer
from tests.api.client import Partner, a_partner, json_of
from tests.factories import story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.django_db
LINE = story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))  # 1,200.00 with VAT


def an_order(customer: Customer, *, confirmed: bool = True) -> SalesOrder:
    order = save_order(order=None, customer=customer, values={}, lines=[LINE], actor=ACTOR, at=AT)
    return confirm_order(order=order, actor=ACTOR, at=AT) if confirmed else order


def made(response: Any) -> Any:
    assert response.status_code in (200, 201), response.content
    return json_of(response)


def issued(partner: Partner, draft: Any) -> Any:
    made(partner.post(f"/api/invoices/{draft['id']}/send", key=True))
    return made(partner.get(f"/api/invoices/{draft['id']}"))


def test_an_order_is_billed_by_a_deposit_and_a_final_invoice_that_deducts_it(
    partner: Partner, customer: Customer
) -> None:
    order = an_order(customer)
    deposit = made(partner.post(f"/api/orders/{order.pk}/deposits", {"percent": 30}))
    assert (deposit["kind"], deposit["status"], deposit["total_ttc"]) == ("deposit", "draft", Decimal("360.00"))
    assert deposit["items"][0]["description"].startswith("Acompte de 30 % sur la commande")
    number = issued(partner, deposit)["invoice_number"]
    made(partner.post(f"/api/orders/{order.pk}/ship"))
    final = made(partner.post("/api/invoices/generate", {"salesOrderId": order.pk}))
    assert final["deductions"] == [
        {"deposit_id": deposit["id"], "invoice_number": number, "amount": Decimal("360.00"), "vat": Decimal("60.00")}
    ]
    assert (final["amount_deposited"], final["balance_due"]) == (Decimal("360.00"), Decimal("840.00"))
    assert final["vat_breakdown"] == [
        {
            "vat_category": "S",
            "vat_rate": Decimal("20.00"),
            "base": Decimal("1000.00"),
            "amount": Decimal("200.00"),
            "exemption_code": "",
            "exemption_reason": "",
        }
    ]


def test_deposits_are_chosen_on_a_draft_without_an_order(partner: Partner, customer: Customer) -> None:
    draft = story.a_draft(customer, [LINE])
    address = f"/api/invoices/{draft.pk}/deductions"
    deposit = issued(partner, made(partner.post(f"/api/invoices/{draft.pk}/deposits", {"amount": Decimal("500.00")})))
    (offered,) = made(partner.get(address))
    assert (offered["deposit_id"], offered["is_deducted"]) == (deposit["id"], False)
    chosen = made(partner.put(address, {"deposit_ids": [deposit["id"]]}))
    assert chosen["balance_due"] == Decimal("700.00")
    assert made(partner.get(address))[0]["is_deducted"] is True
    assert made(partner.put(address, {"deposit_ids": []}))["deductions"] == []


def test_how_much_is_said_once_and_within_what_is_left(partner: Partner, customer: Customer) -> None:
    address = f"/api/orders/{an_order(customer).pk}/deposits"
    for body in ({}, {"amount": 10, "percent": 10}):
        refused = partner.post(address, body)
        assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["amount"])
    refused = partner.post(address, {"amount": Decimal("1200.01")})
    assert (refused.status_code, json_of(refused)["code"]) == (400, "deposit_too_large")
    for body in ({"percent": 101}, {"percent": 0}, {"amount": -1}, {"amount": Decimal("0.001")}):
        assert partner.post(address, body).status_code == 400
    before = an_order(customer, confirmed=False)
    refused = partner.post(f"/api/orders/{before.pk}/deposits", {"percent": 30})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_deposit_here")


def test_everything_wrong_with_a_deposit_is_said_at_once(partner: Partner, customer: Customer) -> None:
    address = f"/api/orders/{an_order(customer).pk}/deposits"
    for body, fields in (
        ({"description": ""}, {"description", "amount"}),
        ({"amount": 10, "percent": 500}, {"amount", "percent"}),
        ({"percent": 500}, {"percent"}),
    ):
        assert set(json_of(partner.post(address, body))["fields"]) == fields


def test_a_draft_is_not_asked_for_twice(partner: Partner, customer: Customer) -> None:
    draft = story.a_draft(customer, [LINE])
    address = f"/api/invoices/{draft.pk}/deposits"
    issued(partner, made(partner.post(address, {"percent": 100})))
    refused = partner.post(address, {"percent": 100})
    assert (refused.status_code, json_of(refused)["code"]) == (400, "deposit_too_large")
    assert json_of(refused)["detail"].startswith("Il reste 0,00 € TTC à facturer")
    assert Invoice.everywhere.filter(customer=customer, kind="386").count() == 1


def test_amounts_in_sentences_are_written_in_the_callers_language(partner: Partner, customer: Customer) -> None:
    address = f"/api/orders/{an_order(customer).pk}/deposits"
    french, english = (
        json_of(partner.post(address, {"amount": Decimal("1200.01")}, Accept_Language=language))["detail"]
        for language in ("fr", "en")
    )
    assert "1 200,00 € TTC" in french
    assert "€1,200.00" in english


def test_a_repeat_under_the_same_key_drafts_one_deposit(partner: Partner, customer: Customer) -> None:
    address = f"/api/orders/{an_order(customer).pk}/deposits"
    first = partner.post(address, {"percent": 30}, key="once")
    assert partner.post(address, {"percent": 30}, key="once").content == first.content
    assert Invoice.everywhere.filter(customer=customer).count() == 1


def test_another_companys_deposit_is_not_deducted(partner: Partner, customer: Customer) -> None:
    stranger = story.a_company()
    theirs = story.a_draft(story.a_customer(stranger), [LINE])
    draft = story.a_draft(customer, [LINE])
    address = f"/api/invoices/{draft.pk}/deductions"
    refused = partner.put(address, {"deposit_ids": [theirs.pk]})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "deposit_not_deductible")
    assert json_of(refused)["detail"] == f"Aucun acompte n’a l’identifiant {theirs.pk}."
    unissued = partner.put(address, {"deposit_ids": [story.a_draft(customer, [LINE], kind="386").pk]})
    assert json_of(unissued)["detail"].startswith("Facture d’acompte (brouillon) ne peut pas être déduit ici")
    assert a_partner(stranger).put(address, {"deposit_ids": []}).status_code == 404


def test_what_is_issued_deducts_nothing_more(partner: Partner, customer: Customer) -> None:
    invoice = story.an_issued_invoice(customer, [LINE])
    address = f"/api/invoices/{invoice.pk}/deductions"
    assert made(partner.get(address)) == []
    refused = partner.put(address, {"deposit_ids": []})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "invoice_issued")
    deposit = made(partner.post(f"/api/orders/{an_order(customer).pk}/deposits", {"percent": 10}))
    refused = partner.put(f"/api/invoices/{deposit['id']}/deductions", {"deposit_ids": []})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_deduction_here")


def test_a_corrected_invoice_replaces_the_first_once_it_is_issued(partner: Partner, customer: Customer) -> None:
    first = story.an_issued_invoice(customer, [LINE])
    address = f"/api/invoices/{first.pk}/corrections"
    draft = made(partner.post(address, {"reason": "Quantité erronée"}))
    assert (draft["kind"], draft["corrects_id"], draft["credit_reason"]) == ("corrected", first.pk, "Quantité erronée")
    again = partner.post(address, {"reason": "Encore"})
    assert (again.status_code, json_of(again)["code"]) == (409, "already_corrected")
    item = {name: draft["items"][0][name] for name in ("description", "unit_price", "vat_rate")} | {"quantity": 4}
    made(partner.put(f"/api/invoices/{draft['id']}", {"items": [item]}))
    assert made(partner.get(f"/api/invoices/{first.pk}"))["status"] != "cancelled"
    corrected = issued(partner, draft)
    assert corrected["total_ttc"] == Decimal("480.00")
    replaced = made(partner.get(f"/api/invoices/{first.pk}"))
    assert (replaced["status"], replaced["balance_due"]) == ("cancelled", Decimal("0.00"))


def test_who_may_not_credit_may_not_correct(company: Company, customer: Customer) -> None:
    first = story.an_issued_invoice(customer, [LINE])
    viewer = a_partner(company, Role.VIEWER)
    assert viewer.post(f"/api/invoices/{first.pk}/corrections", {"reason": "x"}).status_code == 403
    assert viewer.post(f"/api/orders/{an_order(customer).pk}/deposits", {"percent": 30}).status_code == 403
