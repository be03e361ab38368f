"""The record of an invoice looks again by itself, and rests in a tab that nobody sees."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from einvoicing.models import Transmission
from tests.browser.conftest import sign_in
from tests.factories import platforms, story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOLLOW = "**/follow/**"
SEE = """hidden => {
  const body = document.body;
  body.dataset.withheld = 0;
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.defaultPrevented) body.dataset.withheld++; });
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_asks_nothing_and_looks_when_it_is_seen_again(page: Page, company: Company) -> None:
    platforms.a_platform_account(company)
    invoice = story.an_issued_invoice(story.a_customer(company))
    sign_in(page)
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/follow/" in request.url else None)
    with page.expect_request(FOLLOW):
        page.goto(invoice.get_absolute_url())
    page.evaluate(SEE, True)
    asked.clear()
    page.clock.fast_forward("00:30")
    expect(page.locator("body")).to_have_attribute("data-withheld", "1")
    assert asked == []
    Transmission.everywhere.filter(invoice=invoice).update(status="DEAD")
    expect(page.locator("#record-head")).not_to_contain_text("Non transmise")
    page.evaluate(SEE, False)
    expect(page.locator("#record-head")).to_contain_text("Non transmise")
