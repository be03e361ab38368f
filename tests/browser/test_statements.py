"""Statements' files in a real browser: dropped anywhere on « Banque », one that fails beside others that are kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import BankLine
from payments.statements.sample import Entry, camt053
from tests.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


DROP = """async ([names, texts]) => {
  const transfer = new DataTransfer();
  names.forEach((name, place) => transfer.items.add(new File([texts[place]], name)));
  const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
  for (const kind of ["dragover", "drop"]) document.querySelector("h1").dispatchEvent(new DragEvent(kind, how));
}"""


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def statement(company: Company, day: int, opening: str) -> str:
    long = "SOCIETE COOPERATIVE ARTISANALE DES MENUISIERS ET CHARPENTIERS DE LOIRE-ATLANTIQUE"
    entries = [Entry(amount=Decimal("120.00"), counterparty=long, remittance="FAC-2026-00001")]
    return camt053(company.iban, Decimal(opening), entries, date(2026, 11, day), f"R{day}").decode()


def test_files_dropped_on_the_bank_are_shown_and_the_good_ones_kept(page: Page, company: Company) -> None:
    sign_in(page)
    page.goto("/bank/")
    good, next_ = statement(company, 2, "100.00"), statement(company, 3, "220.00")
    broken = statement(company, 4, "340.00").replace("460.00", "999.00")
    page.evaluate(DROP, [["lundi.xml", "mardi.xml", "faux.xml"], [good, next_, broken]])
    expect(page.get_by_role("heading", name="Relevés à importer")).to_be_visible()
    failed = page.get_by_role("region", name="faux.xml")
    expect(failed).to_contain_text("Il manque des mouvements")
    expect(page.get_by_role("region", name="lundi.xml")).to_contain_text("220,00")
    page.get_by_role("button", name="Importer 2 fichiers").click()
    expect(page.get_by_role("region", name="mardi.xml")).to_contain_text("Importé")
    with company_scope(company):
        assert BankLine.objects.count() == 2
    page.goto("/bank/")
    row = page.get_by_role("row", name="Compte courant")
    expect(row).to_contain_text("340,00")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="État de rapprochement")).to_be_visible()


def test_a_file_that_fails_is_chosen_without_a_script_and_says_why(
    chromium: Any, company: Company, live_server: Any
) -> None:
    context = chromium.new_context(locale="fr-FR", base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto("/bank/")
    file = {"name": "photo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("button", name="Lire les relevés").click()
    expect(page.get_by_role("region", name="photo.png")).to_contain_text("n’est pas reconnu")
    expect(page.get_by_role("button", name="Importer")).to_have_count(0)
    context.close()
