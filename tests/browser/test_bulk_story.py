"""All that match a filter, acted upon at once: chosen, shown, asked for, followed, and its results taken as a file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from billing.models import Invoice
from config.kernel.bulk.running import RUNS
from config.kernel.models import Company
from tests.browser.conftest import sign_in
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_all_the_drafts_of_a_filter_are_deleted_and_the_file_says_each(
    page: Page, company: Company, width: int
) -> None:
    customer = story.a_customer(company, name="Établissements Saint-Hilaire de la Conception et Fils réunis")
    for _number in range(55):
        story.a_draft(customer)
    kept = story.a_draft(story.a_customer(company, name="Autre client"))
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page)
    page.goto("/invoices/?q=Hilaire")
    page.get_by_label("Toutes celles du filtre (55)").check()
    page.locator("summary", has_text="Agir sur la sélection").click()
    page.get_by_role("button", name="Supprimer les brouillons").click()
    expect(page.locator("h1")).to_have_text("Supprimer les brouillons")
    expect(page.get_by_text("et 5 autres")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Supprimer les brouillons (55)").click()
    expect(page.locator("#bulk-progress")).to_contain_text("55 en attente")
    RUNS.sweep()
    # the page hears of it by itself
    page.get_by_role("link", name="Voir les résultats").click()
    expect(page.locator("#bulk-progress")).to_contain_text("55 faites")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("summary", has_text="Exporter").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Fichier CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 56
    assert "Brouillon supprimé" in lines[-1]
    assert [*Invoice.everywhere.values_list("pk", flat=True)] == [kept.pk]
