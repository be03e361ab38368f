"""The invoicing contract partners were promised: its own bodies, in its own order, give the answers it prints."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.services.products import save_product
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.api.client import Partner, a_machine, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db

ON_THE_DAY = datetime(2024, 10, 22, 10, 30, tzinfo=UTC)
LIST_FIELDS = (
    "id", "invoice_number", "customer_id", "customer_name", "customer_email", "customer_company", "invoice_date",
    "due_date", "status", "subtotal_ht", "total_vat", "total_ttc", "total_paid", "balance_due", "items_count", "notes",
)  # fmt: skip
ITEM_FIELDS = ("id", "description", "quantity", "unit_price", "vat_rate", "vat_amount", "subtotal", "total")
STATS_FIELDS = {
    "draft_count", "sent_count", "paid_count", "overdue_count", "cancelled_count",
    "total_paid", "total_pending", "total_overdue",
}  # fmt: skip
SCOPES = (
    "invoices.read", "invoices.edit", "invoices.issue", "payments.read", "payments.record", "reminders.send",
    "customers.read",
)  # fmt: skip


@pytest.fixture
def partner(company: Company, monkeypatch: pytest.MonkeyPatch) -> Partner:
    """A program of the company, on a day of the contract."""
    machine = a_machine(company, *SCOPES)
    monkeypatch.setattr(timezone, "now", lambda: ON_THE_DAY)
    return machine


def consulting(customer: Any, **values: Any) -> dict[str, Any]:
    """Step 1 of the contract's workflow."""
    return {
        "invoice_number": "INV-2024-0050",
        "customer_id": customer.pk,
        "invoice_date": "2024-10-22",
        "due_date": "2024-11-22",
        "items": [{"description": "Consulting", "quantity": 5, "unit_price": 200, "vat_rate": 20}],
        **values,
    }


