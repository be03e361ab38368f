"""« E-reporting » as a person does it: from the home page to the documents of a row, and sent after a question."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.reporting.models import Channel, ReportPeriod
from einvoicing.reporting.reading import refresh_periods
from tests.browser.conftest import sign_in
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_german, a_sale, an_individual, noon, paid
from tests.factories import platforms

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def pictures(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    for scheme in ("light", "dark") if folder else ():
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 720})


def a_decade_ago() -> date:
    """A day whose décade is over today, and not too long."""
    return local_day(timezone.now()) - timedelta(days=12)


def some_sales(company: Company) -> date:
    day = a_decade_ago()
    someone, other = an_individual(company), an_individual(company, first_name="Mary", last_name="Somerville")
    invoice = a_sale(someone, day, ("1200.00", "20", True), ("350.00", "10", False))
    a_sale(other, day, ("80.50", "20", False))
    a_sale(a_german(company), day, ("4200.00", "0", False), vat_category="K")
    paid(invoice, day)
    return day


def test_what_is_due_is_opened_explained_and_sent(page: Page, company: Company) -> None:
    platforms.a_platform_account(company, sends_automatically=False)
    reports_itself(company, since=a_decade_ago().replace(day=1), sends_automatically=False)
    with company_scope(company):
        some_sales(company)
        refresh_periods(company=company, at=timezone.now())
    sign_in(page)
    page.goto("/")
    page.get_by_role("link", name="Transmettre : ").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ventes du")
    page.locator("summary", has_text="Prestations de services").click()
    pictures(page, "reporting-period")
    page.get_by_role("link", name="Transmettre…").click()
    pictures(page, "reporting-send")
    page.get_by_role("button", name="Transmettre la déclaration").click()
    expect(page.locator(".record-head")).to_contain_text("En route")
    pictures(page, "reporting-sent")
    page.goto("/einvoicing/reporting/")
    pictures(page, "reporting-list")
    page.get_by_role("link", name="Régler l’e-reporting").click()
    pictures(page, "reporting-settings")


def test_what_the_platform_counted_otherwise_is_seen_row_by_row(page: Page, company: Company) -> None:
    reports_itself(company, since=a_decade_ago().replace(day=1), channel=Channel.PLATFORM)
    with company_scope(company):
        day = some_sales(company)
        refresh_periods(company=company, at=noon(local_day(timezone.now())))
        found = [{"flux": "10.3", "what": f"{day:%d/%m/%Y} TPS1 20 %", "ours": "1 200,00 €", "theirs": ""}]
        rows = ReportPeriod.objects.filter(kind="SALES", start__lte=day, end__gte=day)
        rows.update(status="DIFFERS", differences=found)
    sign_in(page)
    page.goto("/")
    page.get_by_role("link", name="Voir les écarts").click()
    expect(page.get_by_role("heading", name="Écarts avec")).to_be_visible()
    pictures(page, "reporting-differs")
