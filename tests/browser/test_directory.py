"""The directory's answer beside the SIRET, as a person meets it: one click asks, one click fills, Enter still saves."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from customers.models import Customer
from tests.browser.conftest import sign_in
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_answer_fills_the_form_and_what_was_typed_stays(page: Page, company: Company, sandbox: str):
    cache.clear()
    platforms.a_platform_account(company, sandbox)
    sign_in(page)
    page.goto(reverse("customers:customer-new"))
    page.fill("input[name=name]", "Belleville")
    page.fill("input[name=siret]", "21750001600019")
    page.fill("input[name=service_code]", "SRV01")
    page.get_by_role("button", name="Vérifier dans l’annuaire").click()
    expect(page.get_by_role("heading", name="Commune de Belleville")).to_be_visible()
    page.get_by_role("button", name="Utiliser cette adresse 217500016_21750001600019_SRV01").click()
    expect(page.locator("input[name=electronic_address]")).to_have_value("217500016_21750001600019_SRV01")
    page.get_by_role("button", name="Reporter sur la fiche").click()
    expect(page.locator("input[name=requires_commitment]")).to_be_checked()
    expect(page.locator("input[name=name]")).to_have_value("Belleville")
    page.fill("input[name=billing_line]", "1 place de la Mairie")
    page.fill("input[name=billing_postcode]", "75020")
    page.fill("input[name=billing_city]", "Paris")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Belleville")).to_be_visible()
    saved = Customer.everywhere.get(company=company)
    assert (saved.electronic_address, saved.is_public_body) == ("217500016_21750001600019_SRV01", True)
