"""The bank by REST: statements that come in, what the evidence proposes, what a partner accepts and takes back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus, JournalLine
from config.kernel.clock import PARIS, local_day
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import BankLine, BankStatement, Payment
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.factories import money, story

pytestmark = pytest.mark.django_db

TWELVE_HUNDRED = [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def invoice(company: Company) -> Invoice:
    return story.an_issued_invoice(story.a_customer(company, name="Maison Lumière"), TWELVE_HUNDRED)


def upload(partner: Partner, account_id: int, data: bytes, name: str = "releve.xml", **headers: str) -> Any:
    file = SimpleUploadedFile(name, data, content_type="application/xml")
    sent = {**partner.headers, **headers}
    return partner.http.post(f"/api/bank-accounts/{account_id}/statements", {"file": file}, headers=sent)


# -- accounts and statements ----------------------------------------------------------------------------------------


def test_an_iban_is_whole_only_for_who_may_reconcile(company: Company, partner: Partner) -> None:
    account = money.a_bank_account(company)
    (row,) = json_of(partner.get("/api/bank-accounts"))
    assert (row["id"], row["iban"], row["imported_at"], row["is_stale"]) == (account.pk, story.IBAN, None, True)
    (masked,) = json_of(a_partner(company, Role.VIEWER).get("/api/bank-accounts"))
    assert masked["iban"] == "FR76 … 0189"
    (machine,) = json_of(a_machine(company, "bank.read").get("/api/bank-accounts"))
    assert machine["iban"] == "FR76 … 0189"
    assert a_partner(company, Role.SALES).get("/api/bank-accounts").status_code == 403


def test_a_statement_is_imported_once(company: Company, partner: Partner) -> None:
    account = money.a_bank_account(company)
    data = money.a_statement_file(company, [money.a_credit("10.00"), money.a_credit("20.00")])
    first = upload(partner, account.pk, data)
    assert first.status_code == 201
    body = json_of(first)
    assert (body["file"], body["already_imported"], body["line_count"], body["new_count"]) == (
        "releve.xml",
        False,
        2,
        2,
    )
    assert body["statements"][0]["closing_balance"] == Decimal("1030.00")
    again = json_of(upload(partner, account.pk, data, name="autre.xml"))
    assert (again["already_imported"], again["new_count"]) == (True, 0)
    assert [row["id"] for row in json_of(partner.get(f"/api/statements?account_id={account.pk}"))] == [
        body["statements"][0]["id"]
    ]
    assert json_of(partner.get("/api/statements?account_id=1")) == []


def test_an_upload_repeated_under_its_key_answers_the_same(company: Company, partner: Partner) -> None:
    account = money.a_bank_account(company)
    data = money.a_statement_file(company, [money.a_credit("10.00")])
    first, second = (upload(partner, account.pk, data, **{"Idempotency-Key": "up"}) for _ in range(2))
    assert (first.status_code, second.status_code, first.content) == (201, 201, second.content)
    other = upload(partner, account.pk, data + b"\n", **{"Idempotency-Key": "up"})
    assert other.status_code == 422


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
SPY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


@pytest.mark.parametrize(
    "data",
    [BOMB, SPY, b"PK\x03\x04zip", b"\x00\x01\x02", b"<a>", b"date;amount\n1;2", b"<a/>", b"\xff\xfe<\x00a\x00"],
)
def test_a_hostile_file_is_refused_in_words(company: Company, partner: Partner, data: bytes) -> None:
    account = money.a_bank_account(company)
    answer = upload(partner, account.pk, data)
    assert answer.status_code == 400
    problem = json_of(answer)
    assert (problem["detail"] + str(problem.get("fields", ""))).strip()
    with company_scope(company):
        assert not BankStatement.objects.exists()


def test_what_is_no_file_is_refused_at_its_field(company: Company, partner: Partner) -> None:
    url = f"/api/bank-accounts/{money.a_bank_account(company).pk}/statements"
    for answer in (
        upload(partner, money.a_bank_account(company).pk, b""),
        partner.http.post(url, {"fichier": "x"}, headers=partner.headers),
        partner.post(url, {"file": "x"}),
        upload(partner, money.a_bank_account(company).pk, b" " * 20_000_001),
    ):
        assert (answer.status_code, "file" in json_of(answer)["fields"]) == (400, True)


def test_a_statement_of_another_account_is_refused(company: Company, partner: Partner) -> None:
    other = story.a_company(iban="FR1420041010050500013M02606")
    data = money.a_statement_file(other, [money.a_credit("10.00")])
    answer = upload(partner, money.a_bank_account(company).pk, data)
    assert (answer.status_code, json_of(answer)["code"]) == (400, "unknown_account")
    second = money.a_bank_account(story.a_company(iban="FR1420041010050500013M02606"))
    assert upload(partner, second.pk, data).status_code == 404
    with company_scope(company):
        from payments.models import BankAccount

        mine = BankAccount.objects.create(
            company=company, name="Livret", iban="FR1420041010050500013M02606", ledger_account="512900"
        )
    answer = upload(partner, money.a_bank_account(company).pk, data)
    assert (answer.status_code, json_of(answer)["code"]) == (400, "another_account")
    assert upload(partner, mine.pk, data).status_code == 201


def test_who_may_not_reconcile_reads_the_bank_only(company: Company, invoice: Invoice) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("1200.00", remittance=invoice.number)])
    viewer = a_partner(company, Role.VIEWER)
    assert viewer.get(f"/api/transactions/{line.pk}").status_code == 200
    assert viewer.post(f"/api/transactions/{line.pk}/match", {}, key=True).status_code == 403
    assert viewer.post(f"/api/transactions/{line.pk}/ignore", {}).status_code == 403
    assert viewer.post("/api/matches/1/undo", {}, key=True).status_code == 403
    assert upload(viewer, money.a_bank_account(company).pk, b"x").status_code == 403
    assert a_partner(company, Role.SALES).get("/api/transactions").status_code == 403


# -- movements and matches ------------------------------------------------------------------------------------------


def test_a_movement_shows_what_is_proposed_and_why(company: Company, partner: Partner, invoice: Invoice) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("1200.00", remittance=f"VIR {invoice.number}")])
    body = json_of(partner.get(f"/api/transactions/{line.pk}"))
    assert (body["status"], body["amount"], body["match"]) == ("open", 1200, None)
    proposal = body["proposal"]
    assert (proposal["kind"], proposal["excess"]) == ("auto", 0)
    assert proposal["allocations"] == [
        {
            "invoice_id": invoice.pk,
            "invoice_number": invoice.number,
            "customer_id": invoice.customer_id,
            "customer_name": "Maison Lumière",
            "balance_due": 1200,
            "amount": 1200,
        }
    ]
    assert {one["kind"] for one in proposal["evidence"]} >= {"number"}
    assert any(invoice.number in one["sentence"] for one in proposal["evidence"])


def test_accepting_pays_the_invoice_and_undoing_restores_it(
    company: Company, partner: Partner, invoice: Invoice
) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("1200.00", remittance=invoice.number)])
    url = f"/api/transactions/{line.pk}"
    accepted = partner.post(f"{url}/match", {}, key="accept")
    assert accepted.status_code == 201
    match = json_of(accepted)
    assert partner.post(f"{url}/match", {}, key="accept").content == accepted.content
    assert json_of(partner.get(url))["match"]["id"] == match["id"]
    assert json_of(partner.get(f"/api/payments/{match['payment_id']}"))["invoice_id"] == invoice.pk
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    twice = partner.post(f"{url}/match", {"allocations": [{"invoice_id": invoice.pk, "amount": 1}]}, key=True)
    assert (twice.status_code, json_of(twice)["code"]) == (409, "line_not_open")
    undone = partner.post(f"/api/matches/{match['id']}/undo", {"reason": "Erreur"}, key=True)
    assert (undone.status_code, json_of(undone)["undone_because"]) == (200, "Erreur")
    again = partner.post(f"/api/matches/{match['id']}/undo", {}, key=True)
    assert (again.status_code, json_of(again)["code"]) == (409, "already_undone")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.ISSUED, 1200)
    assert json_of(partner.get(url))["status"] == "open"


def test_what_a_person_chooses_is_matched_and_the_rest_is_credit(
    company: Company, partner: Partner, invoice: Invoice
) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("1500.00", counterparty="INCONNU")])
    url = f"/api/transactions/{line.pk}/match"
    nothing = partner.post(url, {}, key=True)
    assert (nothing.status_code, json_of(nothing)["code"]) == (409, "nothing_proposed")
    too_much = {"allocations": [{"invoice_id": invoice.pk, "amount": Decimal("1200.01")}]}
    assert json_of(partner.post(url, too_much, key=True))["code"] == "over_allocated"
    twice = {"allocations": [{"invoice_id": invoice.pk, "amount": 1}] * 2}
    assert "allocations" in json_of(partner.post(url, twice, key=True))["fields"]
    body = {"allocations": [{"invoice_id": invoice.pk, "amount": Decimal("1200.00")}]}
    match = json_of(partner.post(url, body, key=True))
    with company_scope(company):
        assert Payment.objects.get(pk=match["payment_id"]).unallocated == 300


def test_a_movement_is_put_aside_and_taken_up_again(company: Company, partner: Partner) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("-12.50", counterparty="BANQUE")])
    url = f"/api/transactions/{line.pk}"
    assert json_of(partner.post(f"{url}/ignore", {"reason": "Frais"}))["status"] == "suspense"
    assert partner.post(f"{url}/ignore", {}).status_code == 409
    assert json_of(partner.post(f"{url}/reopen"))["status"] == "open"
    assert json_of(partner.get(url))["proposal"] is None, "a debit pays no invoice"


def test_filters_of_movements_combine(company: Company, partner: Partner) -> None:
    lines = money.bank_lines(company, [money.a_credit("10.00"), money.a_credit("20.00"), money.a_credit("-5.00")])
    by_amount = {line.amount: line.pk for line in lines}
    account, day = lines[0].account_id, lines[0].booked_on

    def found(query: str) -> set[int]:
        return {row["id"] for row in json_of(partner.get(f"/api/transactions?{query}"))}

    assert found("") == set(by_amount.values())
    assert found("amount=10.00") == {by_amount[Decimal(10)]}
    assert found("amount=-5") == {by_amount[Decimal(-5)]}
    assert found(f"status=open&account_id={account}&min_amount=0&max_amount=15") == {by_amount[Decimal(10)]}
    assert found(f"from_date={day}&to_date={day}") == set(by_amount.values())
    assert found(f"from_date={day + timedelta(days=1)}") == set()
    assert found("status=matched") == set()
    assert partner.get("/api/transactions?status=lost").status_code == 400


def test_another_companys_bank_does_not_exist(partner: Partner) -> None:
    stranger = story.a_company()
    (line,) = money.bank_lines(stranger, [money.a_credit("10.00")])
    for answer in (
        partner.get(f"/api/transactions/{line.pk}"),
        partner.post(f"/api/transactions/{line.pk}/match", {}, key=True),
        partner.post(f"/api/transactions/{line.pk}/ignore", {}),
        partner.post(f"/api/transactions/{line.pk}/reopen"),
        partner.post("/api/matches/1/undo", {}, key=True),
        upload(partner, line.account_id, b"<a/>"),
    ):
        assert answer.status_code == 404
    assert json_of(partner.get("/api/transactions")) == []
    with company_scope(stranger):
        assert BankLine.objects.get(pk=line.pk).status == "OPEN"


# -- reports --------------------------------------------------------------------------------------------------------


def due(customer: Any, days_late: int, price: str) -> Invoice:
    """An invoice of that net price, issued the day it was due."""
    day = local_day(timezone.now()) - timedelta(days=days_late)
    at = timezone.now().astimezone(PARIS) - timedelta(days=max(days_late, 0))
    line = story.a_line(quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal(20))
    return story.an_issued_invoice(customer, [line], at=at, due_date=day)


def test_what_is_late_is_told_by_how_much(company: Company, partner: Partner) -> None:
    first, second = story.a_customer(company), story.a_customer(company, name="Second")
    for customer, days, price in [
        (first, 91, "5.00"), (first, 90, "10.00"), (first, 61, "20.00"), (second, 60, "40.00"), (first, 31, "80.00"),
        (first, 30, "100.00"), (second, 1, "200.00"), (first, 0, "400.00"), (second, -5, "800.00"),
    ]:  # fmt: skip
        due(customer, days, price)
    money.a_payment(second, "7.00", at=timezone.now())
    body = json_of(partner.get("/api/reports/aging"))
    assert {name: value / Decimal("1.2") for name, value in body["total"].items() if name.startswith("days")} == {
        "days_1_30": 300,
        "days_31_60": 120,
        "days_61_90": 30,
        "days_over_90": 5,
    }
    assert (body["total"]["not_due"], body["total"]["total"], body["total"]["invoices"]) == (1440, 1986, 9)
    assert (body["total"]["credit"], body["currency"]) == (7, "EUR")
    assert [(row["customer_id"], row["total"], row["credit"]) for row in body["customers"]] == [
        (second.pk, 1248, 7),
        (first.pk, 738, 0),
    ]
    assert len(json_of(partner.get("/api/reports/aging?limit=1"))["customers"]) == 1
    assert json_of(partner.get("/api/reports/aging?currency=USD"))["total"]["total"] == 0


def test_days_of_sales_are_what_is_due_over_what_was_billed(company: Company, partner: Partner) -> None:
    customer = story.a_customer(company)
    paid, late, fresh = due(customer, 60, "100.00"), due(customer, 10, "50.00"), due(customer, -1, "50.00")
    money.a_payment(customer, "120.00", [(paid, "120.00")], at=timezone.now())
    body = json_of(partner.get("/api/reports/dso?days=90"))
    assert (body["receivable"], body["overdue"], body["billed"]) == (late.balance + fresh.balance, 60, 240)
    assert (body["dso"], body["best_possible_dso"]) == (Decimal("45.0"), Decimal("22.5"))
    assert json_of(a_partner(story.a_company()).get("/api/reports/dso"))["dso"] is None


def test_reports_are_not_for_sales_people(company: Company) -> None:
    sales = a_partner(company, Role.SALES)
    assert {sales.get(f"/api/reports/{name}").status_code for name in ("aging", "dso")} == {403}


def test_a_customers_account_is_read_from_the_journal(company: Company, partner: Partner, invoice: Invoice) -> None:
    now = timezone.now()
    payment = money.a_payment(invoice.customer, "1300.00", [(invoice, "1200.00")], at=now, paid_on=local_day(now))
    url = f"/api/customers/{invoice.customer_id}/statement"
    body = json_of(partner.get(url))
    assert [(one["piece"], one["debit"], one["credit"], one["balance"]) for one in body["moves"]] == [
        (invoice.number, 1200, 0, 1200),
        (payment.number, 0, 1300, -100),
    ]
    assert [(one["invoice_id"], one["payment_id"]) for one in body["moves"]] == [(invoice.pk, None), (None, payment.pk)]
    invoice.refresh_from_db()
    assert body["closing_balance"] == invoice.balance - payment.unallocated == -100
    later = json_of(partner.get(f"{url}?from_date=2026-11-17"))
    assert (later["opening_balance"], len(later["moves"]), later["closing_balance"]) == (1200, 1, -100)
    assert partner.get(f"{url}?from_date=2026-11-17&to_date=2026-11-16").status_code == 400
    stranger = story.a_customer(story.a_company())
    assert partner.get(f"/api/customers/{stranger.pk}/statement").status_code == 404
    assert date.fromisoformat(body["from_date"]).timetuple()[1:3] == (1, 1)


def test_an_account_takes_its_ledger_account_and_what_comes_in_is_booked_on_it(
    company: Company, partner: Partner, invoice: Invoice
) -> None:
    (line,) = money.bank_lines(company, [money.a_credit("1200.00")])
    at = f"/api/bank-accounts/{line.account_id}"
    assert json_of(partner.get(at))["ledger_account"] == "512000"
    for wrong in ("512", "511000", "512A00", "51200000000"):
        assert set(json_of(partner.put(at, {"ledger_account": wrong}))["fields"]) == {"ledger_account"}
    assert json_of(partner.put(at, {"ledger_account": "512300"}))["ledger_account"] == "512300"
    assert a_partner(company, Role.ACCOUNTANT).put(at, {"ledger_account": "512400"}).status_code == 403
    body = {"allocations": [{"invoice_id": invoice.pk, "amount": Decimal("1200.00")}]}
    assert partner.post(f"/api/transactions/{line.pk}/match", body, key=True).status_code == 201
    with company_scope(company):
        booked = JournalLine.objects.filter(account__startswith="512")
        assert [(row.account, row.debit) for row in booked] == [("512300", 1200)]
