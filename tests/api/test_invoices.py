"""Invoices as partners list, read, write and delete them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.exchange import save_rate
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import CustomerKind
from payments.services.allocations import Share
from payments.services.payments import record_payment
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.test_products import a_product
from tests.factories import story
from tests.factories.money import credit_invoice

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


def an_item(**values: Any) -> dict[str, Any]:
    return {"description": "Conseil", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": 20, **values}


def a_body(customer: Any, *items: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"customer_id": customer.pk, "items": list(items) or [an_item()], **values}


def draft_of(partner: Partner, customer: Any, *items: dict[str, Any], **values: Any) -> dict[str, Any]:
    answer = partner.post("/api/invoices", a_body(customer, *items, **values))
    assert answer.status_code == 201, answer.content
    return dict(json_of(answer))


def numbers_of(answer: Any) -> set[Any]:
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in json_of(answer)}


def pay(invoice: Invoice, amount: Decimal, company: Company) -> None:
    with company_scope(company):
        record_payment(
            customer=invoice.customer,
            amount=amount,
            method="TRANSFER",
            paid_on=date(2026, 11, 16),
            shares=[Share(invoice, amount)],
            actor=story.ACTOR,
            at=NOW,
        )


# -- writing -----------------------------------------------------------------------------------------------------------


def test_a_draft_shows_its_amounts_and_no_legal_number(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    answer = partner.post("/api/invoices", a_body(customer, invoice_number="INV-2024-0001"))
    invoice = json_of(answer)
    assert answer["Location"] == f"/api/invoices/{invoice['id']}"
    assert (invoice["invoice_number"], invoice["external_reference"]) == ("", "INV-2024-0001")
    assert (invoice["subtotal_ht"], invoice["total_vat"], invoice["total_ttc"]) == (1000, 200, 1200)
    assert (invoice["kind"], invoice["status"], invoice["payment_status"]) == ("invoice", "draft", "unpaid")
    assert (invoice["customer_type"], invoice["customer_company"]) == ("organisation", "Maison Lumière")
    assert invoice["invoice_date"] is None


def test_vat_is_rounded_once_per_rate_and_not_per_line(partner: Partner, company: Company) -> None:
    items = [an_item(quantity=1, unit_price=Decimal("0.33")) for _ in range(3)]
    invoice = draft_of(partner, story.a_customer(company), *items)
    assert [item["vat_amount"] for item in invoice["items"]] == [Decimal("0.07")] * 3
    assert (invoice["total_vat"], invoice["total_ttc"]) == (Decimal("0.20"), Decimal("1.19"))


def test_an_individual_has_no_company_name(partner: Partner, company: Company) -> None:
    invoice = draft_of(partner, story.a_customer(company, kind=CustomerKind.INDIVIDUAL))
    assert (invoice["customer_name"], invoice["customer_type"]) == ("Ada Lovelace", "individual")
    assert invoice["customer_company"] == ""


def test_a_rate_of_zero_wants_its_reason(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    refused = partner.post("/api/invoices", a_body(customer, an_item(vat_rate=0)))
    assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {"items.1.vat_category"})
    invoice = draft_of(partner, customer, an_item(vat_rate=0, vat_category="AE"))
    assert (invoice["total_vat"], invoice["total_ttc"]) == (0, 1000)


def test_a_company_under_the_exemption_refuses_vat_and_needs_no_reason() -> None:
    company = story.a_company(vat_regime="FRANCHISE")
    partner, customer = a_partner(company), story.a_customer(company)
    refused = partner.post("/api/invoices", a_body(customer))
    assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {"items.1.vat_rate"})
    assert draft_of(partner, customer, an_item(vat_rate=0))["total_ttc"] == 1000


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"quantity": 0}, "items.1.quantity"),
        ({"quantity": "many"}, "items.1.quantity"),
        ({"unit_price": -1}, "items.1.unit_price"),
        ({"vat_rate": 21}, "items.1.vat_rate"),
        ({"vat_rate": 20, "vat_category": "AE"}, "items.1.vat_rate"),
        ({"description": ""}, "items.1.description"),
        ({"description": "a\x00b"}, "items.1.description"),
        ({"discount_percent": 101}, "items.1.discount_percent"),
        ({"quantity": 10**20}, "items.1.quantity"),
        ({"quantity": 10**9, "unit_price": 10**9}, "items.1.unit_price"),
        ({"prix": 3}, "items.1.prix"),
        ({"product_id": 10**30}, "items.1.product_id"),
    ],
)
def test_a_wrong_line_is_refused_at_its_field(
    partner: Partner, company: Company, item: dict[str, Any], field: str
) -> None:
    answer = partner.post("/api/invoices", a_body(story.a_customer(company), an_item(**item)))
    assert (answer.status_code, list(json_of(answer)["fields"])) == (400, [field])
    with company_scope(company):
        assert not Invoice.objects.exists()


def test_everything_wrong_with_a_body_is_said_at_once(partner: Partner) -> None:
    body = {"customer_id": 1, "due_date": "0800-01-01", "status": "paid", "items": [{"quantity": 1}], "total": 3}
    fields = set(json_of(partner.post("/api/invoices", body))["fields"])
    assert {"customer_id", "due_date", "status", "total", "items.1.description", "items.1.unit_price"} <= fields


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ({"quantity": "a", "vat_rate": 33}, {"quantity", "description", "unit_price", "vat_rate"}),
        (
            {"quantity": "a", "vat_rate": 0, "price": 1},
            {"quantity", "description", "unit_price", "vat_category", "price"},
        ),
        ({"description": "", "vat_rate": "x", "unit_price": 1}, {"quantity", "description", "vat_rate"}),
        ({"vat_category": "E", "vat_rate": 20, "unit_price": 1, "description": "x"}, {"quantity", "vat_rate"}),
        ({"quantity": "a", "product_id": 10**6}, {"quantity", "product_id"}),
        ({"quantity": "a", "product_id": 10**6, "vat_rate": 33}, {"quantity", "product_id", "vat_rate"}),
    ],
)
def test_what_is_wrong_between_the_fields_of_a_line_does_not_wait(
    partner: Partner, company: Company, item: dict[str, Any], fields: set[str]
) -> None:
    answer = partner.post("/api/invoices", a_body(story.a_customer(company), an_item(), item))
    assert answer.status_code == 400
    assert set(json_of(answer)["fields"]) == {f"items.2.{name}" for name in fields}


def test_a_line_with_a_product_is_judged_with_what_the_product_says(partner: Partner, company: Company) -> None:
    product = a_product(company)
    answer = partner.post("/api/invoices", a_body(story.a_customer(company), {"product_id": product.pk}))
    assert set(json_of(answer)["fields"]) == {"items.1.quantity"}


def test_a_negative_total_is_refused(partner: Partner, company: Company) -> None:
    answer = partner.post("/api/invoices", a_body(story.a_customer(company), an_item(quantity=-1)))
    assert (answer.status_code, json_of(answer)["code"]) == (400, "total_negative")


def test_a_line_takes_from_its_product_what_is_not_said(partner: Partner, company: Company) -> None:
    from billing.services.products import save_product

    with company_scope(company):
        product = save_product(
            product=None,
            company_id=company.pk,
            actor=story.ACTOR,
            at=story.AT,
            values={"reference": "C", "name": "Conseil", "is_service": True, "unit_price": Decimal(90), "unit": "HUR"},
        )
    invoice = draft_of(partner, story.a_customer(company), {"product_id": product.pk, "quantity": 2})
    item = invoice["items"][0]
    assert (item["description"], item["unit"], item["is_service"]) == ("Conseil", "HUR", True)
    assert invoice["total_ttc"] == 216


def test_the_same_key_writes_one_draft_and_another_body_is_refused(partner: Partner, company: Company) -> None:
    body = a_body(story.a_customer(company))
    first, again = (partner.post("/api/invoices", body, key="k-1") for _ in range(2))
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert partner.post("/api/invoices", {**body, "notes": "x"}, key="k-1").status_code == 422
    with company_scope(company):
        assert Invoice.objects.count() == 1


def test_what_a_change_does_not_name_stays(partner: Partner, company: Company) -> None:
    invoice = draft_of(partner, story.a_customer(company), notes="Merci", purchase_order="PO-1", terms="À 30 jours")
    address = f"/api/invoices/{invoice['id']}"
    changed = json_of(partner.put(address, {"due_date": "2027-01-31"}))
    assert (changed["due_date"], changed["purchase_order"], changed["total_ttc"]) == ("2027-01-31", "PO-1", 1200)
    assert changed["notes"] == "Merci\n\nÀ 30 jours"
    # said again, the terms are not printed twice
    assert json_of(partner.put(address, {"terms": "À 30 jours"}))["notes"] == "Merci\n\nÀ 30 jours"
    replaced = json_of(partner.put(address, {"items": [an_item(quantity=1)], "notes": ""}))
    assert (replaced["total_ttc"], replaced["notes"], replaced["items_count"]) == (240, "", 1)


def test_a_draft_read_can_be_sent_back_as_it_is(partner: Partner, company: Company) -> None:
    invoice = draft_of(partner, story.a_customer(company), invoice_number="INV-7", invoice_date="2026-11-02")
    answer = partner.put(f"/api/invoices/{invoice['id']}", invoice)
    assert answer.status_code == 200, answer.content
    same = {name: value for name, value in json_of(answer).items() if name != "items"}
    assert same == {name: value for name, value in invoice.items() if name != "items"}


def test_a_change_on_an_old_version_is_refused(partner: Partner, company: Company) -> None:
    invoice = draft_of(partner, story.a_customer(company))
    address = f"/api/invoices/{invoice['id']}"
    tag = partner.get(address)["ETag"]
    changed = partner.put(address, {"notes": "un"}, If_Match=tag)
    assert (changed.status_code, changed["ETag"]) == (200, partner.get(address)["ETag"])
    assert partner.put(address, {"notes": "deux"}, If_Match=tag).status_code == 412
    assert partner.delete(address, If_Match=tag).status_code == 412
    assert partner.delete(address, If_Match=changed["ETag"]).status_code == 200


def test_an_issued_invoice_changes_its_internal_notes_alone(partner: Partner, company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    address = f"/api/invoices/{invoice.pk}"
    noted = partner.put(address, {"internal_notes": "Appelé lundi"})
    assert (noted.status_code, json_of(noted)["internal_notes"]) == (200, "Appelé lundi")
    for answer in (
        partner.put(address, {"notes": "x"}),
        partner.put(address, {"due_date": "2027-01-01"}),
        partner.delete(address),
    ):
        problem = json_of(answer)
        assert (answer.status_code, problem["code"]) == (409, "invoice_issued")
        assert problem["use"] == f"POST /api/invoices/{invoice.pk}/credit-notes"
    assert json_of(partner.get(address))["notes"] == ""


def test_roles_and_scopes_decide_who_writes(company: Company) -> None:
    customer = story.a_customer(company)
    viewer, reader = a_partner(company, Role.VIEWER), a_machine(company, "invoices.read")
    writer = a_machine(company, "invoices.read", "invoices.edit")
    for one in (viewer, reader):
        assert one.get("/api/invoices").status_code == 200
        assert one.post("/api/invoices", a_body(customer)).status_code == 403
    assert a_machine(company, "customers.read").get("/api/invoices").status_code == 403
    invoice = draft_of(writer, customer)
    # writing is not issuing
    assert writer.post("/api/invoices", a_body(customer, status="sent"), key=True).status_code == 403
    assert writer.put(f"/api/invoices/{invoice['id']}", {"status": "sent"}).status_code == 403
    assert writer.post(f"/api/invoices/{invoice['id']}/send", key=True).status_code == 403


def test_another_companys_invoice_and_customer_do_not_exist(partner: Partner, company: Company) -> None:
    stranger = story.a_company()
    theirs = story.a_customer(stranger)
    address = f"/api/invoices/{story.a_draft(theirs).pk}"
    assert partner.get(address).status_code == 404
    assert partner.put(address, {"notes": "x"}).status_code == 404
    assert partner.delete(address).status_code == 404
    for route, body in (("send", None), ("credit-notes", {"reason": "x"}), ("disputes", {"reason": "x"})):
        assert partner.post(f"{address}/{route}", body, key=True).status_code == 404
    for route in ("preflight", "documents", "documents/pdf", "credit-notes"):
        assert partner.get(f"{address}/{route}").status_code == 404
    answer = partner.post("/api/invoices", a_body(theirs))
    assert (answer.status_code, set(json_of(answer)["fields"])) == (400, {"customer_id"})
    assert json_of(partner.get("/api/invoices")) == []


# -- lists and figures -------------------------------------------------------------------------------------------------


@pytest.fixture
def several(company: Company, monkeypatch: pytest.MonkeyPatch) -> dict[str, Invoice]:
    """One invoice in each state, on 16 November 2026."""
    customer = story.a_customer(company, name="Durand")
    soon, past = date(2026, 12, 16), date(2026, 11, 10)
    long_ago = NOW - timedelta(days=30)
    found = {
        "draft": story.a_draft(customer, external_reference="EXT-9"),
        "overdue": story.an_issued_invoice(customer, at=long_ago, due_date=past),
        "sent": story.an_issued_invoice(customer, due_date=soon),
        "partial": story.an_issued_invoice(customer, due_date=soon),
        "paid": story.an_issued_invoice(customer, due_date=soon),
        "cancelled": story.an_issued_invoice(customer, due_date=soon),
        "other": story.an_issued_invoice(story.a_customer(company, name="Autre"), due_date=soon),
    }
    pay(found["partial"], Decimal("100.00"), company)
    pay(found["paid"], found["paid"].total_gross, company)
    with company_scope(company):
        found["note"] = credit_invoice(
            invoice=found["cancelled"], parts=None, reason="Erreur", actor=story.ACTOR, at=NOW
        )
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return found


@pytest.fixture
def reader(company: Company) -> Partner:
    return a_machine(company, "invoices.read")


FILTERS = {
    "": {"draft", "overdue", "sent", "partial", "paid", "cancelled", "other"},
    "status=draft": {"draft"},
    "status=sent": {"sent", "partial", "other"},
    "status=overdue": {"overdue"},
    "status=paid": {"paid"},
    "status=cancelled": {"cancelled"},
    "overdue=true": {"overdue"},
    "payment_status=unpaid": {"draft", "overdue", "sent", "other"},
    "payment_status=partially_paid": {"partial"},
    "payment_status=paid": {"paid"},
    "from_date=2026-11-01": {"sent", "partial", "paid", "cancelled", "other"},
    "to_date=2026-11-01": {"overdue"},
    "from_date=2026-11-01&to_date=2026-11-30&status=paid": {"paid"},
    "q=durand&status=sent&payment_status=unpaid": {"sent"},
    "q=EXT-9": {"draft"},
    "kind=credit_note": {"note"},
    "status=overdue&overdue=true&q=autre": set(),
}


def test_filters_combine(reader: Partner, several: dict[str, Invoice]) -> None:
    keys = {invoice.pk: name for name, invoice in several.items()}
    found = {query: {keys[pk] for pk in numbers_of(reader.get(f"/api/invoices?{query}"))} for query in FILTERS}
    assert found == FILTERS


def test_each_row_says_the_status_it_is_found_by(reader: Partner, several: dict[str, Invoice]) -> None:
    for kind in ("", "&kind=credit_note"):
        for status in ("draft", "sent", "paid", "overdue", "cancelled"):
            for row in json_of(reader.get(f"/api/invoices?status={status}{kind}")):
                assert row["status"] == status
                parts = row["total_paid"] + row["total_credited"] + row["amount_deposited"] + row["balance_due"]
                assert parts == row["total_ttc"] or row["kind"] == "credit_note"
        for status in ("unpaid", "partially_paid", "paid"):
            rows = json_of(reader.get(f"/api/invoices?payment_status={status}{kind}"))
            assert {row["payment_status"] for row in rows} <= {status}


def test_a_customer_is_a_filter_and_an_unknown_parameter_a_mistake(
    reader: Partner, several: dict[str, Invoice]
) -> None:
    customer = several["other"].customer_id
    assert numbers_of(reader.get(f"/api/invoices?customer_id={customer}")) == {several["other"].pk}
    answer = reader.get("/api/invoices?statut=paid&from_date=hier&status=late&customer_id=x")
    assert (answer.status_code, set(json_of(answer)["fields"])) == (
        400,
        {"statut", "from_date", "status", "customer_id"},
    )


def test_the_figures_are_those_of_the_lists(reader: Partner, several: dict[str, Invoice]) -> None:
    figures = json_of(reader.get("/api/invoices/stats"))
    total = several["sent"].total_gross
    assert figures == {
        "draft_count": 1,
        "sent_count": 3,
        "paid_count": 1,
        "overdue_count": 1,
        "cancelled_count": 1,
        "total_paid": total + 100,
        "total_pending": 4 * total - 100,
        "total_overdue": total,
    }


def test_pages_visit_each_row_once(reader: Partner, several: dict[str, Invoice]) -> None:
    seen: list[Any] = []
    address = "/api/invoices?limit=2"
    while address:
        answer = reader.get(address)
        seen += [row["id"] for row in json_of(answer)]
        links = dict(reversed(link.split("; rel=")) for link in answer.get("Link", "").split(", ") if link)
        address = links.get('"next"', "").strip("<>").removeprefix("http://testserver")
    assert len(seen) == len(set(seen)) == 7


def test_a_list_costs_the_same_queries_whatever_its_rows(company: Company, reader: Partner) -> None:
    customer = story.a_customer(company)
    reader.get("/api/invoices")  # notes that the key is used
    counts = []
    for more in (3, 27):
        for _ in range(more):
            story.a_draft(customer)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reader.get("/api/invoices")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_invoice_costs_the_same_queries_whatever_its_lines(company: Company, reader: Partner) -> None:
    customer = story.a_customer(company)
    reader.get("/api/invoices")  # notes that the key is used
    counts = []
    for lines in (1, 30):
        invoice = story.a_draft(customer, [story.a_line()] * lines)
        with CaptureQueriesContext(connection) as queries:
            reader.get(f"/api/invoices/{invoice.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_list_is_exported_whole(reader: Partner, several: dict[str, Invoice]) -> None:
    answer = reader.get("/api/invoices?format=csv&status=sent&limit=1")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,invoice_number,")
    assert len(lines) == 4
    answer = reader.get("/api/invoices?format=xlsx")
    assert answer["Content-Type"].startswith("application/vnd.openxmlformats")
    assert b"".join(answer.streaming_content).startswith(b"PK")


def test_the_status_follows_the_day(company: Company, reader: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company), due_date=date(2026, 11, 30))
    words = []
    for day in (30, 31):
        moment = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=day - 1)
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        words.append(json_of(reader.get(f"/api/invoices/{invoice.pk}"))["status"])
    assert words == ["sent", "overdue"]


# -- other currencies --------------------------------------------------------------------------------------------------


def test_a_draft_in_dollars_is_issued_at_the_rate_of_the_day_and_refused_without_one(
    partner: Partner, company: Company, customer: Any
) -> None:
    draft = draft_of(partner, customer, currency="USD")
    assert draft["currency"] == "USD"
    refused = partner.post(f"/api/invoices/{draft['id']}/send", key=True)
    assert json_of(refused)["code"] == "unknown_exchange_rate"
    with company_scope(company):
        day = local_day(timezone.now())
        given = {"base": "EUR", "currency": "USD", "day": day, "rate": Decimal("1.25"), "source": "BCE"}
        save_rate(company=company, actor=story.ACTOR, at=timezone.now(), **given)
    invoice = json_of(partner.post(f"/api/invoices/{draft['id']}/send", key=True))
    shown = [invoice[name] for name in ("accounting_currency", "exchange_rate", "exchange_day", "exchange_source")]
    assert shown == ["EUR", Decimal("1.25"), day.isoformat(), "BCE"]
    assert invoice["accounting_vat"] == (Decimal(str(invoice["total_vat"])) / Decimal("1.25")).quantize(Decimal("0.01"))
