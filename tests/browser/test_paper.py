"""Paper to books, by clicking: what was misread is shown on its page, recorded, and read right the next time."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import PurchaseInvoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from einvoicing.models import ReceivedStatus
from tests.browser.conftest import sign_in
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.odd import odd_page


def show(page: Page, field: str) -> None:
    """Ask to point at the field on the page, and wait for its words."""
    page.locator(f"#at-{field}").get_by_role("button", name="Montrer sur la page").click()
    expect(page.locator(f"#at-{field}").get_by_role("status")).to_be_visible()


def test_paper_is_corrected_beside_its_page_and_recorded(page: Page, company: Company) -> None:
    buying.a_buying_company(company)
    first = buying.received(company, odd_page(buying.a_recent_invoice(company)))
    assert first.status == ReceivedStatus.READ
    due = local_day(timezone.now()) + timedelta(days=25)
    sign_in(page)
    page.goto(f"/purchases/inbox/{first.pk}/correct/")
    expect(page.get_by_text("Le numéro de facture n’a pas été trouvé")).to_be_visible()
    show(page, "number")
    page.locator('button[title="F-2026-0417"]').click()
    expect(page.get_by_label("Numéro", exact=True)).to_have_value("F-2026-0417")
    show(page, "due_date")
    page.locator(f'button[title="{due:%d/%m/%Y}"]').click()
    expect(page.get_by_label("Échéance")).to_have_value(f"{due:%d/%m/%Y}")
    page.get_by_role("button", name="Enregistrer la facture").click()
    expect(page.get_by_text("Facture enregistrée.")).to_be_visible()
    assert "/correct/" not in page.url
    recorded = PurchaseInvoice.everywhere.get(number="F-2026-0417")
    assert recorded.due_date == due
