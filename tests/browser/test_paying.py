"""A payment run by clicking: chosen, an amount changed, submitted, confirmed by another person, its file fetched."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from config.kernel.models import Company, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import PayingSettings, PaymentOrder, PaymentRun
from tests.browser.conftest import sign_in
from tests.factories import people
from tests.factories.supplier_payments import a_purchase, a_supplier

pytestmark = pytest.mark.browser


def become(page: Page, user: User) -> None:
    client = Client()
    client.force_login(user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "domain": "localhost", "path": "/"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_run_is_prepared_by_one_and_ordered_by_another(page: Page, company: Company, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    with company_scope(company):
        PayingSettings.objects.create(company=company, confirm_above=Decimal(0))
        supplier = a_supplier(company, "Société coopérative des Papeteries Réunies du Haut-Languedoc")
        first, second = a_purchase(supplier), a_purchase(supplier, "200")
        a_purchase(a_supplier(company, "Nouveau compte"), iban="FR7630001007941234567890185")
    other = people.a_person(company, Role.ACCOUNTANT)
    sign_in(page)
    page.goto("/purchases/payments/")
    expect(page.get_by_text("IBAN non confirmé")).to_be_visible()
    sum_of = page.locator("[data-chosen-sum]")
    expect(sum_of).to_have_text(re.compile(r"360,00"))
    page.get_by_label(f"Montant de {second.number}").fill("100")
    expect(sum_of).to_have_text(re.compile(r"220,00"))
    page.get_by_role("button", name="Préparer le lot").click()
    expect(page.get_by_role("heading", name="Lot LOT-")).to_be_visible()
    page.get_by_role("button", name="Soumettre à confirmation").click()
    expect(page.get_by_text("une autre personne que vous")).to_be_visible()
    expect(page.get_by_role("link", name="Confirmer et ordonner")).to_have_count(0)
    become(page, other)
    page.reload()
    page.get_by_role("link", name="Confirmer et ordonner").click()
    page.get_by_role("button", name="Confirmer et ordonner").click()
    expect(page.get_by_text("À comparer avec l’écran de la banque")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le fichier").click()
    order = PaymentOrder.everywhere.get()
    content = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == order.sha256
    expect(page.get_by_text(order.sha256)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    first.refresh_from_db()
    assert (first.status, PaymentRun.everywhere.get().total) == ("PAID", 220)
