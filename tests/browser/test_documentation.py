"""The API's documentation, read in a browser that may load nothing from elsewhere."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def scrolled_to(page: Page, wanted: Any) -> None:
    """Operations are drawn as they come into view; a slow browser draws none of those that are passed in haste."""
    page.locator("#operations-tag-audit").hover()
    for direction in itertools.cycle([600, -600]):
        place = None
        while place != (place := page.evaluate("scrollY")):
            if wanted.count():
                return
            page.mouse.wheel(0, direction)
            page.wait_for_timeout(100)


def test_a_partner_reads_how_to_record_a_payment(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    expect(page.get_by_role("heading", name="Quittance", exact=False).first).to_be_visible()
    opened: Any = page.locator("#operations-payments-payment_create")
    scrolled_to(page, opened)
    opened.get_by_role("button").first.click()
    expect(opened.get_by_text("Idempotency-Key").first).to_be_visible()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/api_docs.png")
    here = page.url.split("/api/")[0]
    assert [url for url in asked if not url.startswith((here, "data:", "blob:"))] == []
