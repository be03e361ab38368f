"""Purchases and suppliers over REST: recorded once, corrected, checked, contested; what a machine may never decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.purchases.models import PurchaseInvoice, SupplierIban
from config.kernel.models import Company
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.factories import purchases, story

pytestmark = pytest.mark.django_db

LIST = "/api/purchases"
ITEM = {"description": "Ramettes", "amount_ht": Decimal("100.00"), "vat_rate": 20, "account": "606400"}
VAT = {"rate": 20, "base": Decimal("100.00"), "amount": Decimal("20.00")}


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)


def recorded(partner: Partner, company: Company, **values: Any) -> dict[str, Any]:
    supplier = values.pop("supplier_id", None) or purchases.a_supplier(company).pk
    totals = {"total_ht": Decimal("100.00"), "total_vat": Decimal("20.00"), "total_ttc": Decimal("120.00")}
    body = {"supplier_id": supplier, "number": "F-1", "issue_date": "2026-11-10", "items": [ITEM], "vat": [VAT]}
    answer = partner.call("POST", LIST, {**body, **totals, **values}, key=True)
    assert answer.status_code == 201, answer.content
    return json_of(answer)


def at(purchase: dict[str, Any], step: str = "") -> str:
    return f"{LIST}/{purchase['id']}" + (f"/{step}" if step else "")


def test_a_purchase_is_recorded_once_checked_and_booked(partner: Partner, company: Company) -> None:
    supplier = purchases.a_supplier(company)
    made = recorded(partner, company, supplier_id=supplier.pk)
    assert made["status"] == "to_check"
    assert made["items"][0]["regime"] == "goods"
    again = {"supplier_id": supplier.pk, "number": "F-1", "issue_date": "2026-11-10", "items": [ITEM], "vat": [VAT]}
    totals = {"total_ht": 100, "total_vat": 20, "total_ttc": 120}
    refused = partner.call("POST", LIST, again | totals, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "purchase_exists")
    done = json_of(partner.post(at(made, "check")))
    assert (done["status"], done["balance_due"]) == ("booked", 120)
    late = partner.put(at(made), {"number": "F-2"})
    assert (late.status_code, json_of(late)["code"]) == (409, "purchase_not_open")


def test_an_invoice_below_zero_is_a_credit_note_with_its_lines(partner: Partner, company: Company) -> None:
    below = {"total_ht": Decimal("-100.00"), "total_vat": Decimal("-20.00"), "total_ttc": Decimal("-120.00")}
    item = {**ITEM, "amount_ht": Decimal("-100.00"), "quantity": -2}
    row = {**VAT, "base": Decimal("-100.00"), "amount": Decimal("-20.00")}
    made = recorded(partner, company, **below, items=[item], vat=[row])
    assert (made["kind"], made["total_ttc"], made["doubts"]) == ("credit_note", 120, [])
    assert (made["items"][0]["amount_ht"], made["items"][0]["quantity"]) == (100, 2)


@pytest.mark.parametrize(
    ("period", "field"),
    [
        ({"starts_on": "2026-12-31", "ends_on": "2026-01-01"}, "ends_on"),
        ({"ends_on": "2026-12-31"}, "starts_on"),
    ],
)
def test_a_period_has_both_ends_in_their_order(
    partner: Partner, company: Company, period: dict[str, str], field: str
) -> None:
    made = recorded(partner, company)
    refused = partner.put(at(made), {"items": [{**ITEM, **period}]})
    assert refused.status_code == 400, refused.content
    assert field in str(json_of(refused)["fields"])


def test_what_is_refused_is_named_as_it_was_sent(partner: Partner, company: Company) -> None:
    made = recorded(partner, company)
    assert set(json_of(partner.put(at(made), {"total_ttc": 1}))["fields"]) == {"total_ttc"}
    partner.post(at(made, "check"))
    paid = {"purchases": [{"purchase_id": made["id"]}], "payment_date": "2199-01-01"}
    refused = partner.call("POST", "/api/supplier-payments", paid, key=True)
    assert set(json_of(refused)["fields"]) == {"payment_date"}


def test_what_the_sums_do_not_hold_is_said_as_a_doubt_and_goes_no_further(partner: Partner, company: Company) -> None:
    made = recorded(partner, company, total_ttc=Decimal("130.00"), total_ht=Decimal("110.00"))
    assert "sums" in made["doubts"]
    refused = partner.post(at(made, "check"))
    assert (refused.status_code, json_of(refused)["code"]) == (409, "open_doubts")
    assert [row["id"] for row in json_of(partner.get(f"{LIST}?doubtful=true"))] == [made["id"]]


def test_a_key_approves_nothing(company: Company) -> None:
    machine = a_machine(company, "purchases.approve", "purchases.edit", "purchases.read")
    made = recorded(machine, company)
    PurchaseInvoice.everywhere.filter(pk=made["id"]).update(status="TO_APPROVE")
    refused = machine.post(at(made, "approve"))
    assert (refused.status_code, json_of(refused)["code"]) == (403, "person_needed")


def test_a_refusal_and_a_dispute_bear_a_code_of_the_list(partner: Partner, company: Company) -> None:
    made = recorded(partner, company)
    wrong = partner.post(at(made, "refuse"), {"code": "PARCE_QUE", "reason": "Non"})
    assert set(json_of(wrong)["fields"]) == {"code"}
    contested = json_of(partner.post(at(made, "dispute"), {"code": "QTE_ERR", "reason": "Deux cartons manquent"}))
    assert contested["is_disputed"]
    assert not json_of(partner.delete(at(made, "dispute")))["is_disputed"]
    refused = json_of(partner.post(at(made, "refuse"), {"code": "DOUBLON", "reason": "Déjà reçue"}))
    assert (refused["status"], refused["refusal_code"]) == ("refused", "DOUBLON")


def test_an_account_told_by_a_machine_waits_for_a_person(partner: Partner, company: Company) -> None:
    supplier = json_of(partner.post("/api/suppliers", {"name": "Imprimerie Nord", "rule": {"account": "623000"}}))
    address = f"/api/suppliers/{supplier['id']}/ibans"
    told = json_of(partner.post(address, {"iban": story.SECOND_IBAN}))
    assert told["state"] == "to_confirm"
    assert [row["iban"] for row in json_of(partner.get(address))] == [story.SECOND_IBAN]
    assert not SupplierIban.everywhere.get().is_confirmed
    assert partner.put(f"{address}/{told['id']}/confirm", {}).status_code == 404


def test_what_no_purchase_can_say_is_refused_at_its_field(partner: Partner, company: Company) -> None:
    made = recorded(partner, company)
    for body, field in (
        ({"currency": "ZZZ"}, "currency"),
        ({"currency": "FRF"}, "currency"),
        ({"iban": "FR7630006000011234567890188"}, "iban"),
        ({"items": [{**ITEM, "account": "706000"}]}, "items.1.account"),
        ({"items": [{**ITEM, "account": "421000"}]}, "items.1.account"),
        ({"items": [{**ITEM, "starts_on": "2026-01-01", "ends_on": "2199-01-01"}]}, "items.1.ends_on"),
    ):
        refused = partner.put(at(made), body)
        assert refused.status_code == 400, body
        assert list(json_of(refused)["fields"]) == [field], json_of(refused)
    spaced = partner.put(at(made), {"iban": "FR76 3000 6000 0112 3456 7890 189", "currency": "USD"})
    assert (spaced.status_code, json_of(spaced)["iban"]) == (200, "FR7630006000011234567890189")
    asset = partner.put(at(made), {"items": [{**ITEM, "account": "218300"}]})
    assert (asset.status_code, json_of(asset)["items"][0]["account"]) == (200, "218300")
