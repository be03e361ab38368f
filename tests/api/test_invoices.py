"""Invoices as partners list, read, write and delete them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.api.client import a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db


def an_item(**values: Any) -> dict[str, Any]:
    return {"description": "Conseil", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": 20, **values}


def a_body(customer: Any, **values: Any) -> dict[str, Any]:
    return {"customer_id": customer.pk, "items": [an_item()], **values}


def test_a_draft_shows_its_amounts_and_no_legal_number() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    answer = a_partner(company).post("/api/invoices", a_body(customer, invoice_number="INV-2024-0001"))
    assert answer.status_code == 201, answer.content
    invoice = json_of(answer)
    assert answer["Location"] == f"/api/invoices/{invoice['id']}"
    assert (invoice["invoice_number"], invoice["external_reference"]) == ("", "INV-2024-0001")
    assert invoice["subtotal_ht"] == 1000
    assert invoice["items"][0]["vat_amount"] == 200
    assert b'"total_ttc":1200.00' in answer.content
