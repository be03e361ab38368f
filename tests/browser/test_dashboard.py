"""The dashboard as a person uses it: another period, a figure’s documents; dark, on a narrow screen, on paper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from config.kernel.clock import local_day
from config.kernel.models import Company
from tests.browser.conftest import sign_in
from tests.browser.money_pages import LONG
from tests.factories import money, story


@pytest.fixture
def owed(company: Company) -> Company:
    now = timezone.now()
    customer = story.a_customer(company, name=LONG)
    rows = [story.an_issued_invoice(customer, at=now - timedelta(days=days)) for days in (100, 75, 50, 20)]
    money.a_payment(customer, "1440.00", [(rows[0], "1440.00")], paid_on=local_day(now), at=now)
    return company


def test_a_figure_leads_to_its_documents_and_back(page: Page, owed: Company) -> None:
    sign_in(page)
    page.goto("/dashboard/")
    page.get_by_label("Période").select_option("6")
    expect(page).to_have_url(re.compile("months=6"))
    cash = page.get_by_role("region", name="Encaissements et décaissements")
    page.locator("section", has=page.locator("#cash")).get_by_text("Les chiffres").click()
    cash.get_by_role("link", name="1 440,00 €").first.click()
    expect(page.get_by_role("heading", name="Encaissé")).to_be_visible()
    expect(page.get_by_text(re.compile("1 ligne · 1.440,00"))).to_be_visible()
    page.get_by_role("link", name="Tableau de bord").last.click()
    expect(page).to_have_url(re.compile("months=6"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_or_grave_on_a_narrow_screen_and_on_paper(page: Page, owed: Company, scheme: str) -> None:
    sign_in(page)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/dashboard/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for chart in page.locator("svg.chart").all():
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 280
    grave = [one for one in Axe().run(page).response["violations"] if one["impact"] in {"critical", "serious"}]
    assert grave == []
    page.emulate_media(media="print")
    expect(page.get_by_label("Période")).to_be_hidden()
    expect(page.locator("svg.chart").first).to_be_visible()
