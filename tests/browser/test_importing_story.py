"""A list of customers from another software: sent, its columns confirmed, looked at, taken over; then two made one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.kernel.importing.running import IMPORTS
from config.kernel.models import Company
from customers.models import Customer
from tests.browser.conftest import sign_in
from tests.factories import story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = """Nom;SIRET;E-mail;Adresse;CP;Ville
Boulangerie Martin;73282932000074;contact@martin.example;1 rue du Four;01000;Bourg-en-Bresse
Maison Lumière;;maison@lumiere.example;3 rue Basse;69001;Lyon
Faux numéro;123;;4 rue Haute;75011;Paris
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_a_list_is_taken_over_and_two_records_are_made_one(page: Page, company: Company, width: int) -> None:
    known = story.a_customer(company, siret="", siren="")
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page)
    page.goto("/customers/")
    page.get_by_role("link", name="Reprendre une liste").click()
    page.get_by_label("Fichier").set_input_files({"name": "l.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Lire le fichier").click()
    expect(page.get_by_label("B · SIRET")).to_have_value("siret")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Vérifier les lignes").click()
    expect(page.locator("#import-progress")).to_be_visible()
    IMPORTS.sweep()
    page.get_by_role("link", name="Actualiser").click()
    expect(page.get_by_text("Un numéro SIRET a 14 chiffres")).to_be_visible()
    page.get_by_label("Maison Lumière").select_option("CREATE")
    page.get_by_role("button", name="Garder ces choix").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Laisser de côté les lignes en erreur").check()
    page.get_by_role("button", name="Reprendre (2 + 0)").click()
    IMPORTS.sweep()
    page.goto(page.url)
    expect(page.get_by_text("Tout est repris.")).to_be_visible()
    page.goto(f"{known.get_absolute_url()}merge/")
    page.locator("h1").click()  # the list of the field that has the cursor closes
    page.locator("main").get_by_role("link", name="Maison Lumière").last.click()
    page.locator("tr", has_text="Adresse e-mail").get_by_role("radio").last.check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Réunir").click()
    expect(page.locator("h1")).to_have_text("Maison Lumière")
    assert Customer.everywhere.get(pk=known.pk).email == "maison@lumiere.example"
