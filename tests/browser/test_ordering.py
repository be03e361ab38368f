"""An order to a supplier by clicking, at a desk and on a telephone: written, placed, received, billed, matched."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from billing.models import PurchaseInvoice
from billing.purchases.models import PurchaseOrder
from config.kernel.models import Company
from tests.browser.conftest import sign_in
from tests.factories.purchases import a_supplier

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_an_order_is_written_received_and_held_against_its_invoice(page: Page, company: Company, width: int) -> None:
    a_supplier(company, name="Société Nouvelle d’Exploitation des Établissements Lefebvre-Desmoulins")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page)
    page.goto("/purchases/orders/new/")
    page.locator("[name=customer_text]").press_sequentially("Lefe", delay=15)
    page.get_by_role("option").first.click()
    page.fill("[name=lines-0-description]", "Ramettes de papier recyclé")
    page.fill("[name=lines-0-quantity]", "4*5")
    page.fill("[name=lines-0-unit_price]", "4,5")
    expect(page.locator("#lines-totals")).to_contain_text("90,00")
    page.get_by_role("button", name="Enregistrer la commande").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Commande CDF-")
    page.get_by_role("link", name="Passer la commande").click()
    page.get_by_role("button", name="Passer la commande").click()
    page.get_by_role("link", name="Réceptionner").click()
    expect(page.locator("[name=line_1]")).to_have_value("20")
    page.fill("[name=line_1]", "18")
    page.get_by_role("button", name="Enregistrer la réception").click()
    expect(page.locator(".record-name")).to_contain_text("Reçue en partie")
    order = PurchaseOrder.everywhere.get()
    page.goto(f"/purchases/new/?order={order.pk}")
    page.fill("[name=number]", "F-77")
    page.fill("[name=issue_date]", f"{order.order_date:%d/%m/%Y}")
    page.fill("[name=lines-0-net]", "90")
    page.fill("[name=total_gross]", "108")
    page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    expect(page.locator("#order-match")).to_contain_text("commandé à 4,50")
    assert PurchaseInvoice.everywhere.get().order_reference == order.number
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(order.get_absolute_url())
    expect(page.get_by_role("link", name=re.compile("F-77"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
