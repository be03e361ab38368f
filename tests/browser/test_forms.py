"""Nothing typed is lost: what is missing is created beside the form, leaving asks, sums show what they make."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from billing.models import Invoice
from config.kernel.models import Company
from tests.browser.conftest import sign_in, type_password
from tests.browser.test_story import press
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def create(page: Page, field: str, text: str) -> None:
    """Type what nobody knows, and take « Créer « … » »."""
    page.locator(field).press_sequentially(text, delay=15)
    page.locator("[role=option].create:visible").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("dialog#dialog")).to_be_visible()


def test_a_customer_and_a_product_are_created_beside_the_invoice_and_come_back_chosen(page: Page, company) -> None:
    sign_in(page)
    page.goto("/invoices/new/")
    page.fill("[name=notes]", "Tapé avant")
    create(page, "[name=customer_text]", "Atelier Nouveau")
    dialog = page.locator("dialog#dialog")
    expect(dialog.locator("[name=name]")).to_have_value("Atelier Nouveau")
    dialog.locator("[name=billing_line]").fill("1 rue Neuve")
    dialog.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(dialog.locator(".form-errors")).to_be_visible()
    expect(dialog.locator("[name=billing_line]")).to_have_value("1 rue Neuve")
    dialog.locator("[name=billing_postcode]").fill("75002")
    dialog.locator("[name=billing_city]").fill("Paris")
    dialog.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator("[name=customer_text]")).to_have_value("Atelier Nouveau")

    create(page, "[name='lines-0-description']", "Fauteuil")
    dialog.locator("[name=reference]").fill("FA-1")
    dialog.locator("[name=unit_price]").fill("600/5")
    dialog.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator("[name='lines-0-unit_price']")).to_have_value("120,00")
    page.fill("[name='lines-0-quantity']", "12/3")
    expect(page.locator(".c-quantity output.sum").first).to_have_text("= 4")
    press(page, "Enregistrer le brouillon")
    expect(page.get_by_role("heading", level=1)).to_contain_text("sans numéro")
    draft = Invoice.everywhere.get()
    assert (draft.customer.name, draft.notes, str(draft.total_net)) == ("Atelier Nouveau", "Tapé avant", "480.00")


def test_leaving_a_form_with_changes_asks(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    sign_in(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    address = f"/customers/{customer.pk}/edit/"
    page.goto(address)
    page.get_by_role("link", name="Annuler", exact=True).click()
    page.wait_for_url(f"**/customers/{customer.pk}/")
    assert asked == []
    page.goto(address)
    page.locator("[name=notes]").press_sequentially("À rappeler")
    page.get_by_role("link", name="Annuler", exact=True).click()
    expect(page.locator("[name=notes]")).to_have_value("À rappeler")
    assert asked == ["beforeunload"]
    press(page, "Enregistrer")
    page.wait_for_url(f"**/customers/{customer.pk}/")
    assert asked == ["beforeunload"]


def test_a_table_is_pasted_said_and_undone(page: Page, company: Company) -> None:
    story.a_customer(company)
    sign_in(page)
    page.goto("/invoices/new/")
    page.fill("[name='lines-0-description']", "Avant")
    table = "TVA\\tPU HT\\tQté\\tDésignation\\n10 %\\t120,50\\t4\\tChaise\\n7 %\\t690\\tdeux\\tTable"
    page.evaluate(
        f"""() => {{ const data = new DataTransfer(); data.setData("text/plain", "{table}");
        document.querySelector("[name='lines-0-description']").dispatchEvent(
            new ClipboardEvent("paste", {{ clipboardData: data, bubbles: true, cancelable: true }})); }}"""
    )
    expect(page.locator("[data-pasted]")).to_contain_text("2 lignes collées")
    expect(page.locator("[name='lines-0-unit_price']")).to_have_value("120,50")
    expect(page.locator("[name='lines-0-vat']")).to_have_value("S:10")
    expect(page.locator("#lines-1-errors")).to_contain_text("Quantité")
    expect(page.locator("#lines-totals")).to_contain_text("Sans la ligne 2")
    page.get_by_role("button", name="Défaire le collage").click()
    expect(page.locator("[name='lines-0-description']")).to_have_value("Avant")
    expect(page.locator("[name='lines-0-unit_price']")).to_have_value("")
    expect(page.locator("[data-rows] > tr:not(.dropped)")).to_have_count(1)


def test_what_was_typed_survives_a_session_that_ended(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    sign_in(page)
    page.goto(f"/customers/{customer.pk}/edit/")
    page.fill("[name=notes]", "Longue note")
    page.context.clear_cookies(name="sessionid")
    press(page, "Enregistrer")
    type_password(page)
    expect(page.locator("[name=notes]")).to_have_value("Longue note")
    press(page, "Enregistrer")
    page.wait_for_url(f"**/customers/{customer.pk}/")
    customer.refresh_from_db()
    assert customer.notes == "Longue note"
