"""Reading the books: from the balance to the lines of an account and to the invoice, on a wide and a narrow screen."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from billing.ledger.reports import reports
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.browser.conftest import sign_in
from tests.browser.money_pages import LONG
from tests.factories import money, story, supplier_payments

WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def books(company: Company) -> Company:
    """Sales of several ages and customers, paid in part, and a purchase."""
    now = timezone.now()
    customers = [story.a_customer(company, name=name) for name in (LONG, "Alpha", "Béta")]
    with company_scope(company):
        for age in (140, 95, 60, 20):
            for customer in customers:
                story.an_issued_invoice(customer, at=now - timedelta(days=age))
        money.a_payment(customers[0], "5000.00", at=now)
        supplier_payments.a_purchase(supplier_payments.a_supplier(company))
    return company


def test_a_figure_of_the_balance_leads_to_its_lines_and_those_to_their_invoice(page: Page, books: Company) -> None:
    sign_in(page)
    page.goto("/")
    page.get_by_role("navigation", name="Navigation principale").get_by_role("link", name="Comptabilité").click()
    page.get_by_role("link", name="Balance générale").click()
    page.get_by_role("row", name="411000").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grand livre")
    page.get_by_role("link", name="Alpha").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("FAC-")


def test_an_aged_balance_unfolds_to_the_documents_of_a_customer(page: Page, books: Company) -> None:
    sign_in(page)
    page.goto("/books/reports/aged-receivable/")
    expect(page.get_by_text("Égal au compte 411")).to_be_visible()
    page.get_by_role("link", name="Alpha").click()
    expect(page.get_by_role("row", name="FAC-")).to_have_count(4)


@pytest.mark.trust
@pytest.mark.parametrize("width", [1440, 390])
def test_no_report_is_wider_than_its_window(chromium: Browser, books: Company, live_server: Any, width: int) -> None:
    """With REPORT_PICTURES a folder, each is kept there as a picture, in light and dark."""
    kept = os.environ.get("REPORT_PICTURES")
    context = chromium.new_context(locale="fr-FR", base_url=live_server.url, viewport={"width": width, "height": 900})
    page = context.new_page()
    sign_in(page)
    for slug in ("", *(report.slug for report in reports())):
        page.goto(f"/books/reports/{slug}/" if slug else "/books/")
        assert not page.evaluate(WIDER_THAN_THE_WINDOW), slug
        for scheme in ("light", "dark") if kept else ():
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(kept or "") / f"{slug or 'home'}-{width}-{scheme}.png")
    context.close()
