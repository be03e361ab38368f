"""The story by clicking, in French: customer, product, order, invoice, platform, money, bank."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.pages.operations.sweeps import sweep
from einvoicing.models import LifecycleEvent
from einvoicing.sandbox.server import SandboxServer
from payments.statements.sample import Entry, camt053
from tests.browser.conftest import sign_in, type_password
from tests.factories.platforms import a_platform_account
from tests.factories.story import a_siren, a_siret

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def platform(company: Company, settings: Any, tmp_path: Path) -> Any:
    settings.SANDBOX_PACE, settings.MEDIA_ROOT = 0.0, tmp_path
    server = SandboxServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    a_platform_account(company, server.address)
    yield server
    server.shutdown()
    server.server_close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def create_customer(page: Page) -> None:
    page.goto("/customers/new/")
    page.fill("[name=name]", "Maison Lumière")
    page.fill("[name=siret]", a_siret(a_siren()))
    page.fill("[name=email]", "compta@lumiere.example")
    page.fill("[name=billing_line]", "18 rue de la Paix")
    page.fill("[name=billing_postcode]", "75002")
    page.fill("[name=billing_city]", "Paris")
    press(page, "Enregistrer")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Maison Lumière")


def pick(page: Page, field: str, text: str) -> None:
    """Type, wait for the server's answer, take the first with the keyboard."""
    page.locator(field).press_sequentially(text, delay=20)
    page.locator("[role=option][data-label]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-typeahead]", has=page.locator(field)).locator(".js-value")).not_to_have_value("")


def order_and_ship(page: Page) -> None:
    page.goto("/orders/new/")
    pick(page, "[name=customer_text]", "Maison")
    page.fill("[name='lines-0-description']", "Chaise Bistrot")
    page.fill("[name='lines-0-quantity']", "10")
    page.fill("[name='lines-0-unit_price']", "100,00")
    press(page, "Enregistrer la commande")
    press(page, "Confirmer")
    follow(page, "Expédier")
    press(page, "Expédier")


def test_from_a_new_customer_to_money_in_the_bank(page: Page, company: Company, platform: Any, tmp_path: Path) -> None:
    page.goto("/login/")
    type_password(page)
    page.wait_for_url(lambda address: urlsplit(address).path == "/")
    create_customer(page)
    order_and_ship(page)
    press(page, "Générer la facture")
    follow(page, "Émettre et envoyer")
    press(page, "Émettre et envoyer")
    invoice = Invoice.everywhere.get()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"FAC-{local_day(timezone.now()).year}-00001")
    expect(page.locator(".record-amount")).to_have_text("1\u202f200,00\u00a0€")
    for _turn in range(10):
        sweep()
        if LifecycleEvent.everywhere.filter(invoice=invoice, code="205").exists():
            break
    page.reload()
    expect(page.locator("main")).to_contain_text("200 Déposée")
    with page.expect_download() as download:
        page.locator("a[download]").last.click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    pay_half(page)
    bank_pays_the_rest(page, company, invoice, tmp_path)
    page.goto(invoice.get_absolute_url())
    expect(page.locator(".record-head")).to_contain_text("Payée")
    expect(page.locator(".timeline")).to_contain_text("entièrement réglée")


def pay_half(page: Page) -> None:
    follow(page, "Enregistrer un paiement")
    page.fill("[name=amount]", "600,00")
    page.locator("[name^=share_]").fill("600")
    press(page, "Enregistrer l’encaissement")
    expect(page.locator("main")).to_contain_text("600,00")


def bank_pays_the_rest(page: Page, company: Company, invoice: Invoice, folder: Path) -> None:
    entry = Entry(amount=Decimal(600), counterparty="MAISON LUMIERE", remittance=f"SOLDE {invoice.payment_reference}")
    statement = folder / "releve.xml"
    statement.write_bytes(camt053(company.iban, Decimal(100), [entry], local_day(timezone.now()), "REL-1"))
    page.goto("/bank/")
    page.set_input_files("[name=file]", statement)
    press(page, "Lire les relevés")
    press(page, "Importer 1 fichier")
    expect(page.locator("main")).to_contain_text("Importé")
    page.goto("/bank/")  # what the evidence proves is matched at once
    expect(page.locator("main")).to_contain_text("Rapprochée")


def test_a_wrong_siret_is_said_at_its_field_and_nothing_typed_is_lost(page: Page) -> None:
    sign_in(page)
    page.goto("/customers/new/")
    page.fill("[name=name]", "Maison Lumière")
    page.fill("[name=siret]", "123")
    press(page, "Enregistrer")
    expect(page.locator("[name=siret]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=name]")).to_have_value("Maison Lumière")
