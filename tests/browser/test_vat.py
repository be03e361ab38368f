"""Declaring VAT in a browser: from the list of periods to the boxes, their documents, and the settlement entry."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.browser.conftest import sign_in
from tests.browser.money_pages import LONG
from tests.factories import money, purchases, story
from tests.factories.story import ACTOR

AT = datetime(2025, 10, 12, 9, 0, tzinfo=UTC)
WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PICTURES = os.environ.get("VAT_PICTURES", "")


@pytest.fixture
def taxed(company: Company) -> Company:
    """Goods and services of several rates, a credit note, a service that waits, and purchases."""
    customer = story.a_customer(company, name=LONG)
    with company_scope(company):
        lines = [
            story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("123456.78")),
            story.a_line("Livre", quantity=Decimal(1), unit_price=Decimal("99.10"), vat_rate=Decimal("5.5")),
        ]
        invoice = story.an_issued_invoice(customer, lines, at=AT)
        service = story.a_line("Étude", quantity=Decimal(1), unit_price=Decimal("500.00"), is_service=True)
        paid = story.an_issued_invoice(customer, [service], at=AT)
        money.a_payment(customer, "300.00", [(paid, "300.00")], at=AT, paid_on=AT.date())
        money.credit_invoice(
            invoice=invoice, parts=story.a_return(invoice, 1, position=2), reason="Retour", actor=ACTOR, at=AT
        )
        supplier = purchases.a_supplier(company)
        bought = [purchases.kept("8000", "607000"), purchases.kept("100", "611000", "SERVICES_ABROAD")]
        purchases.a_checked_purchase(supplier, bought, at=AT, received_on=AT.date(), issue_date=AT.date())
    return company


def test_a_period_is_declared_from_its_boxes(page: Page, taxed: Company) -> None:
    sign_in(page)
    page.goto("/books/")
    page.get_by_role("link", name="Déclarations CA3").click()
    page.get_by_role("link", name="Octobre 2025").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("octobre 2025")
    page.get_by_role("link", name="Taux normal 20 %").click()
    expect(page.get_by_role("heading", name="Case 08")).to_be_visible()
    page.get_by_role("link", name="Marquer comme déclarée").click()
    expect(page.get_by_text("445510")).to_be_visible()
    page.get_by_role("button", name="Marquer comme déclarée").click()
    expect(page.get_by_role("heading", name="Écriture de liquidation")).to_be_visible()
    expect(page.get_by_text("Déclarée", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_their_screen(
    chromium: Browser, page: Page, taxed: Company, live_server: object, width: int, scheme: str
) -> None:
    sign_in(page)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
    page.set_viewport_size({"width": width, "height": 900})
    addresses = {
        "list": "/books/vat/",
        "period": "/books/vat/2025-10/?box=08",
        "file": "/books/vat/2025-10/file/",
        "waiting": "/books/reports/vat-waiting/",
    }
    for name, address in addresses.items():
        page.goto(address)
        assert not page.evaluate(WIDER_THAN_THE_WINDOW), address
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
