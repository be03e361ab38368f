"""The first day, by clicking and typing: a bare installation, its first company, a colleague, a logo, an invoice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.browser.conftest import EMAIL, type_password
from tests.browser.conftest import PASSWORD as FOUNDERS
from tests.browser.test_story import create_customer, follow, pick, press
from tests.factories import story
from tests.home.test_people import PASSWORD, PAUL, link_to
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def window(
    chromium: Browser, transactional_db: None, live_server: Any, tmp_path: Path, settings: Any
) -> Iterator[Page]:
    """A new window on an installation that has a superuser and nothing else."""
    settings.MEDIA_ROOT = tmp_path
    User.objects.create_superuser(EMAIL, FOUNDERS, first_name="Claire", last_name="Vasseur")
    context = chromium.new_context(locale="fr-FR", base_url=live_server.url)
    context.set_default_timeout(PATIENCE * 1000)
    yield context.new_page()
    context.close()


def found(page: Page, siren: str) -> None:
    follow(page, "Créer la première société")
    typed = {
        "siren": siren, "name": "Atelier Nouveau", "siret": story.a_siret(siren), "legal_form": "SAS",
        "share_capital": "10 000 €", "rcs_city": "Lyon", "address_line": "5 quai de Saône", "postcode": "69002",
        "city": "Lyon", "email": "bonjour@nouveau.example",
    }  # fmt: skip
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)
    press(page, "Créer la société")
    expect(page.get_by_text("1 étape faite sur 5.")).to_be_visible()


def give_iban(page: Page) -> None:
    follow(page, "Indiquer l’IBAN")
    page.fill("[name=iban]", story.IBAN)
    press(page, "Enregistrer")
    expect(page.get_by_text("2 étapes faites sur 5.")).to_be_visible()
    expect(page.get_by_role("link", name="Indiquer l’IBAN")).to_have_count(0)


def dress(page: Page) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (240, 80), "#0b6e4f").save(picture, "PNG")
    follow(page, "Choisir")
    page.set_input_files("[name=logo]", {"name": "l.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    press(page, "Enregistrer le logo")
    expect(page.get_by_alt_text("Logo actuel")).to_be_visible()


def invite(page: Page) -> None:
    page.goto(reverse("people-settings"))
    follow(page, "Inviter")
    page.get_by_label("Adresse e-mail").fill(PAUL)
    page.get_by_label("Rôle").select_option("SALES")
    press(page, "Envoyer l’invitation")
    expect(page.locator("table").filter(has_text=PAUL)).to_be_visible()


def arrive(page: Page) -> None:
    page.goto(link_to(PAUL))
    page.get_by_label("Prénom").fill("Paul")
    page.get_by_label("Nom", exact=True).fill("Remy")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Créer mon compte et rejoindre")
    expect(page.get_by_text("Bienvenue dans Atelier Nouveau.")).to_be_visible()


def bill(page: Page) -> None:
    create_customer(page)
    page.goto(reverse("founding-guide"))
    follow(page, "Préparer la facture")
    pick(page, "[name=customer_text]", "Maison")
    page.fill("[name='lines-0-description']", "Chaise Bistrot")
    page.fill("[name='lines-0-quantity']", "10")
    page.fill("[name='lines-0-unit_price']", "100,00")
    press(page, "Enregistrer le brouillon")
    follow(page, "Émettre et envoyer")
    expect(page.get_by_text("Conforme aux règles officielles")).to_be_visible()
    press(page, "Émettre et envoyer")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"FAC-{local_day(timezone.now()).year}-00001")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_bare_installation_bills_on_its_first_day(
    chromium: Browser, window: Page, live_server: Any, width: int
) -> None:
    window.set_viewport_size({"width": width, "height": 844})
    window.goto("/login/")
    type_password(window)
    siren = story.a_siren()
    found(window, siren)
    give_iban(window)
    dress(window)
    invite(window)
    own = chromium.new_context(locale="fr-FR", base_url=live_server.url)
    own.set_default_timeout(PATIENCE * 1000)
    arrive(own.new_page())
    own.close()
    bill(window)
    window.goto(reverse("founding-guide"))
    expect(window.get_by_text("5 étapes faites sur 5.")).to_be_visible()
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    company = Company.objects.get(siren=siren)
    assert Membership.objects.get(user__email=PAUL, company=company).role == Role.SALES
    with company_scope(company):
        assert Invoice.objects.issued().count() == 1
