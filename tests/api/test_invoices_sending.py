"""Issuing, judging, crediting, contesting and downloading invoices by program."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Email, Invoice
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Address
from payments.services.allocations import Share
from payments.services.payments import record_payment
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.test_invoices import a_body, an_item, draft_of
from tests.factories import story

pytestmark = pytest.mark.django_db


def emails(company: Company) -> int:
    with company_scope(company):
        return Email.objects.count()


# -- sending -----------------------------------------------------------------------------------------------------------


def test_sending_a_draft_gives_its_number_and_queues_its_message(
    partner: Partner, company: Company, customer: Any
) -> None:
    draft = draft_of(partner, customer, invoice_number="INV-1", invoice_date="2026-11-02")
    answer = partner.post(f"/api/invoices/{draft['id']}/send", key=True)
    assert answer.status_code == 200, answer.content
    invoice = json_of(answer)
    assert invoice["invoice_number"].startswith("FAC-")
    assert (invoice["external_reference"], invoice["supply_date"]) == ("INV-1", "2026-11-02")
    assert invoice["status"] == "sent"
    assert invoice["issued_at"].endswith("Z")
    assert invoice["payment_reference"].startswith("RF")
    assert emails(company) == 1


def test_sending_wants_a_key_and_its_repeat_sends_nothing_twice(
    partner: Partner, company: Company, customer: Any
) -> None:
    address = f"/api/invoices/{draft_of(partner, customer)['id']}/send"
    refused = partner.post(address)
    assert (refused.status_code, json_of(refused)["code"]) == (400, "idempotency_key_required")
    first, again = (partner.post(address, key="send-1") for _ in range(2))
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert emails(company) == 1


def test_created_as_sent_it_is_issued_at_once_and_a_refusal_leaves_nothing(
    partner: Partner, company: Company, customer: Any
) -> None:
    body = a_body(customer, status="sent")
    assert json_of(partner.post("/api/invoices", body))["code"] == "idempotency_key_required"
    assert json_of(partner.post("/api/invoices", body, key=True))["status"] == "sent"
    unreachable = story.a_customer(company, email="")
    refused = partner.post("/api/invoices", a_body(unreachable, status="sent"), key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_recipient")
    with company_scope(company):
        assert Invoice.objects.count() == 1


def test_what_the_rules_refuse_is_told_rule_by_rule_and_takes_no_number(partner: Partner, customer: Any) -> None:
    draft = draft_of(partner, customer, due_date="2020-01-01")
    verdict = json_of(partner.get(f"/api/invoices/{draft['id']}/preflight"))
    assert not verdict["valid"]
    assert "due_date" in {one["field"] for one in verdict["violations"]}
    refused = partner.post(f"/api/invoices/{draft['id']}/send", key=True)
    problem = json_of(refused)
    assert (refused.status_code, problem["code"]) == (409, "document_invalid")
    assert problem["violations"] == verdict["violations"]
    assert "due_date" in problem["fields"]
    mended = partner.put(f"/api/invoices/{draft['id']}", {"due_date": None})
    assert mended.status_code == 200
    assert json_of(partner.get(f"/api/invoices/{draft['id']}/preflight"))["valid"]
    sent = json_of(partner.post(f"/api/invoices/{draft['id']}/send", key=True))
    assert sent["invoice_number"].endswith("-00001")


def test_a_draft_that_cannot_be_judged_is_not_valid(partner: Partner, company: Company, customer: Any) -> None:
    draft = draft_of(partner, customer)
    with company_scope(company):
        Address.objects.filter(customer=customer).delete()
    verdict = json_of(partner.get(f"/api/invoices/{draft['id']}/preflight"))
    assert (verdict["valid"], verdict["violations"][0]["rule"]) == (False, "no_billing_address")
    refused = partner.post(f"/api/invoices/{draft['id']}/send", key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (400, "no_billing_address")


def test_control_characters_never_break_the_document(partner: Partner, customer: Any) -> None:
    draft = draft_of(partner, customer, an_item(description="a\x01b\u2028c"), notes="x\x0by")
    assert partner.get(f"/api/invoices/{draft['id']}/preflight").status_code == 200
    assert partner.get(f"/api/invoices/{draft['id']}/documents/pdf").status_code == 200


# -- credit notes ------------------------------------------------------------------------------------------------------


def test_a_whole_credit_note_cancels_and_names_its_invoice(partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    address = f"/api/invoices/{invoice.pk}"
    answer = partner.post(f"{address}/credit-notes", {"reason": "Erreur de client"}, key=True)
    assert answer.status_code == 201, answer.content
    note = json_of(answer)
    assert answer["Location"] == f"/api/invoices/{note['id']}"
    assert (note["kind"], note["corrects_id"], note["credit_reason"]) == (
        "credit_note",
        invoice.pk,
        "Erreur de client",
    )
    assert (note["total_ttc"], note["balance_due"], note["payment_status"]) == (invoice.total_gross, 0, None)
    assert note["invoice_number"].startswith("AVO-")
    cancelled = json_of(partner.get(address))
    assert (cancelled["status"], cancelled["total_credited"], cancelled["balance_due"]) == (
        "cancelled",
        invoice.total_gross,
        0,
    )
    assert [row["id"] for row in json_of(partner.get(f"{address}/credit-notes"))] == [note["id"]]
    again = partner.post(f"{address}/credit-notes", {"reason": "Encore"}, key=True)
    assert (again.status_code, json_of(again)["code"]) == (409, "credit_too_large")


def test_quantities_of_lines_are_credited_at_the_price_they_were_billed(partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    address = f"/api/invoices/{invoice.pk}"
    item = json_of(partner.get(address))["items"][0]
    body = {"reason": "Retour", "items": [{"id": item["id"], "quantity": 2}]}
    note = json_of(partner.post(f"{address}/credit-notes", body, key=True))
    assert (note["subtotal_ht"], note["total_ttc"]) == (240, 288)
    assert json_of(partner.get(address))["balance_due"] == invoice.total_gross - 288


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([{"id": 1, "quantity": 1}], "items.1.id"),
        ([{"id": "own", "quantity": 11}], "items.1.quantity"),
        ([{"id": "own", "quantity": 0}], "items.1.quantity"),
        ([{"id": "own", "quantity": -1}], "items.1.quantity"),
        ([{"id": "own", "quantity": 1}, {"id": "own", "quantity": 1}], "items.2.id"),
        ([], "items"),
    ],
)
def test_what_was_not_billed_is_not_credited(
    partner: Partner, customer: Any, items: list[dict[str, Any]], field: str
) -> None:
    invoice = story.an_issued_invoice(customer)
    own = json_of(partner.get(f"/api/invoices/{invoice.pk}"))["items"][0]["id"]
    sent = [{**one, "id": own if one["id"] == "own" else one["id"]} for one in items]
    answer = partner.post(f"/api/invoices/{invoice.pk}/credit-notes", {"reason": "x", "items": sent}, key=True)
    assert (answer.status_code, set(json_of(answer)["fields"])) == (400, {field})


def test_what_was_paid_on_a_credited_invoice_becomes_the_customers_credit(
    partner: Partner, company: Company, customer: Any
) -> None:
    invoice = story.an_issued_invoice(customer)
    with company_scope(company):
        payment = record_payment(
            customer=customer,
            amount=invoice.total_gross,
            method="TRANSFER",
            paid_on=date(2026, 11, 16),
            shares=[Share(invoice, invoice.total_gross)],
            actor=story.ACTOR,
            at=datetime(2026, 11, 17, tzinfo=UTC),
        )
    (shown,) = json_of(partner.get(f"/api/invoices/{invoice.pk}"))["payments"]
    assert (shown["id"], shown["amount"], shown["payment_date"]) == (payment.pk, invoice.total_gross, "2026-11-16")
    partner.post(f"/api/invoices/{invoice.pk}/credit-notes", {"reason": "Annulée"}, key=True)
    after = json_of(partner.get(f"/api/invoices/{invoice.pk}"))
    assert (after["payments"], after["total_paid"]) == ([], 0)
    payment.refresh_from_db()
    assert payment.unallocated == invoice.total_gross


def test_crediting_is_for_accountants_and_never_for_drafts(partner: Partner, company: Company, customer: Any) -> None:
    invoice, draft = story.an_issued_invoice(customer), story.a_draft(customer)
    sales = a_partner(company, Role.SALES)
    assert sales.post(f"/api/invoices/{invoice.pk}/credit-notes", {"reason": "x"}, key=True).status_code == 403
    refused = partner.post(f"/api/invoices/{draft.pk}/credit-notes", {"reason": "x"}, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "nothing_to_credit")
    assert partner.post(f"/api/invoices/{invoice.pk}/credit-notes", {"reason": "x"}).status_code == 400


# -- disputes ----------------------------------------------------------------------------------------------------------


def test_a_dispute_is_opened_and_closed(partner: Partner, customer: Any) -> None:
    address = f"/api/invoices/{story.an_issued_invoice(customer).pk}/disputes"
    opened = json_of(partner.post(address, {"reason": "Deux chaises abîmées"}))
    assert (opened["dispute_reason"], opened["disputed_at"] is None) == ("Deux chaises abîmées", False)
    for _ in range(2):
        closed = json_of(partner.delete(address))
        assert (closed["dispute_reason"], closed["disputed_at"]) == ("", None)
    refused = partner.post(f"/api/invoices/{story.a_draft(customer).pk}/disputes", {"reason": "x"})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "transition_refused")


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "media_type", "start"),
    [
        ("pdf", "application/pdf", b"%PDF-"),
        ("facturx", "application/pdf", b"%PDF-"),
        ("cii", "application/xml", b"<?xml"),
        ("ubl", "application/xml", b"<?xml"),
    ],
)
def test_each_file_is_downloaded_with_its_digest(
    partner: Partner, customer: Any, word: str, media_type: str, start: bytes
) -> None:
    invoice = story.an_issued_invoice(customer)
    address = f"/api/invoices/{invoice.pk}/documents/{word}"
    answer = partner.get(address)
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert content.startswith(start)
    assert answer["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert f'attachment; filename="{invoice.number}.' in answer["Content-Disposition"]
    again = partner.get(address, If_None_Match=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_the_files_are_listed_with_what_is_made(partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    address = f"/api/invoices/{invoice.pk}/documents"
    rows = {row["format"]: row for row in json_of(partner.get(address))}
    assert set(rows) == {"pdf", "facturx", "cii", "ubl"}
    assert {row["sha256"] for row in rows.values()} == {None}
    file = partner.get(rows["facturx"]["url"])
    tag, size = file["ETag"], len(b"".join(file.streaming_content))
    rows = {row["format"]: row for row in json_of(partner.get(address))}
    assert (rows["facturx"]["sha256"], rows["facturx"]["size"]) == (tag.strip('"'), size)
    assert rows["cii"]["sha256"]
    assert rows["ubl"]["sha256"] is None


def test_a_draft_has_a_readable_pdf_and_no_legal_file(company: Company, customer: Any) -> None:
    reader = a_machine(company, "invoices.read")
    address = f"/api/invoices/{story.a_draft(customer).pk}/documents"
    assert [row["format"] for row in json_of(reader.get(address))] == ["pdf"]
    assert reader.get(f"{address}/pdf").status_code == 200
    refused = reader.get(f"{address}/facturx")
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_issued")
    assert reader.get(f"{address}/docx").status_code == 404


def test_an_amount_is_exact_from_the_body_to_the_document(partner: Partner, customer: Any) -> None:
    item = {"description": "Vis", "quantity": Decimal("3.333"), "unit_price": Decimal("0.123456"), "vat_rate": "5.5"}
    draft = draft_of(partner, customer, item)
    assert (draft["items"][0]["unit_price"], draft["items"][0]["quantity"]) == (Decimal("0.123456"), Decimal("3.333"))
    assert (draft["subtotal_ht"], draft["total_vat"], draft["total_ttc"]) == (
        Decimal("0.41"),
        Decimal("0.02"),
        Decimal("0.43"),
    )
