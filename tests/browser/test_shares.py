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


def test_an_amount_typed_as_a_sum_is_spread_as_what_it_makes(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    for _row in range(2):
        story.an_issued_invoice(customer)
    sign_in(page)
    page.goto(f"/payments/new/?customer={customer.pk}")
    parts = page.locator("input[data-balance]")
    page.locator("[name=amount]").press_sequentially("1500+600")
    expect(parts.nth(0)).to_have_value("1440,00")
    expect(parts.nth(1)).to_have_value("660,00")
    parts.nth(1).fill("1200/2")
    expect(page.locator("[data-spread-said]")).to_contain_text("Reste au crédit du client : 60,00")
    page.get_by_role("button", name="Enregistrer l’encaissement").click()
    expect(page.locator("h1")).to_contain_text("ENC-")
    payment = Payment.everywhere.get(company=company)
    assert (payment.amount, payment.allocated) == (2100, 2040)


def test_an_amount_that_no_script_reads_is_spread_by_the_server(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    for _row in range(2):
        story.an_issued_invoice(customer)
    sign_in(page)
    page.goto(f"/payments/new/?customer={customer.pk}")
    page.fill("[name=amount]", "100")
    page.fill("[name=amount]", "1.500,00")
    page.get_by_role("button", name="Enregistrer l’encaissement").click()
    expect(page.locator("h1")).to_contain_text("ENC-")
    payment = Payment.everywhere.get(company=company)
    assert (payment.amount, payment.allocated) == (1500, 1500)


def test_a_second_click_records_no_second_payment(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    sign_in(page)
    page.goto(f"/payments/new/?customer={customer.pk}")
    page.fill("[name=amount]", "77,77")
    # two clicks before the first is answered
    page.get_by_role("button", name="Enregistrer l’encaissement").evaluate(
        "one => { one.click(); setTimeout(() => one.click(), 20); }"
    )
    expect(page.locator("h1")).to_contain_text("ENC-")
    page.wait_for_load_state("networkidle")
    assert Payment.everywhere.filter(company=company).count() == 1


def test_a_quantity_typed_on_a_credit_note_chooses_the_part(page: Page, company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    sign_in(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/invoices/{invoice.pk}/credit/")
    expect(page.locator("#credit-total")).to_contain_text("1 440,00")
    page.locator("input[name^=quantity_]").fill("2/2")
    expect(page.locator("[name=scope][value=part]")).to_be_checked()
    expect(page.locator("#credit-total")).to_contain_text("144,00")
    box = page.locator("input[name^=amount_]").bounding_box()
    assert box
    assert (box["x"] >= 0, box["x"] + box["width"] <= 390) == (True, True), "the rebate's field is on the screen"
