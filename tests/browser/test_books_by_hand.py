"""The accountant's hands: an entry typed by keyboard alone, and lines lettered until they come to zero."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from billing.ledger.manual import ManualLine, write_entry
from billing.models import JournalEntry, Lettering
from config.kernel.clock import local_day
from config.kernel.scope import company_scope
from tests.browser.conftest import sign_in
from tests.factories import story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_an_entry_is_typed_by_keyboard_and_its_balance_follows(page, company, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page)
    page.goto("/books/entries/new/")
    page.fill("#id_label", "Salaires")
    page.focus("#id_lines-0-account")
    page.keyboard.type("641")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("1500/2")
    expect(page.locator("#lines-totals")).to_contain_text("750,00")
    page.focus("#id_lines-1-account")
    page.keyboard.type("421")
    for _column in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("750")
    expect(page.locator("#lines-totals .bad")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.keyboard.press("Enter")
    page.click("text=Enregistrer l’écriture")
    page.wait_for_url("**/books/entries/*/")
    expect(page.locator("h1")).to_contain_text("OD-")
    with company_scope(company):
        assert JournalEntry.objects.get(journal="OD").lines.count() == 2


@pytest.mark.parametrize("width", [1440, 390])
def test_lines_are_chosen_by_space_until_nothing_lacks(page, company, width):
    customer, now = story.a_customer(company), timezone.now()
    with company_scope(company):
        for ago, amount in ((3, "100.00"), (2, "-60.00"), (1, "-40.00")):
            day = local_day(now) - timedelta(days=ago)
            lines = [ManualLine("411000", Decimal(amount), customer), ManualLine("471000", -Decimal(amount))]
            write_entry(company=company, journal="OD", day=day, label="Reprise", lines=lines, actor=ACTOR, at=now)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page)
    page.goto(f"/books/lettering/?account=411&customer={customer.siren}")
    boxes = page.locator("input[name=line]")
    for place, gap in enumerate(("100,00", "40,00", "0,00")):
        boxes.nth(place).focus()
        page.keyboard.press("Space")
        expect(page.locator("#lettering-gap strong")).to_contain_text(gap)
    page.click("button[value=letter]")
    expect(page.get_by_role("button", name="Délettrer")).to_be_visible()
    with company_scope(company):
        assert Lettering.objects.get().lines.count() == 3
