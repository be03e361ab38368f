"""One amount over several invoices: shown while it is typed, each part changeable."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from payments.models import Payment
from tests.browser.conftest import sign_in
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_amount_is_spread_while_it_is_typed_and_what_is_changed_stays(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    for _row in range(3):
        story.an_issued_invoice(customer)
    sign_in(page)
    page.goto(f"/payments/new/?customer={customer.pk}")
    parts = page.locator("input[data-balance]")
    page.fill("[name=amount]", "2 000,00")
    for place, shown in enumerate(["1440,00", "560,00", ""]):
        expect(parts.nth(place)).to_have_value(shown)
    expect(page.locator("[data-spread-said]")).to_contain_text("Tout est affecté")
    parts.nth(0).fill("1000")
    expect(parts.nth(1)).to_have_value("1000,00")
    page.fill("[name=amount]", "1 200,00")
    expect(parts.nth(0)).to_have_value("1000")
    expect(parts.nth(1)).to_have_value("200,00")
    parts.nth(1).fill("0")
    parts.nth(2).fill("0")
    expect(page.locator("[data-spread-said]")).to_contain_text("Reste au crédit du client : 200,00")
    page.get_by_role("button", name="Enregistrer l’encaissement").click()
    expect(page.locator("h1")).to_contain_text("ENC-")
    payment = Payment.everywhere.get(company=company)
    assert (payment.allocated, payment.unallocated) == (1000, 200)
