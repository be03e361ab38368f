"""« Achats › À traiter » as a person does it: files dropped, read, a copy refused, one set aside."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import ReceptionChannel
from einvoicing.reception.fetching import add_sources
from einvoicing.reception.queues import RECEIVED, VERDICTS
from einvoicing.reception.storing import store_document
from tests.browser.conftest import sign_in
from tests.einvoicing.reception import buying
from tests.factories import platforms, story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def pictures(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    for scheme in ("light", "dark") if folder else ():
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 720})


def test_files_are_brought_read_and_dealt_with(page: Page, company: Company) -> None:
    platforms.a_platform_account(company)
    facts = buying.an_invoice(company)
    with company_scope(company):
        add_sources(company=company, at=story.AT)
        store_document(
            company_id=company.pk,
            channel=ReceptionChannel.MAILBOX,
            remote_id="1:1",
            sender="compta@imprimerie.example",
            name="Facture d’un fournisseur au nom interminable, exemplaire du mois de novembre.xml",
            data=b"\x00rien",
            actor=story.ACTOR,
            at=story.AT,
        )
    sign_in(page)
    page.goto("/purchases/inbox/")
    page.set_input_files(
        "form[data-drop-files] input[type=file]",
        [
            {"name": "facture.pdf", "mimeType": "application/pdf", "buffer": buying.as_facturx(facts)},
            {"name": "copie.pdf", "mimeType": "application/pdf", "buffer": buying.as_facturx(facts)},
        ],
    )
    page.get_by_role("button", name="Déposer").click()
    expect(page.get_by_text("2 documents reçus, à lire.")).to_be_visible()
    RECEIVED.sweep()
    VERDICTS.sweep()
    page.goto("/purchases/inbox/")
    expect(page.locator("table .chip", has_text="Illisible")).to_be_visible()
    pictures(page, "inbox")
    page.get_by_role("link", name="Doublons").click()
    page.get_by_role("link", name=facts.supplier.name).click()
    expect(page.get_by_text("Même", exact=False).first).to_be_visible()
    pictures(page, "inbox-copy")
    page.get_by_label("Pourquoi rien n’est à en faire").fill("Reçue deux fois")
    page.get_by_role("button", name="Écarter").click()
    expect(page.get_by_text("Document écarté.", exact=False)).to_be_visible()
    page.goto("/purchases/inbox/?status=READ")
    page.get_by_role("link", name=facts.supplier.name).click()
    page.get_by_role("link", name="Ouvrir en pleine page").click()
    expect(page.get_by_role("img", name="Page 1")).to_be_visible()
    expect(page.get_by_text("1 200,00", exact=False).first).to_be_visible()
    pictures(page, "inbox-read")
    page.goto("/purchases/inbox/settings/")
    expect(page.get_by_label("Serveur IMAP")).to_be_visible()
    pictures(page, "inbox-settings")
