"""The simulated Abby refuses what the published description does not know, and what the real one would not do."""

from __future__ import annotations

import pytest

from einvoicing.formats import cii
from einvoicing.platforms.abby import payloads

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy(abby, deposit):
    return abby.platform.deposit(deposit).remote_id


def test_an_empty_body_is_refused_without_a_word_and_a_call_without_a_key(abby):
    answer = abby.bare("POST", "/organization")
    assert (answer.status_code, answer.content) == (400, b"")
    assert abby.bare("GET", "/v2/company/me", headers={"Authorization": "Bearer nobody"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/billings"),
        ("GET", "/v2/billings?customerId=org_1"),
        ("POST", "/incomeBook"),
        ("GET", "/company"),
        ("PUT", "/v2/billing/invoice/inv_1"),
        ("POST", "/v2/billing/invoice/inv_1/payments"),
        ("POST", "/invoices"),
    ],
)
def test_a_call_that_abby_does_not_publish_leads_nowhere(abby, method, path):
    assert abby.bare(method, path, json={}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("POST", "/organization", {"name": "A", "customerId": "1"}, "customerId should not exist"),
        ("POST", "/organization", {"name": 7}, "name must be a string"),
        ("POST", "/contact", {"firstname": "Claire"}, "lastname should not be null"),
        ("POST", "/organization", {"name": "A", "billingAddress": {"country": "France"}}, "billingAddress.country"),
        ("GET", "/organizations?page=1&limit=10&customerId=1", None, "customerId should not exist"),
        ("GET", "/organizations?page=one&limit=10", None, "page must be a number"),
        ("GET", "/organizations?page=1&limit=10&orderBy=siret", None, "orderBy must be one of"),
        ("GET", "/organizations?limit=10", None, "page should not be null"),
    ],
)
def test_a_field_outside_the_description_is_refused_by_name(abby, method, path, body, word):
    answer = abby.bare(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code == 400
    assert any(word in message for message in answer.json()["message"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"unitPrice": 10.5},
        {"unitPrice": True},
        {"vatCode": "FR_1960"},
        {"designation": ""},
        {"quantityUnit": "furlong"},
        {"totalAmountWithTaxAfterDiscount": 1},
        {"discount": {"mode": "amount", "amount": 1}},
        {"discount": {"mode": "AMOUNT", "amount": 100_000_000}},
    ],
    ids=str,
)
def test_lines_are_held_to_the_description_field_by_field(abby, deposit, copy, wrong):
    (good,) = payloads.lines(cii.parse(deposit.data))["lines"]
    assert abby.bare("PATCH", f"/v2/billing/{copy}/lines", json={"lines": [good | wrong]}).status_code == 400
    assert abby.bare("PATCH", f"/v2/billing/{copy}/lines", json={"lines": [good]}).status_code == 200


def test_the_dates_of_a_copy_are_whole_seconds(abby, copy):
    path = f"/v2/billing/invoice/{copy}/timeline"
    for body in ({"emittedAt": 1.5, "paymentDelay": "at_reception"}, {"emittedAt": 1, "paymentDelay": "other"}):
        assert abby.bare("PATCH", path, json=body).status_code == 400


RECEIPT = {
    "client": "A", "priceWithoutTax": 10000, "priceTotalTax": 12000, "vatAmount": 2000, "reference": "FAC-1 [x]",
    "productType": 1, "paidAt": "2026-11-20T00:00:00+01:00", "paymentMethodUsed": {"value": 1}, "isTaxIncluded": True,
}  # fmt: skip


def test_the_book_takes_money_that_came_in_on_a_day(abby):
    abby.opens_the_book()
    assert abby.bare("POST", "/incomeBook", json=RECEIPT).status_code == 201
    for wrong in (
        {"priceTotalTax": -12000, "priceWithoutTax": -10000},
        {"priceTotalTax": 120.0},
        {"paidAt": ""},
        {"paidAt": None},
        {"paymentMethodUsed": {"value": 12}},
        {"productType": 6},
        {"invoiceId": "1"},
    ):
        assert abby.bare("POST", "/incomeBook", json=RECEIPT | wrong).status_code == 400
    undated = {name: value for name, value in RECEIPT.items() if name != "paidAt"}
    assert abby.bare("POST", "/incomeBook", json=undated).status_code == 400
    assert len(abby.ledger["incomes"]) == 1


def test_what_is_finalized_is_neither_changed_nor_deleted_and_a_draft_is_not_paid(abby, copy):
    assert abby.acts(copy, "pay") == 409
    assert abby.acts(copy, "finalize") == 204
    assert abby.acts(copy, "delete") == 409
    assert abby.bare("DELETE", f"/v2/billing/{copy}").status_code == 400
    assert abby.bare("PATCH", f"/v2/billing/{copy}/title", json={"title": "autre"}).status_code == 400
    assert abby.acts(copy, "pay", amount=20_000) == 204
    assert (abby.copy["state"], abby.copy["total"]["remainingAmountWithTax"]) == ("finalized", 100_000)
    assert abby.acts(copy, "pay", amount=100_000) == 204
    assert abby.copy["state"] == "paid"
