"""Without a mouse, without JavaScript, on a narrow screen."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from billing.models import Invoice
from config.kernel.models import Company
from tests.browser.conftest import EMAIL, PASSWORD, sign_in
from tests.browser.test_story import create_customer, pick
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_draft_is_written_with_the_keyboard_alone(page: Page, company: Company) -> None:
    story.a_customer(company)
    sign_in(page)
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url("**/invoices/")
    page.keyboard.press("n")
    page.wait_for_url("**/invoices/new/")
    page.locator("[name=customer_text]").focus()
    pick(page, "[name=customer_text]", "Maison")
    page.locator("[name='lines-0-description']").focus()
    page.keyboard.type("Conseil")
    # Tab selects what stands in the next cell, as in a sheet
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("1 234,5")
    page.locator("main button.btn-primary").last.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("sans numéro")
    assert str(Invoice.everywhere.get().total_net) == "2469.00"


def test_slash_searches_and_the_question_mark_lists_the_keys(page: Page) -> None:
    sign_in(page)
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()


def test_a_customer_is_created_without_javascript(chromium: Browser, company: Company, live_server: Any) -> None:
    context = chromium.new_context(locale="fr-FR", base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/")
    page.fill("input[name=username]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.locator("form button.btn-primary").click()
    create_customer(page)
    context.close()


def test_no_page_scrolls_sideways_on_a_phone(page: Page, company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page)
    for address in ("/", "/customers/", "/orders/", "/invoices/", "/bank/", "/reminders/", invoice.get_absolute_url()):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address


def test_ctrl_k_opens_the_palette_which_goes_and_finds(page: Page, company: Company) -> None:
    story.an_issued_invoice(story.a_customer(company, name="Hôtel Régina"))
    sign_in(page)
    page.goto("/")
    page.keyboard.press("Control+k")
    options = page.get_by_role("dialog").get_by_role("option")
    expect(options.filter(has_text="Nouvelle facture")).to_be_visible()
    page.keyboard.type("hotel")
    expect(options.filter(has_text="FAC-")).to_contain_text("Hôtel Régina")
    expect(options.filter(has_text="FAC-")).to_contain_text("À payer")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/palette.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=f"{folder}/palette-390.png")
    page.locator("#palette-q").fill("relances")
    expect(options).to_have_text(["Relances", "Réglages · Relances"])
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reminders/")


def test_quick_fingers_never_choose_what_was_shown_for_other_letters(page: Page, company: Company) -> None:
    for name in ("Ada Moreau", "Hôtel des Fontaines"):
        story.a_customer(company, name=name)
    sign_in(page)
    page.goto("/invoices/new/")
    field = page.locator("[name=customer_text]")
    field.click()
    page.keyboard.press("ArrowDown")
    page.locator("[role=option]", has_text="Ada Moreau").wait_for()
    # no pause between the letters and the choice: the list still shows what nothing typed brought
    field.evaluate(
        """input => {
            const key = { bubbles: true, cancelable: true };
            const press = (name) => input.dispatchEvent(new KeyboardEvent("keydown", { key: name, ...key }));
            input.value = "hotel";
            input.dispatchEvent(new Event("input", { bubbles: true }));
            press("ArrowDown");
            press("Enter");
            document.querySelector("[name=purchase_order]").focus();
        }"""
    )
    expect(field).to_have_value("Hôtel des Fontaines")
