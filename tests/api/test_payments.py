"""Payments by REST as seed 003 prints them, and what accounting makes of its PUT and DELETE."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import Allocation, Payment
from payments.outgoing.refunding import cancel_refund
from payments.outgoing.returning import return_payment
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.factories import money, story

pytestmark = pytest.mark.django_db

TWELVE_HUNDRED = [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))]  # 1,000.00 and VAT: 1,200.00
SEED_BODY = {
    "payment_date": "2026-11-18", "amount": Decimal("600.00"), "payment_method": "card", "reference": "CARD-789",
    "transaction_id": "TXN-456789", "notes": "Paiement partiel",
}  # fmt: skip


@pytest.fixture
def invoice(company: Company) -> Invoice:
    return story.an_issued_invoice(story.a_customer(company, name="Acme Corp"), TWELVE_HUNDRED)


def pay(partner: Partner, invoice: Invoice, amount: str = "600.00", **values: Any) -> Any:
    body = {"invoice_id": invoice.pk, "amount": Decimal(amount), "payment_method": "transfer", **values}
    return partner.post("/api/payments", body, key=True)


# -- the seed ------------------------------------------------------------------------------------------------------


def test_a_payment_is_recorded_as_the_seed_prints_it(partner: Partner, invoice: Invoice) -> None:
    answer = partner.post("/api/payments", {"invoice_id": invoice.pk, **SEED_BODY}, key=True)
    assert answer.status_code == 201
    body = json_of(answer)
    payment = body["payment"]
    assert answer["Location"] == f"/api/payments/{payment['id']}"
    assert {name: payment[name] for name in SEED_BODY} == SEED_BODY
    assert payment["invoice_id"] == invoice.pk
    assert body["invoice"] == {
        "id": invoice.pk,
        "invoice_number": invoice.number,
        "total_ttc": Decimal("1200.00"),
        "total_paid": Decimal("600.00"),
        "balance_due": Decimal("600.00"),
        "status": "sent",
    }
    assert b'"amount":600.00' in answer.content, "amounts are JSON numbers with two decimals"


def test_the_last_payment_makes_the_invoice_paid(partner: Partner, invoice: Invoice) -> None:
    pay(partner, invoice)
    assert json_of(pay(partner, invoice))["invoice"]["status"] == "paid"


def test_the_list_shows_what_the_seed_prints(company: Company, partner: Partner, invoice: Invoice) -> None:
    pay(partner, invoice, "1200.00", reference="VIR-123456", payment_date="2026-11-17")
    answer = partner.get("/api/payments")
    (row,) = json_of(answer)
    with company_scope(company):
        author = Payment.objects.get().pk
    assert row["id"] == author
    assert {
        name: row[name]
        for name in (
            "invoice_id",
            "invoice_number",
            "invoice_total",
            "customer_name",
            "payment_date",
            "amount",
            "payment_method",
            "reference",
        )
    } == {
        "invoice_id": invoice.pk,
        "invoice_number": invoice.number,
        "invoice_total": Decimal("1200.00"),
        "customer_name": "Acme Corp",
        "payment_date": "2026-11-17",
        "amount": Decimal("1200.00"),
        "payment_method": "transfer",
        "reference": "VIR-123456",
    }
    assert row["created_by_name"].startswith("owner-")


def test_a_machine_is_named_by_its_key(company: Company, invoice: Invoice) -> None:
    machine = a_machine(company, "payments.record", "payments.read")
    key = json_of(pay(machine, invoice))["payment"]["id"]
    assert json_of(machine.get(f"/api/payments/{key}"))["created_by_name"] == "ERP"


def test_the_payment_date_is_today_when_none_is_given(partner: Partner, invoice: Invoice) -> None:
    assert json_of(pay(partner, invoice))["payment"]["payment_date"] == local_day(timezone.now()).isoformat()


def test_an_invoice_is_marked_paid_with_its_whole_balance_by_transfer(partner: Partner, invoice: Invoice) -> None:
    pay(partner, invoice, "200.00")
    answer = partner.post(f"/api/invoices/{invoice.pk}/mark-paid", {"payment_reference": "VIR-123456"}, key=True)
    assert answer.status_code == 200
    body = json_of(answer)
    assert (body["payment"]["amount"], body["payment"]["payment_method"]) == (1000, "transfer")
    assert (body["payment"]["reference"], body["invoice"]["status"]) == ("VIR-123456", "paid")


def test_mark_paid_takes_the_seeds_body(partner: Partner, invoice: Invoice) -> None:
    body = {
        "payment_method": "transfer",
        "payment_reference": "VIR-1",
        "payment_date": "2026-11-17",
        "amount": Decimal("1200.00"),
    }
    answer = json_of(partner.post(f"/api/invoices/{invoice.pk}/mark-paid", body, key=True))
    assert (answer["payment"]["payment_date"], answer["invoice"]["balance_due"]) == ("2026-11-17", 0)


def test_less_than_the_balance_leaves_the_invoice_sent(partner: Partner, invoice: Invoice) -> None:
    answer = partner.post(f"/api/invoices/{invoice.pk}/mark-paid", {"amount": Decimal("0.01")}, key=True)
    assert json_of(answer)["invoice"] | {"id": 0, "invoice_number": ""} == {
        "id": 0,
        "invoice_number": "",
        "total_ttc": 1200,
        "total_paid": Decimal("0.01"),
        "balance_due": Decimal("1199.99"),
        "status": "sent",
    }


# -- credit, never lost ---------------------------------------------------------------------------------------------


def test_what_is_beyond_the_balance_is_kept_as_credit_and_said(partner: Partner, invoice: Invoice) -> None:
    body = json_of(pay(partner, invoice, "1250.00"))
    assert (body["payment"]["unallocated"], body["invoice"]["total_paid"]) == (50, 1200)
    assert body["payment"]["allocations"][0]["amount"] == 1200
    assert "50,00" in body["message"]
    assert "crédit" in body["message"]


def test_an_invoice_that_asks_for_nothing_refuses_money(partner: Partner, invoice: Invoice) -> None:
    pay(partner, invoice, "1200.00")
    answer = pay(partner, invoice, "1200.00")
    assert (answer.status_code, json_of(answer)["code"]) == (409, "nothing_outstanding")
    answer = partner.post(f"/api/invoices/{invoice.pk}/mark-paid", {}, key=True)
    assert (answer.status_code, json_of(answer)["code"]) == (409, "nothing_outstanding")


def test_a_draft_takes_no_money(company: Company, partner: Partner) -> None:
    draft = story.a_draft(story.a_customer(company))
    assert json_of(pay(partner, draft))["code"] == "nothing_outstanding"


def test_a_customers_money_is_recorded_without_an_invoice_and_used_later(partner: Partner, invoice: Invoice) -> None:
    body = {"customer_id": invoice.customer_id, "amount": Decimal("500.00"), "payment_method": "check"}
    first = json_of(partner.post("/api/payments", body, key=True))
    assert (first["invoice"], first["payment"]["unallocated"]) == (None, 500)
    url = f"/api/payments/{first['payment']['id']}/allocations"
    used = partner.post(url, {"invoice_id": invoice.pk, "amount": Decimal("400.00")}, key=True)
    assert used.status_code == 201
    assert (json_of(used)["payment"]["unallocated"], json_of(used)["invoice"]["balance_due"]) == (100, 800)
    too_much = partner.post(url, {"invoice_id": invoice.pk, "amount": Decimal("100.01")}, key=True)
    assert (too_much.status_code, json_of(too_much)["code"]) == (409, "not_enough_credit")
    freed = partner.delete(f"{url}/{invoice.pk}", key=True)
    assert (json_of(freed)["payment"]["unallocated"], json_of(freed)["invoice"]["total_paid"]) == (500, 0)
    again = partner.delete(f"{url}/{invoice.pk}", key=True)
    assert (again.status_code, json_of(again)["code"]) == (409, "not_allocated")


def test_one_payment_pays_several_invoices(partner: Partner, invoice: Invoice) -> None:
    other = story.an_issued_invoice(invoice.customer, TWELVE_HUNDRED)
    shares = [
        {"invoice_id": invoice.pk, "amount": Decimal("1200.00")},
        {"invoice_id": other.pk, "amount": Decimal("300.00")},
    ]
    body = {
        "customer_id": invoice.customer_id,
        "amount": Decimal("1500.00"),
        "payment_method": "transfer",
        "allocations": shares,
    }
    payment = json_of(partner.post("/api/payments", body, key=True))["payment"]
    assert {one["invoice_id"]: one["amount"] for one in payment["allocations"]} == {invoice.pk: 1200, other.pk: 300}
    assert payment["invoice_id"] == min(invoice.pk, other.pk), "the oldest debt first"
    for one in (invoice, other):
        assert [row["id"] for row in json_of(partner.get(f"/api/payments?invoice_id={one.pk}"))] == [payment["id"]]


def due(customer: Any, day: date) -> Invoice:
    return story.an_issued_invoice(customer, TWELVE_HUNDRED, due_date=day)


def test_money_of_a_customer_pays_the_oldest_debt_first_where_that_is_asked(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    last, first, second = (due(customer, date(2026, 12, day)) for day in (24, 20, 22))
    due(story.a_customer(company), date(2026, 12, 1))
    story.a_draft(customer)
    body = {
        "customer_id": customer.pk,
        "amount": Decimal("2500.00"),
        "payment_method": "transfer",
        "oldest_first": True,
    }
    answer = partner.post("/api/payments", body, key=True)
    assert answer.status_code == 201, answer.content
    payment = json_of(answer)["payment"]
    assert {one["invoice_id"]: one["amount"] for one in payment["allocations"]} == {
        first.pk: 1200,
        second.pk: 1200,
        last.pk: 100,
    }
    assert payment["unallocated"] == 0
    rest = json_of(partner.post("/api/payments", body, key=True))["payment"]
    assert ([one["invoice_id"] for one in rest["allocations"]], rest["unallocated"]) == ([last.pk], 1400)


def test_what_is_allocated_stands_and_the_rest_goes_to_the_oldest_of_the_others(
    partner: Partner, company: Company
) -> None:
    customer = story.a_customer(company)
    first, second, third = (due(customer, date(2026, 12, day)) for day in (20, 22, 24))
    body = {
        "customer_id": customer.pk,
        "amount": Decimal("1500.00"),
        "payment_method": "transfer",
        "oldest_first": True,
        "allocations": [{"invoice_id": second.pk, "amount": Decimal("50.00")}],
    }
    payment = json_of(partner.post("/api/payments", body, key=True))["payment"]
    assert {one["invoice_id"]: one["amount"] for one in payment["allocations"]} == {
        first.pk: 1200,
        second.pk: 50,
        third.pk: 250,
    }


def test_the_oldest_first_goes_with_a_customer(partner: Partner, invoice: Invoice) -> None:
    assert set(json_of(pay(partner, invoice, oldest_first=True))["fields"]) == {"oldest_first"}


# -- corrections ----------------------------------------------------------------------------------------------------


def test_the_words_of_a_payment_change_freely(partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice, transaction_id="TXN-1", notes="Reçu"))["payment"]["id"]
    body = json_of(partner.put(f"/api/payments/{key}", {"reference": "R2", "notes": "Vu"}))
    assert (body["id"], body["reference"], body["notes"], body["replaces"]) == (key, "R2", "Vu", None)
    assert body["transaction_id"] == "TXN-1"
    assert json_of(partner.put(f"/api/payments/{key}", {"transaction_id": "TXN-2"}))["transaction_id"] == "TXN-2"


def test_what_was_read_may_be_sent_back(partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice))["payment"]["id"]
    read = json_of(partner.get(f"/api/payments/{key}"))
    answer = partner.put(f"/api/payments/{key}", {**read, "notes": "Relu"})
    assert (answer.status_code, json_of(answer)["id"], json_of(answer)["notes"]) == (200, key, "Relu")


@pytest.mark.parametrize(
    "change",
    [{"amount": Decimal("500.00")}, {"payment_date": "2026-11-17"}, {"payment_method": "cash"}],
)
def test_other_figures_are_a_reversal_and_a_new_payment(
    partner: Partner, invoice: Invoice, change: dict[str, Any]
) -> None:
    key = json_of(pay(partner, invoice, reference="R1"))["payment"]["id"]
    body = json_of(partner.put(f"/api/payments/{key}", change))
    assert body["replaces"] == key != body["id"]
    assert {name: body[name] for name in change} == change
    assert (body["reference"], body["invoice_id"]) == ("R1", invoice.pk)
    old = json_of(partner.get(f"/api/payments/{key}"))
    assert (old["status"], old["amount"], old["invoice_id"]) == ("reversed", 600, None)
    invoice.refresh_from_db()
    assert invoice.amount_paid == body["amount"]
    again = partner.put(f"/api/payments/{key}", {"amount": Decimal("1.00")})
    assert (again.status_code, json_of(again)["code"]) == (409, "already_reversed")


def test_a_raised_amount_goes_to_its_invoice_and_the_rest_is_credit(partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice))["payment"]["id"]
    body = json_of(partner.put(f"/api/payments/{key}", {"amount": Decimal("1300.00")}))
    assert (body["allocations"][0]["amount"], body["unallocated"]) == (1200, 100)


def test_credit_left_aside_stays_aside_when_the_date_is_corrected(partner: Partner, invoice: Invoice) -> None:
    body = {
        "customer_id": invoice.customer_id,
        "amount": Decimal("900.00"),
        "payment_method": "transfer",
        "allocations": [{"invoice_id": invoice.pk, "amount": Decimal("500.00")}],
    }
    key = json_of(partner.post("/api/payments", body, key=True))["payment"]["id"]
    changed = json_of(partner.put(f"/api/payments/{key}", {"payment_date": "2026-11-17"}))
    assert (changed["allocations"][0]["amount"], changed["unallocated"]) == (500, 400)
    less = json_of(partner.put(f"/api/payments/{changed['id']}", {"amount": Decimal("300.00")}))
    assert (less["allocations"][0]["amount"], less["unallocated"]) == (300, 0)


def test_a_payment_does_not_change_its_invoice_by_put(partner: Partner, invoice: Invoice) -> None:
    other = story.an_issued_invoice(invoice.customer)
    key = json_of(pay(partner, invoice))["payment"]["id"]
    answer = partner.put(f"/api/payments/{key}", {"invoice_id": other.pk})
    assert (answer.status_code, set(json_of(answer)["fields"])) == (400, {"invoice_id"})
    assert partner.put(f"/api/payments/{key}", {"invoice_id": invoice.pk}).status_code == 200


def test_a_payment_of_the_bank_keeps_the_banks_figures(company: Company, partner: Partner, invoice: Invoice) -> None:
    from payments.services.allocations import Share
    from payments.services.reconciliation import accept_match

    (line,) = money.bank_lines(company, [money.a_credit("1200.00")])
    with company_scope(company):
        match = accept_match(line=line, shares=[Share(invoice, Decimal("1200.00"))], actor=story.ACTOR, at=story.AT)
    url = f"/api/payments/{match.parts.get().payment_id}"
    answer = partner.put(url, {"amount": Decimal("1.00")})
    assert (answer.status_code, json_of(answer)["code"]) == (409, "payment_from_bank")
    assert partner.put(url, {"notes": "Vu"}).status_code == 200
    assert json_of(partner.get(url))["bank_transaction_id"] == line.pk
    assert partner.delete(url).status_code == 200
    line.refresh_from_db()
    assert line.status == "OPEN"


def test_deleting_is_a_reversal_and_the_invoice_owes_again(
    company: Company, partner: Partner, invoice: Invoice
) -> None:
    key = json_of(pay(partner, invoice, "1200.00"))["payment"]["id"]
    answer = partner.delete(f"/api/payments/{key}")
    body = json_of(answer)
    assert (answer.status_code, body["reversal"]["amount"], body["reversal"]["reverses"]) == (200, -1200, key)
    assert (body["payment"]["status"], body["payment"]["reversed_by"]) == ("reversed", body["reversal"]["id"])
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.ISSUED, 1200)
    assert json_of(partner.get("/api/payments")) == []
    assert [row["id"] for row in json_of(partner.get("/api/payments?status=reversed"))] == [key]
    assert len(json_of(partner.get("/api/payments?status=all"))) == 2
    again = partner.delete(f"/api/payments/{key}")
    assert (again.status_code, json_of(again)["code"]) == (409, "already_reversed")
    with company_scope(company):
        assert sum(Allocation.objects.values_list("amount", flat=True)) == 0


def test_a_reversal_says_why(company: Company, partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice))["payment"]["id"]
    answer = partner.post(f"/api/payments/{key}/reversal", {"reason": "Chèque impayé"}, key=True)
    assert answer.status_code == 201
    with company_scope(company):
        assert Payment.objects.get(reverses=key).reversal_reason == "Chèque impayé"


def test_who_read_an_older_version_changes_nothing(partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice))["payment"]["id"]
    tag = partner.get(f"/api/payments/{key}")["ETag"]
    assert partner.put(f"/api/payments/{key}", {"notes": "Un"}, If_Match=tag).status_code == 200
    assert partner.put(f"/api/payments/{key}", {"notes": "Deux"}, If_Match=tag).status_code == 412
    assert partner.delete(f"/api/payments/{key}", If_Match=tag).status_code == 412
    assert json_of(partner.get(f"/api/payments/{key}"))["notes"] == "Un"


# -- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": Decimal("-1.00")}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"amount": 10**15}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"payment_method": "bitcoin"}, "payment_method"),
        ({"payment_method": None}, "payment_method"),
        ({"payment_date": "2999-01-01"}, "payment_date"),
        ({"payment_date": (local_day(timezone.now()) + timedelta(days=2)).isoformat()}, "payment_date"),
        ({"payment_date": "18/11/2026"}, "payment_date"),
        ({"invoice_id": 10**12}, "invoice_id"),
        ({"invoice_id": 10**30}, "invoice_id"),
        ({"invoice_id": None}, "invoice_id"),
        ({"reference": "x" * 141}, "reference"),
        ({"notes": "a\x00b"}, "notes"),
        ({"montant": 1}, "montant"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(
    partner: Partner, invoice: Invoice, change: dict[str, Any], field: str
) -> None:
    answer = (
        pay(partner, invoice, **change)
        if "amount" not in change
        else partner.post("/api/payments", {"invoice_id": invoice.pk, "payment_method": "card", **change}, key=True)
    )
    assert answer.status_code == 400
    assert field in json_of(answer)["fields"]


def test_without_an_invoice_nor_a_customer_the_payment_is_refused(partner: Partner) -> None:
    answer = partner.post("/api/payments", {"amount": 5, "payment_method": "cash"}, key=True)
    assert set(json_of(answer)["fields"]) == {"invoice_id"}


def test_money_moves_only_under_a_key(partner: Partner, invoice: Invoice) -> None:
    body = {"invoice_id": invoice.pk, "amount": 1, "payment_method": "cash"}
    for url, said in [
        ("/api/payments", body),
        (f"/api/invoices/{invoice.pk}/mark-paid", {}),
        ("/api/payments/1/reversal", {}),
    ]:
        answer = partner.post(url, said)
        assert (answer.status_code, json_of(answer)["code"]) == (400, "idempotency_key_required")


def test_the_same_key_gives_the_same_answer_and_one_payment(
    company: Company, partner: Partner, invoice: Invoice
) -> None:
    body = {"invoice_id": invoice.pk, "amount": Decimal("600.00"), "payment_method": "card"}
    first, second = (partner.post("/api/payments", body, key="same") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert first["Location"] == second["Location"]
    other = partner.post("/api/payments", {**body, "amount": Decimal("601.00")}, key="same")
    assert (other.status_code, json_of(other)["code"]) == (422, "idempotency_key_reused")
    with company_scope(company):
        assert Payment.objects.count() == 1


def test_a_deletion_repeated_under_its_key_answers_the_same(partner: Partner, invoice: Invoice) -> None:
    key = json_of(pay(partner, invoice))["payment"]["id"]
    first, second = (partner.delete(f"/api/payments/{key}", key="gone") for _ in range(2))
    assert (first.status_code, second.status_code, first.content) == (200, 200, second.content)


@pytest.mark.parametrize("role", [Role.SALES, Role.VIEWER])
def test_who_may_not_record_money_reads_it_only(company: Company, invoice: Invoice, role: Role) -> None:
    payment = money.a_payment(invoice.customer, "10.00", [(invoice, "10.00")])
    reader = a_partner(company, role)
    assert reader.get("/api/payments").status_code == 200
    assert reader.get(f"/api/payments/{payment.pk}").status_code == 200
    assert pay(reader, invoice).status_code == 403
    assert reader.put(f"/api/payments/{payment.pk}", {"notes": "x"}).status_code == 403
    assert reader.delete(f"/api/payments/{payment.pk}").status_code == 403
    assert reader.post(f"/api/invoices/{invoice.pk}/mark-paid", {}, key=True).status_code == 403
    assert reader.post(f"/api/payments/{payment.pk}/reversal", {}, key=True).status_code == 403


def test_a_key_without_the_scope_is_refused(company: Company, invoice: Invoice) -> None:
    assert a_machine(company, "invoices.read").get("/api/payments").status_code == 403
    assert pay(a_machine(company, "payments.read"), invoice).status_code == 403


def test_another_companys_money_does_not_exist(partner: Partner, company: Company) -> None:
    stranger = story.an_issued_invoice(story.a_customer(story.a_company()))
    theirs = money.a_payment(stranger.customer, "10.00", [(stranger, "10.00")])
    url = f"/api/payments/{theirs.pk}"
    mine = money.a_payment(story.a_customer(company), "10.00")
    answers = [
        partner.get(url),
        partner.put(url, {"notes": "x"}),
        partner.delete(url),
        partner.post(f"{url}/reversal", {}, key=True),
        partner.post(f"/api/invoices/{stranger.pk}/mark-paid", {}, key=True),
        partner.delete(f"/api/payments/{mine.pk}/allocations/{stranger.pk}", key=True),
        partner.get("/api/payments/99999999999999999999"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert set(json_of(pay(partner, stranger))["fields"]) == {"invoice_id"}
    assert json_of(partner.get(f"/api/payments?invoice_id={stranger.pk}")) == []


# -- lists and figures ----------------------------------------------------------------------------------------------


def test_filters_combine(partner: Partner, invoice: Invoice) -> None:
    other = story.an_issued_invoice(invoice.customer, TWELVE_HUNDRED)
    pay(partner, invoice, "10.00", payment_method="card", payment_date="2026-11-16")
    wanted = json_of(pay(partner, invoice, "20.00", payment_method="card", payment_date="2026-11-18"))
    pay(partner, invoice, "30.00", payment_method="cash", payment_date="2026-11-18")
    pay(partner, other, "40.00", payment_method="card", payment_date="2026-11-18")
    pay(partner, invoice, "50.00", payment_method="direct_debit", payment_date="2026-11-19")
    query = f"invoice_id={invoice.pk}&payment_method=card&from_date=2026-11-17&to_date=2026-11-18"
    assert [row["id"] for row in json_of(partner.get(f"/api/payments?{query}"))] == [wanted["payment"]["id"]]
    assert [row["amount"] for row in json_of(partner.get("/api/payments?payment_method=direct_debit"))] == [50]
    assert partner.get("/api/payments?payment_method=gold").status_code == 400
    assert partner.get("/api/payments?methode=card").status_code == 400


def test_an_address_that_is_no_payment_is_a_problem_whatever_the_method(partner: Partner) -> None:
    partner.http = Client(enforce_csrf_checks=True)
    for method in ("GET", "PUT", "DELETE", "POST"):
        answer = partner.call(method, "/api/payments/none", {})
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_pages_visit_each_payment_once(partner: Partner, invoice: Invoice) -> None:
    for day in (16, 17, 17, 17, 18, 18, 19):
        pay(partner, invoice, "1.00", payment_date=f"2026-11-{day}")
    seen, url = [], "/api/payments?limit=3"
    while url:
        answer = partner.get(url)
        seen += [row["id"] for row in json_of(answer)]
        links = dict(reversed(part.split("; ")) for part in answer.get("Link", "").split(", ") if part)
        url = links.get('rel="next"', "").strip("<>").replace("http://testserver", "")
    assert len(seen) == len(set(seen)) == 7


def test_a_list_costs_the_same_queries_whatever_its_length(
    company: Company, partner: Partner, invoice: Invoice, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for rows in (3, 27):
        for _ in range(rows):
            money.a_payment(invoice.customer, "1.00", [(invoice, "1.00")])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(json_of(partner.get("/api/payments"))) >= rows
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_the_list_leaves_as_a_table(partner: Partner, invoice: Invoice) -> None:
    pay(partner, invoice, reference="=1+1")
    text = b"".join(partner.get("/api/payments?format=csv").streaming_content).decode("utf-8-sig")
    head, row = text.splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert (cells["amount"], cells["reference"], cells["invoice_number"]) == ("600.00", "'=1+1", invoice.number)
    xlsx = partner.get("/api/payments?format=xlsx")
    assert b"".join(xlsx.streaming_content).startswith(b"PK")


def test_figures_by_period_and_method_as_the_seed_prints_them(partner: Partner, invoice: Invoice) -> None:
    other = story.an_issued_invoice(invoice.customer, TWELVE_HUNDRED)
    pay(partner, invoice, "100.00", payment_date="2026-10-31")
    pay(partner, invoice, "200.00", payment_date="2026-11-02")
    pay(partner, invoice, "50.01", payment_date="2026-11-08")
    pay(partner, other, "30.00", payment_date="2026-11-09", payment_method="card")
    gone = json_of(pay(partner, other, "999.00", payment_date="2026-11-09"))["payment"]["id"]
    partner.delete(f"/api/payments/{gone}")
    body = json_of(partner.get("/api/payments/stats"))
    assert body == {
        "by_period": [
            {
                "period": "2026-11-01T00:00:00Z",
                "payment_method": "card",
                "payment_count": 1,
                "total_amount": Decimal("30.00"),
            },
            {
                "period": "2026-11-01T00:00:00Z",
                "payment_method": "transfer",
                "payment_count": 2,
                "total_amount": Decimal("250.01"),
            },
            {
                "period": "2026-10-01T00:00:00Z",
                "payment_method": "transfer",
                "payment_count": 1,
                "total_amount": Decimal("100.00"),
            },
        ],
        "total": {
            "total_payments": 4,
            "total_amount": Decimal("380.01"),
            "average_payment": Decimal("95.00"),
            "invoices_paid": 2,
        },
    }

    def periods(period: str) -> list[str]:
        rows = json_of(partner.get(f"/api/payments/stats?period={period}"))["by_period"]
        return sorted({row["period"][:10] for row in rows})

    assert periods("day") == ["2026-10-31", "2026-11-02", "2026-11-08", "2026-11-09"]
    assert periods("week") == ["2026-10-26", "2026-11-02", "2026-11-09"]
    assert periods("year") == ["2026-01-01"]
    assert partner.get("/api/payments/stats?period=decade").status_code == 400
    november = json_of(partner.get("/api/payments/stats?from_date=2026-11-01&to_date=2026-11-30"))["total"]
    assert (november["total_payments"], november["invoices_paid"]) == (3, 2)


def test_what_the_bank_took_back_of_a_payment_is_not_received(company: Company, invoice: Invoice) -> None:
    whole = money.a_payment(invoice.customer, "300.00", [(invoice, "300.00")], method="CHECK")
    part = money.a_payment(invoice.customer, "200.00", method="CHECK")
    with company_scope(company):
        for payment, amount in ((whole, "300.00"), (part, "50.00"), (part, "0.01")):
            last = return_payment(
                payment=payment, amount=Decimal(amount), returned_on=local_day(story.AT), reason="AM04",
                actor=story.ACTOR, at=story.AT,
            )  # fmt: skip
        cancel_refund(refund=last, reason="Erreur", actor=story.ACTOR, at=story.AT)
    body = json_of(a_partner(company).get("/api/payments/stats"))
    [row] = body["by_period"]
    assert (row["payment_count"], row["total_amount"]) == (1, Decimal("150.00"))
    assert (body["total"]["total_payments"], body["total"]["total_amount"]) == (1, Decimal("150.00"))


def test_figures_of_nothing_are_zero(partner: Partner) -> None:
    assert json_of(partner.get("/api/payments/stats")) == {
        "by_period": [],
        "total": {"total_payments": 0, "total_amount": 0, "average_payment": 0, "invoices_paid": 0},
    }
