"""A reminder run by clicking: why one waits, the letter as it goes, a promise, one sent against a reason, the rest."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.dunning import evidence
from payments.models import Reminder
from tests.browser.conftest import sign_in
from tests.factories import money, story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Société coopérative agricole et viticole des Producteurs Réunis de la Vallée du Haut-Languedoc"


@pytest.fixture
def late(company: Company, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three customers who are late, with fresh bank data, on a working day."""
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: True)
    money.bank_lines(company, [money.a_credit("-1.00")], at=timezone.now())
    for place, name in enumerate((LONG, "Maison Lumière", "Hôtel du Nord")):
        customer = story.a_customer(company, name=name, email=f"compta{place}@client.example")
        story.an_issued_invoice(customer, at=timezone.now() - timedelta(days=70 - place))


def shot(page: Page, name: str) -> None:
    """A picture to look at, where a folder for them is named."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_reminder_run(page: Page, company: Company, late: None) -> None:
    sign_in(page)
    page.goto("/reminders/")
    rows = page.locator("table.rows tbody tr")
    expect(rows).to_have_count(3)
    shot(page, "due")

    # the letter beside the list, as it will go
    rows.filter(has_text="Maison Lumière").locator("a.row-link").click()
    letter = page.locator("pre.letter")
    expect(letter).to_contain_text("Sauf erreur de notre part")
    expect(letter).to_contain_text("Référence à rappeler")
    shot(page, "letter")

    # a promise: the customer waits, and the list says until when
    page.get_by_role("link", name="Noter une promesse").first.click()
    page.fill("[name=until]", (timezone.now() + timedelta(days=5)).strftime("%d/%m/%Y"))
    page.fill("[name=note]", "Virement annoncé au téléphone")
    page.get_by_role("button", name="Enregistrer", exact=True).first.click()
    page.goto("/reminders/held/")
    expect(page.locator("table.rows tbody tr")).to_contain_text("a promis de régler")

    # set aside with a reason
    page.locator("table.rows tbody a.row-link").first.click()
    page.get_by_role("button", name="Envoyer malgré tout").first.click()
    expect(page.locator("[name=reason]")).to_be_visible()
    page.fill("[name=reason]", "Le client demande un écrit")
    shot(page, "waived")
    page.get_by_role("button", name="Envoyer malgré tout").first.click()
    expect(page.get_by_text("Relance préparée").first).to_be_visible()

    # the rest at once, one of them unticked
    page.goto("/reminders/send/")
    shot(page, "run")
    page.locator("tr", has_text="Hôtel du Nord").locator("input[type=checkbox]").uncheck()
    page.get_by_role("button", name="Envoyer ces relances").click()
    expect(page.get_by_text("1 relance préparée").first).to_be_visible()
    with company_scope(company):
        found = {one.invoice.buyer_name: one.waived for one in Reminder.objects.select_related("invoice")}
    assert found == {LONG: [], "Maison Lumière": ["promised"]}


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_its_pages_fit_a_desk_and_a_telephone(
    page: Page, company: Company, late: None, width: int, scheme: Any
) -> None:
    sign_in(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    with company_scope(company):
        invoice = Invoice.objects.order_by("id")[0]
    lists = ("", "send/", "forecast/", "promises/", f"of/{invoice.pk}/", f"customers/{invoice.customer_id}/")
    for address in (*(f"/reminders/{one}" for one in lists), "/settings/reminders/", "/settings/reminders/1/fr/"):
        page.goto(address)
        shot(page, f"{width}-{scheme}-{address.strip('/').replace('/', '-')}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, json.dumps({"page": address, "wide": wide})
