"""The customer's page in a browser: read, told paid, contested, paid by card; on a phone too."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from billing.models import Invoice, InvoiceStatus
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.checkouts.accounts import save_account
from payments.models import CustomerNotice, Payment
from payments.sandbox.hosted_checkout.access import KEY_PREFIX
from tests.browser.test_accessibility import SMALL_TARGETS, faults
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import story
from tests.payments.portal.conftest import a_link, a_statement_link, path_to
from tests.trust.at_once import a_share

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def invoice(company: Company, sandbox: str, settings: Any, live_server: Any) -> Invoice:
    settings.SANDBOX_URL, settings.PUBLIC_URL = sandbox, live_server.url
    with company_scope(company):
        save_account(
            company=company,
            kind="hosted_checkout",
            base_url=f"{sandbox}/hosted-checkout",
            page_url="",
            ledger_account="511500",
            fee_account="627000",
            is_enabled=True,
            secret=f"{KEY_PREFIX}{uuid.uuid4().hex}",
            actor=story.ACTOR,
            at=timezone.now(),
        )
    return story.an_issued_invoice(story.a_customer(company))


@pytest.fixture
def without_script(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """A phone whose browser runs no script."""
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, viewport=PHONE, locale="fr-FR")
    yield context.new_page()
    context.close()


def test_a_customer_pays_by_card_and_comes_back(page: Page, invoice: Invoice) -> None:
    page.goto(path_to(a_link(invoice)))
    page.get_by_role("button", name="Payer par carte").click()
    page.get_by_role("button", name="Payer").click()
    expect(page.get_by_text("votre paiement de")).to_be_visible()
    page.get_by_role("link", name="Revenir à la facture").click()
    expect(page.get_by_text("Elle est réglée")).to_be_visible()
    expect(page.get_by_role("button", name="Payer par carte")).to_have_count(0)
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    assert Payment.everywhere.count() == 1


def test_without_a_script_a_customer_says_paid_and_contests(without_script: Page, invoice: Invoice) -> None:
    page = without_script
    page.goto(path_to(a_link(invoice)))
    page.get_by_role("link", name="J’ai payé").click()
    page.get_by_label("Référence").fill("VIR 42")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("votre message est arrivé")).to_be_visible()
    page.get_by_role("link", name="Je conteste").click()
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("Dites en une phrase").first).to_be_visible()
    page.get_by_label("Ce qui ne va pas").fill("Deux chaises manquent")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("Votre contestation est arrivée")).to_be_visible()
    assert sorted(CustomerNotice.everywhere.values_list("kind", flat=True)) == ["DISPUTED", "PAID"]


@pytest.mark.trust
@pytest.mark.parametrize(
    ("size", "scheme"), a_share([(WIDE, "light"), (WIDE, "dark"), (PHONE, "dark"), (PHONE, "light")], 2)
)
def test_axe_finds_nothing_grave_and_nothing_is_cut(
    chromium: Browser, invoice: Invoice, live_server: Any, scheme: Any, size: Any
) -> None:
    context = chromium.new_context(
        base_url=live_server.url, color_scheme=scheme, viewport=size, locale="fr-FR", has_touch=size is PHONE,
        is_mobile=size is PHONE, reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    link, statement = a_link(invoice), a_statement_link(invoice.customer)
    paths = [path_to(link), path_to(statement), path_to(link, invoice.number, "paid"), "/c/nothing/"]
    found, small = [], []
    for path in paths:
        page.goto(path)
        found += faults(page)
        small += page.evaluate(SMALL_TARGETS) if size is PHONE else []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()
    assert found == []
    assert small == []
