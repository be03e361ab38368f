"""Direct debits over REST: a mandate, the notice of an invoice, and the file for the bank; what each refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from sepaxml.validation import try_valid_xml

from billing.tasks import INVOICE_EMAILS
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import DebitOrder, DirectDebit, Mandate
from tests.api.client import a_machine, a_partner, json_of
from tests.factories import money, story
from tests.factories.debits import IBAN, settings

pytestmark = pytest.mark.django_db
BODY = {"debtor_name": "Maison", "iban": IBAN, "signed_on": "2026-01-05"}


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        settings(company)
        yield company


def test_a_partner_goes_from_the_mandate_to_the_file(company: Company):
    customer, partner = story.a_customer(company), a_partner(company)
    account = money.a_bank_account(company)
    body = {**BODY, "reference": "RUM-77", "scheme": "b2b", "bic": "AGRIFRPP", "notice_days": 2, "language": "en"}
    made = partner.post(f"/api/customers/{customer.pk}/mandates", body, key="once")
    again = partner.post(f"/api/customers/{customer.pk}/mandates", body, key="once")
    assert (made.status_code, json_of(again)["id"]) == (201, json_of(made)["id"])
    mandate = Mandate.objects.get()
    assert made.headers["Location"].endswith(f"/api/mandates/{mandate.pk}")
    shown = json_of(partner.get(f"/api/mandates/{mandate.pk}"))
    assert {name: shown[name] for name in body} == body
    assert [row["id"] for row in json_of(partner.get(f"/api/mandates?customer_id={customer.pk}"))] == [mandate.pk]

    invoice = story.an_issued_invoice(customer, at=timezone.now())
    announced = partner.post(f"/api/invoices/{invoice.pk}/direct-debits", {"collected_on": "2099-01-01"}, key=True)
    debit = DirectDebit.objects.get()
    assert (announced.status_code, json_of(announced)["status"]) == (201, "announced")
    assert json_of(announced)["collected_on"] == "2099-01-02"  # the first settles nothing
    twice = partner.post(f"/api/invoices/{invoice.pk}/direct-debits", {}, key=True)
    assert (twice.status_code, json_of(twice)["code"]) == (409, "not_debitable")

    order_body = {"bank_account_id": account.pk, "debits": [debit.pk]}
    untold = partner.post("/api/debit-orders", order_body, key=True)
    assert (untold.status_code, json_of(untold)["code"]) == (409, "debit_refused")
    INVOICE_EMAILS.sweep()
    ordered = partner.post("/api/debit-orders", order_body, key=True)
    order = DebitOrder.objects.get()
    assert (ordered.status_code, json_of(ordered)["number"], json_of(ordered)["debit_count"]) == (201, order.number, 1)
    refused = partner.post("/api/debit-orders", order_body, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "debit_refused")
    file = partner.get(f"/api/debit-orders/{order.pk}/file")
    assert (file.content, file.headers["Content-Type"]) == (order.xml.encode(), "application/xml")
    try_valid_xml(file.content, "pain.008.001.08")
    listed = json_of(partner.get(f"/api/direct-debits?status=ordered&order_id={order.pk}&invoice_id={invoice.pk}"))
    assert [row["id"] for row in listed] == [debit.pk]
    assert json_of(partner.get("/api/direct-debits?status=returned")) == []
    assert [row["id"] for row in json_of(partner.get("/api/debit-orders"))] == [order.pk]


def test_a_mandate_to_be_signed_debits_nothing_and_one_that_was_for_once_does_so_once(company: Company):
    customer, partner = story.a_customer(company), a_partner(company)
    first, second = (story.an_issued_invoice(customer, at=timezone.now()) for _one in range(2))
    partner.post(f"/api/customers/{customer.pk}/mandates", {**BODY, "signed_on": None}, key=True)
    without = {name: value for name, value in BODY.items() if name != "signed_on"}
    assert partner.post(f"/api/customers/{customer.pk}/mandates", without, key=True).status_code == 201
    refused = partner.post(f"/api/invoices/{first.pk}/direct-debits", {}, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_debitable")
    partner.post(f"/api/customers/{customer.pk}/mandates", {**BODY, "is_one_off": True}, key=True)
    assert json_of(partner.post(f"/api/invoices/{first.pk}/direct-debits", {}, key=True))["sequence"] == "ooff"
    spent = partner.post(f"/api/invoices/{second.pk}/direct-debits", {}, key=True)
    assert (spent.status_code, json_of(spent)["code"]) == (409, "no_mandate")


@pytest.mark.parametrize(
    ("field", "value"),
    [("iban", "FR00"), ("reference", "deux mots"), ("reference", "R" * 36), ("signed_on", "2099-01-01"), ("bic", "X")],
)
def test_what_a_bank_would_refuse_of_a_mandate_is_refused_at_its_field(company: Company, field, value):
    customer = story.a_customer(company)
    answer = a_partner(company).post(f"/api/customers/{customer.pk}/mandates", {**BODY, field: value}, key=True)
    assert (answer.status_code, set(json_of(answer)["fields"])) == (400, {field})
    assert not Mandate.objects.exists()


def test_a_key_that_may_reconcile_may_not_ask_for_money(company: Company):
    customer = story.a_customer(company)
    machine = a_machine(company, "bank.read", "bank.reconcile")
    assert machine.post(f"/api/customers/{customer.pk}/mandates", BODY, key=True).status_code == 403
    assert machine.get("/api/mandates").status_code == 200


def test_what_was_asked_for_is_signed_cancelled_returned_and_revoked(company: Company):
    customer, partner, account = story.a_customer(company), a_partner(company), money.a_bank_account(company)
    unsigned = {name: value for name, value in BODY.items() if name != "signed_on"}
    partner.post(f"/api/customers/{customer.pk}/mandates", unsigned, key=True)
    mandate = Mandate.objects.get()
    at = f"/api/mandates/{mandate.pk}"
    early = partner.post(f"{at}/sign", {"signed_on": "2099-01-01"}, key=True)
    assert (early.status_code, set(json_of(early)["fields"])) == (400, {"signed_on"})
    assert json_of(partner.post(f"{at}/sign", {"signed_on": "2026-01-06"}, key=True))["signed_on"] == "2026-01-06"
    assert json_of(partner.post(f"{at}/sign", {}, key=True))["code"] == "mandate_not_open"

    invoices = [story.an_issued_invoice(customer, at=timezone.now()) for _one in range(2)]
    first, second = (
        json_of(partner.post(f"/api/invoices/{invoice.pk}/direct-debits", {}, key=True))["id"] for invoice in invoices
    )
    taken_back = partner.post(f"/api/direct-debits/{second}/cancel", {"reason": "Virement"}, key=True)
    assert (taken_back.status_code, json_of(taken_back)["status"]) == (200, "cancelled")

    def order() -> Any:
        body = {"bank_account_id": account.pk, "debits": [first]}
        return json_of(partner.post("/api/debit-orders", body, key=True))["id"]

    pending = partner.post(f"{at}/revoke", {"reason": "Fini"}, key=True)
    assert (pending.status_code, json_of(pending)["code"]) == (409, "has_pending_debits")
    INVOICE_EMAILS.sweep()
    number = order()
    cancelled = partner.post(f"/api/debit-orders/{number}/cancel", {"reason": "Pas remis"}, key=True)
    assert (cancelled.status_code, json_of(cancelled)["cancelled_at"] is None) == (200, False)
    twice = partner.post(f"/api/debit-orders/{number}/cancel", {"reason": "Pas remis"}, key=True)
    assert (twice.status_code, json_of(twice)["code"]) == (409, "order_too_late")
    number = order()
    future = partner.post(f"/api/direct-debits/{first}/return", {"code": "AM04", "returned_on": "2099-01-01"}, key=True)
    assert (future.status_code, set(json_of(future)["fields"])) == (400, {"returned_on"})
    unknown = partner.post(f"/api/direct-debits/{first}/return", {"code": "ZZ99"}, key=True)
    assert (unknown.status_code, set(json_of(unknown)["fields"])) == (400, {"code"})
    returned = json_of(partner.post(f"/api/direct-debits/{first}/return", {"code": "AM04"}, key=True))
    assert (returned["status"], returned["return_code"]) == ("returned", "AM04")
    late = partner.post(f"/api/debit-orders/{number}/cancel", {"reason": "Trop tard"}, key=True)
    assert (late.status_code, json_of(late)["code"]) == (409, "order_too_late")
    revoked = json_of(partner.post(f"{at}/revoke", {"reason": "Fini"}, key=True))
    assert revoked["revoked_at"] is not None
    assert json_of(partner.post(f"{at}/revoke", {"reason": "Fini"}, key=True))["code"] == "mandate_revoked"
