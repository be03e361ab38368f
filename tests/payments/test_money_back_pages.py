"""The pages of differences and refunds: what will be booked is shown, roles are kept, errors stand at their field."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import Method, Payment, PaymentOrder, Refund, WriteOff
from payments.outgoing.refunding import refund_customer
from payments.services.write_off_limits import limits_of
from tests.factories import money, story
from tests.factories.people import read, signed_in
from tests.factories.story import ACTOR, IBAN

pytestmark = pytest.mark.django_db
NOW = timezone.now() - timedelta(minutes=5)


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def an_invoice(company: Company) -> Invoice:
    line = story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal(1000))
    return story.an_issued_invoice(story.a_customer(company), [line], at=NOW)


def a_payment(customer: Any, amount: str, shares: Any = ()) -> Payment:
    return money.a_payment(customer, amount, shares, at=NOW, paid_on=local_day(NOW))


def test_the_difference_is_settled_on_its_page_which_shows_the_entry(company: Company):
    invoice, browser = an_invoice(company), signed_in(company)
    a_payment(invoice.customer, "1176", [(invoice, "1176")])
    page = read(browser.get(f"/invoices/{invoice.pk}/write-off/"))
    assert "627000" in page
    assert "24,00 €" in page
    typed = {"amount": "24,00", "reason": "DISCOUNT", "with_vat": "on", "note": ""}
    part = read(browser.get(f"/invoices/{invoice.pk}/write-off/", typed, headers={"HX-Request": "true"}))
    assert "665000" in part
    assert "4,00 €" in part
    assert "<html" not in part
    answer = browser.post(f"/invoices/{invoice.pk}/write-off/", typed)
    assert answer.headers["Location"] == invoice.get_absolute_url()
    row = WriteOff.objects.get()
    record = read(browser.get(invoice.get_absolute_url()))
    assert f"/write-offs/{row.pk}/take-back/" in record
    browser.post(f"/write-offs/{row.pk}/take-back/", {"reason": "Le client a payé"})
    assert Invoice.objects.get(pk=invoice.pk).balance == 24


def test_a_loss_without_its_proof_is_refused_at_the_note(company: Company):
    invoice = an_invoice(company)
    answer = signed_in(company).post(
        f"/invoices/{invoice.pk}/write-off/", {"amount": "1200", "reason": "LOSS", "note": ""}
    )
    assert answer.status_code == 422
    assert "définitivement perdue" in read(answer)
    assert not WriteOff.objects.exists()


@pytest.mark.parametrize("role", [Role.SALES, Role.VIEWER])
def test_who_may_not_does_not(company: Company, role: Role):
    invoice, browser = an_invoice(company), signed_in(company, role)
    a_payment(invoice.customer, "10")
    assert browser.post(f"/invoices/{invoice.pk}/write-off/", {"amount": "1", "reason": "ROUNDING"}).status_code == 403
    assert browser.get(f"/customers/{invoice.customer_id}/refund/").status_code == 403
    assert f"/invoices/{invoice.pk}/write-off/" not in read(browser.get(invoice.get_absolute_url()))


def test_the_owner_sets_what_each_role_may(company: Company):
    owner, accountant = signed_in(company), signed_in(company, Role.ACCOUNTANT)
    values = {f"{role}_{reason}": "7" for role, reason in limits_of(company.pk)}
    assert owner.get("/settings/write-offs/").status_code == 200
    assert accountant.post("/settings/write-offs/", values).status_code == 403
    owner.post("/settings/write-offs/", values)
    assert set(limits_of(company.pk).values()) == {7}
    invoice = an_invoice(company)
    answer = accountant.post(f"/invoices/{invoice.pk}/write-off/", {"amount": "7,01", "reason": "ROUNDING"})
    assert answer.status_code == 422
    assert "7,00" in read(answer)


def test_credit_is_refunded_ordered_and_cancelled_by_pages(company: Company):
    customer, account, browser = story.a_customer(company), money.a_bank_account(company), signed_in(company)
    payment = a_payment(customer, "80")
    assert f"/customers/{customer.pk}/refund/" in read(browser.get(customer.get_absolute_url()))
    assert f"/customers/{customer.pk}/refund/?payment=" in read(browser.get(payment.get_absolute_url()))
    page = read(browser.get(f"/customers/{customer.pk}/refund/?payment={payment.pk}"))
    assert "80,00 €" in page
    assert account.ledger_account in page
    typed = {
        "amount": "30",
        "method": Method.TRANSFER,
        "iban": IBAN,
        "bank_account": str(account.pk),
        "made_on": local_day(NOW).isoformat(),
        "reason": "Trop-perçu",
    }
    wrong = browser.post(f"/customers/{customer.pk}/refund/", {**typed, "amount": "81"})
    assert wrong.status_code == 422
    assert "80,00" in read(wrong)
    browser.post(f"/customers/{customer.pk}/refund/", typed)
    refund = Refund.objects.get()
    assert (refund.amount, refund.account) == (30, account.ledger_account)
    assert "Préparer un ordre" in read(browser.get("/refunds/"))
    day = local_day(timezone.now() + timedelta(days=1)).isoformat()
    browser.post("/refunds/order/", {"account": account.pk, "refund": [refund.pk], "executes_on": day})
    order = PaymentOrder.objects.get()
    assert order.sha256 in read(browser.get(order.get_absolute_url()))
    assert browser.get(f"/refunds/orders/{order.pk}/file/").content == bytes(order.content)
    assert signed_in(company, Role.SALES).get(f"/refunds/orders/{order.pk}/file/").status_code == 403
    assert "remis à la banque" in read(browser.get(f"/refunds/{refund.pk}/cancel/"))
    browser.post(f"/refunds/{refund.pk}/cancel/", {"reason": "Refusé par la banque"})
    assert Payment.objects.get(pk=payment.pk).unallocated == 80
    assert "Annulé" in read(browser.get(refund.get_absolute_url()))


def test_a_refused_order_keeps_what_was_unticked_and_says_what_another_tab_ordered(company: Company):
    customer, account, browser = story.a_customer(company), money.a_bank_account(company), signed_in(company)
    a_payment(customer, "80")
    given: dict[str, Any] = {"customer": customer, "method": Method.TRANSFER, "iban": IBAN, "bank_account": account}
    given |= {"amount": Decimal(20), "reason": "Trop-perçu", "made_on": local_day(NOW), "actor": ACTOR, "at": NOW}
    kept, other = refund_customer(**given), refund_customer(**given)
    page = browser.get("/refunds/order/")
    assert read(page).count(IBAN[:4]) == 2
    assert 'data-cents="2000"' in page.content.decode()
    typed = {"account": account.pk, "refund": [kept.pk], "executes_on": "2020-01-01"}
    refused = browser.post("/refunds/order/", typed)
    assert refused.status_code == 422
    rows = refused.context["groups"][0]["rows"]
    assert {one["refund"].number: one["chosen"] for one in rows} == {kept.number: True, other.number: False}
    day = local_day(timezone.now() + timedelta(days=1)).isoformat()
    browser.post("/refunds/order/", {**typed, "executes_on": day})
    again = browser.post("/refunds/order/", {**typed, "refund": [kept.pk, other.pk], "executes_on": day})
    assert kept.number in read(again)
    assert PaymentOrder.objects.get().count == 1
    assert browser.post("/refunds/order/", {**typed, "account": "x"}).status_code == 404


def test_the_entry_follows_what_is_typed_where_the_rest_is_refused(company: Company):
    invoice, browser = an_invoice(company), signed_in(company)
    page = browser.post(f"/invoices/{invoice.pk}/write-off/", {"amount": "1 034,5", "reason": "LOSS", "note": ""})
    assert page.status_code == 422
    assert [line.get("debit") or line["credit"] for line in page.context["entry"]] == [Decimal("1034.5")] * 2
    assert page.context["entry"][0]["account"] == "654000"


def test_a_small_excess_is_kept_on_its_page(company: Company):
    payment, browser = a_payment(story.a_customer(company), "0.40"), signed_in(company)
    assert "758" in read(browser.get(f"/payments/{payment.pk}/keep/"))
    browser.post(f"/payments/{payment.pk}/keep/", {"amount": "0,40", "reason": "ROUNDING", "note": ""})
    assert Payment.objects.get(pk=payment.pk).unallocated == 0
