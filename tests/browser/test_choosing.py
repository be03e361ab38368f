"""Rows chosen by their boxes: one for all, and the sum follows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from tests.browser.conftest import sign_in
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_all_are_chosen_by_one_box_and_the_sum_is_that_of_the_checked(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    for _draft in range(2):
        story.a_draft(customer)
    sign_in(page)
    page.goto("/invoices/")
    page.get_by_label("Tout cocher").check()
    page.get_by_text("Agir sur la sélection").click()
    page.get_by_role("button", name="Émettre la sélection").click()
    count, total = page.locator("[data-chosen-count]"), page.locator("[data-chosen-sum]")
    expect(count).to_have_text("2")
    expect(total).to_have_text("2 880,00 €")
    page.locator("tbody input[type=checkbox]").first.uncheck()
    expect(count).to_have_text("1")
    expect(total).to_have_text("1 440,00 €")
    page.get_by_label("Tout cocher").check()
    expect(total).to_have_text("2 880,00 €")