def test_the_whole_workflow_as_printed(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    created = partner.post("/api/invoices", consulting(customer))
    assert created.status_code == 201
    address = f"/api/invoices/{json_of(created)['id']}"

    sent = json_of(partner.post(f"{address}/send", key=True))
    assert (sent["status"], sent["invoice_number"], sent["balance_due"]) == ("sent", "FAC-2024-00001", 1200)
    assert (sent["invoice_date"], sent["due_date"]) == ("2024-10-22", "2024-11-22")

    body: dict[str, Any] = {"invoice_id": sent["id"], "amount": Decimal("600.00")}
    first = partner.post("/api/payments", {**body, "payment_method": "transfer"}, key=True)
    assert first.status_code == 201, first.content
    half = json_of(first)["invoice"]
    assert (half["total_paid"], half["balance_due"], half["status"]) == (600, 600, "sent")
    assert json_of(partner.get(address))["payment_status"] == "partially_paid"

    reminded = partner.post(f"{address}/reminder", {"reminder_type": "email", "subject": "Rappel facture"}, key=True)
    # « si nécessaire »: nothing is due before 22 November, and no reminder goes out
    assert reminded.status_code in {200, 201, 409}, reminded.content

    last = json_of(partner.post("/api/payments", {**body, "payment_method": "card"}, key=True))
    assert last["invoice"]["status"] == "paid"
    whole = json_of(partner.get(address))
    assert (whole["status"], whole["payment_status"], whole["balance_due"]) == ("paid", "paid", 0)
    assert [(one["amount"], one["payment_method"]) for one in whole["payments"]] == [(600, "transfer"), (600, "card")]


def test_the_body_of_a_new_invoice(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    with company_scope(company):
        product = save_product(
            product=None,
            company_id=company.pk,
            actor=story.ACTOR,
            at=story.AT,
            values={"reference": "SITE", "name": "Site web", "is_service": True, "unit_price": Decimal(90)},
        )
    body = {
        "invoice_number": "INV-2024-0001",
        "customer_id": customer.pk,
        "invoice_date": "2024-10-01",
        "due_date": "2024-10-31",
        "status": "draft",
        "notes": "Merci pour votre confiance",
        "terms": "Paiement à 30 jours",
        "items": [
            {
                "description": "Développement site web",
                "quantity": 10,
                "unit_price": Decimal("100.00"),
                "vat_rate": Decimal("20.00"),
                "product_id": product.pk,
            }
        ],
    }
    answer = partner.post("/api/invoices", body)
    assert answer.status_code == 201, answer.content
    invoice = json_of(answer)
    assert (invoice["subtotal_ht"], invoice["total_vat"], invoice["total_ttc"]) == (1000, 200, 1200)
    assert (invoice["invoice_date"], invoice["due_date"]) == ("2024-10-01", "2024-10-31")
    assert invoice["notes"] == "Merci pour votre confiance\n\nPaiement à 30 jours"
    item = invoice["items"][0]
    assert set(ITEM_FIELDS) <= set(item)
    assert (item["vat_amount"], item["subtotal"], item["total"]) == (200, 1000, 1200)
    assert (item["description"], item["product_id"]) == ("Développement site web", product.pk)
    assert b'"quantity":10.00,' in answer.content
    assert b'"total_ttc":1200.00,' in answer.content
    assert invoice["payments"] == []


def test_the_body_of_a_change_also_sends(partner: Partner, company: Company) -> None:
    address = f"/api/invoices/{json_of(partner.post('/api/invoices', consulting(story.a_customer(company))))['id']}"
    body = {
        "invoice_date": "2024-10-01",
        "due_date": "2024-11-01",
        "status": "sent",
        "notes": "Notes mises à jour",
        "items": [
            {"description": "Service 1", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": Decimal("20.00")}
        ],
    }
    changed = partner.put(address, body)
    assert changed.status_code == 200, changed.content
    invoice = json_of(changed)
    assert (invoice["status"], invoice["notes"], invoice["due_date"]) == ("sent", "Notes mises à jour", "2024-11-01")
    assert (invoice["invoice_date"], invoice["supply_date"]) == ("2024-10-22", "2024-10-01")
    assert [one["description"] for one in invoice["items"]] == ["Service 1"]


def test_the_list_and_the_figures_have_the_printed_fields(partner: Partner, company: Company) -> None:
    partner.post("/api/invoices", consulting(story.a_customer(company)))
    (row,) = json_of(partner.get("/api/invoices"))
    assert [name for name in LIST_FIELDS if name not in row] == []
    assert (row["customer_name"], row["items_count"]) == ("Maison Lumière", 1)
    assert set(json_of(partner.get("/api/invoices/stats"))) == STATS_FIELDS


def test_a_draft_is_deleted_with_the_printed_words(partner: Partner, company: Company) -> None:
    address = f"/api/invoices/{json_of(partner.post('/api/invoices', consulting(story.a_customer(company))))['id']}"
    assert json_of(partner.delete(address)) == {"message": "Facture supprimée avec succès"}
    assert partner.get(address).status_code == 404


def test_marking_as_paid_and_paying_with_the_printed_bodies(partner: Partner, company: Company) -> None:
    number = json_of(partner.post("/api/invoices", consulting(story.a_customer(company), status="sent"), key=True))[
        "id"
    ]
    body = {
        "invoice_id": number,
        "payment_date": "2024-10-15",
        "amount": Decimal("600.00"),
        "payment_method": "card",
        "reference": "CARD-789",
        "transaction_id": "TXN-456789",
        "notes": "Paiement partiel",
    }
    answer = partner.post("/api/payments", body, key=True)
    assert answer.status_code == 201, answer.content
    paid = json_of(answer)
    assert (paid["payment"]["invoice_id"], paid["payment"]["amount"]) == (number, 600)
    assert paid["invoice"]["balance_due"] == 600
    body = {
        "payment_method": "transfer",
        "payment_reference": "VIR-123456",
        "payment_date": "2024-10-15",
        "amount": Decimal("600.00"),
    }
    assert partner.post(f"/api/invoices/{number}/mark-paid", body, key=True).status_code in {200, 201}
    assert json_of(partner.get(f"/api/invoices/{number}"))["status"] == "paid"


def test_an_overdue_invoice_is_reminded_with_the_printed_body(
    partner: Partner, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = json_of(partner.post("/api/invoices", consulting(story.a_customer(company), status="sent"), key=True))[
        "id"
    ]
    monkeypatch.setattr(timezone, "now", lambda: datetime(2024, 12, 10, 10, 30, tzinfo=UTC))
    assert json_of(partner.get(f"/api/invoices/{number}"))["status"] == "overdue"
    body = {
        "reminder_type": "email",
        "subject": "Rappel facture INV-2024-0001",
        "message": "Nous vous rappelons que la facture est en attente de paiement.",
    }
    answer = partner.post(f"/api/invoices/{number}/reminder", body, key=True)
    assert answer.status_code in {200, 201}, answer.content
    result = json_of(answer)
    assert result["message"] == "Relance enregistrée avec succès"
    assert (result["reminder"]["invoice_id"], result["reminder"]["reminder_type"]) == (number, "email")


def test_sent_in_another_year_the_printed_due_date_is_refused_at_its_field(company: Company) -> None:
    partner = a_machine(company, *SCOPES)
    number = json_of(partner.post("/api/invoices", consulting(story.a_customer(company))))["id"]
    refused = partner.post(f"/api/invoices/{number}/send", key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "document_invalid")
    assert set(json_of(refused)["fields"]) == {"due_date"}
    assert json_of(partner.get(f"/api/invoices/{number}"))["status"] == "draft"
