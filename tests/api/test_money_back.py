"""Refunds and write-offs over REST: within the credit and the limits, once per key, taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import Method, Payment, Refund, WriteOff
from tests.api.client import a_partner, json_of
from tests.factories import money, story
from tests.factories.story import IBAN

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def a_payment(customer: Any, amount: str) -> Payment:
    now = timezone.now()
    return money.a_payment(customer, amount, at=now, paid_on=local_day(now))


def test_credit_is_refunded_once_per_key_and_cancelled(company: Company):
    customer, partner = story.a_customer(company), a_partner(company)
    payment = a_payment(customer, "80")
    body = {"amount": 30.00, "iban": IBAN, "reason": "Trop-perçu"}
    first = partner.post(f"/api/customers/{customer.pk}/refunds", body, key="once")
    again = partner.post(f"/api/customers/{customer.pk}/refunds", body, key="once")
    assert (first.status_code, json_of(again)["id"]) == (201, json_of(first)["id"])
    refund = Refund.objects.get()
    assert first.headers["Location"].endswith(f"/api/refunds/{refund.pk}")
    assert json_of(first)["payments"] == [{"payment_id": payment.pk, "amount": 30}]
    beyond = partner.post(f"/api/customers/{customer.pk}/refunds", {**body, "amount": 50.01}, key=True)
    assert (beyond.status_code, json_of(beyond)["code"]) == (409, "refund_beyond_credit")
    listed = json_of(partner.get(f"/api/refunds?customer_id={customer.pk}"))
    assert [row["number"] for row in listed] == [refund.number]
    cancelled = partner.post(f"/api/refunds/{refund.pk}/cancel", {"reason": "Refusé"}, key=True)
    assert json_of(cancelled)["cancelled_at"]
    assert Payment.objects.get(pk=payment.pk).unallocated == 80


def test_what_remains_is_written_off_and_taken_back(company: Company):
    line = story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal(1000))
    invoice = story.an_issued_invoice(story.a_customer(company), [line])
    partner = a_partner(company)
    made = partner.post(f"/api/invoices/{invoice.pk}/write-offs", {"amount": 3.00, "reason": "bank_fee"}, key=True)
    assert made.status_code == 201
    row = json_of(made)
    assert (row["account"], row["balance_due"]) == ("627000", 1197)
    shown = json_of(partner.get(f"/api/invoices/{invoice.pk}"))
    assert (shown["total_written_off"], shown["total_paid"]) == (3, 0)
    back = json_of(partner.post(f"/api/write-offs/{row['id']}/take-back", {"reason": "Payé"}, key=True))
    assert (back["amount"], back["balance_due"]) == (-3, 1200)
    assert Invoice.objects.get(pk=invoice.pk).amount_written_off == 0


def test_a_caller_without_the_right_is_refused(company: Company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    seller = a_partner(company, Role.SALES)
    answer = seller.post(f"/api/invoices/{invoice.pk}/write-offs", {"amount": 1, "reason": "rounding"}, key=True)
    assert answer.status_code == 403
    assert not WriteOff.objects.exists()


def test_a_payment_without_its_method_is_a_transfer(company: Company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    assert a_partner(company).post(f"/api/invoices/{invoice.pk}/mark-paid", {}, key=True).status_code == 200
    assert Payment.objects.get().method == Method.TRANSFER


def test_a_partner_uses_credit_on_an_invoice_and_is_told_of_which_payments(company: Company):
    customer, partner = story.a_customer(company), a_partner(company)
    invoice = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(10), unit_price=Decimal(100))])
    payment = a_payment(customer, "30")
    at = f"/api/invoices/{invoice.pk}/use-credit"
    answer = partner.post(at, {"amount": 12.5}, key=True)
    assert answer.status_code == 200, answer.content
    assert json_of(answer)["payments"] == [{"payment_id": payment.pk, "amount": Decimal("12.50")}]
    assert json_of(answer)["balance_due"] == Decimal("1187.50")
    refused = partner.post(at, {"amount": 17.51}, key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "beyond_credit")
    assert json_of(partner.post(at, {}, key=True))["amount"] == Decimal("17.50")
    assert json_of(partner.post(at, {}, key=True))["code"] == "no_credit"
