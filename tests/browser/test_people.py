"""A colleague is invited, chooses a password and works; among many companies one is reached by typing."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role
from tests.browser.conftest import EMAIL, sign_in
from tests.factories import story
from tests.home.test_people import PASSWORD, PAUL, link_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_colleague_is_invited_chooses_a_password_and_works(page: Page, company: Company) -> None:
    sign_in(page)
    page.goto(reverse("people-settings"))
    page.get_by_role("link", name="Inviter").click()
    page.get_by_label("Adresse e-mail").fill(PAUL)
    page.get_by_label("Rôle").select_option("SALES")
    page.get_by_role("button", name="Envoyer l’invitation").click()
    expect(page.locator("table").filter(has_text=PAUL)).to_be_visible()
    page.context.clear_cookies()
    page.goto(link_to(PAUL))
    page.get_by_label("Prénom").fill("Paul")
    page.get_by_label("Nom", exact=True).fill("Remy")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Créer mon compte et rejoindre").click()
    expect(page.get_by_text(f"Bienvenue dans {company.name}.")).to_be_visible()
    assert Membership.objects.get(user__email=PAUL).role == Role.SALES


def test_among_many_companies_one_is_reached_by_its_name_and_the_keyboard(page: Page, company: Company) -> None:
    person = User.objects.get(email=EMAIL)
    for number in range(10):
        Membership.objects.create(user=person, company=story.a_company(name=f"Dossier {number}"), role=Role.ACCOUNTANT)
    sign_in(page)
    page.goto(reverse("home"))
    switch = page.locator(".rail details.company")
    switch.locator("summary").click()
    switch.get_by_role("combobox").fill("dossier 9")
    expect(switch.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(switch.locator("summary")).to_contain_text("Dossier 9")
