"""Buying by clicking: a platform brings an invoice, it is approved, paid by a run, and its supplier told.

The doubts of a first invoice, the IBAN that a person confirms, statuses on their way back: what parts of the product
do for each other is tried here, not one of them alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import PurchaseInvoice, PurchaseStatus
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.formats import cdar
from einvoicing.models import AnswerStatus, SupplierAnswer
from einvoicing.reception.answers.transmitting import ANSWERS
from einvoicing.reception.queues import RECEIVED
from einvoicing.services.polling import poll_account
from payments.models import PaymentOrder
from payments.services.reconciliation import reconcile
from tests.browser.conftest import sign_in
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.test_receiving import Supplied
from tests.factories import money, story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def supplied(sandbox: str, company: Company) -> Iterator[Supplied]:
    story.a_customer(
        company,
        name=buying.SUPPLIER.name,
        siret=buying.SUPPLIER.siret,
        vat_number=buying.SUPPLIER.vat,
        is_supplier=True,
    )
    with company_scope(company):
        yield Supplied(sandbox, "afnor", company)


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    for width in (1440, 390) if folder else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_an_invoice_is_received_approved_paid_and_its_supplier_told(page: Page, company: Company, supplied: Supplied):
    facts = buying.an_invoice(company)
    supplied.gets(buying.as_facturx(facts), "facture.pdf")
    supplied.read()
    RECEIVED.sweep()
    purchase = PurchaseInvoice.objects.get()
    assert purchase.status == PurchaseStatus.TO_CHECK, "a first account is confirmed by a person"
    sign_in(page)
    page.goto("/purchases/")
    page.get_by_role("link", name=facts.number).first.click()
    picture(page, "story-received")
    expect(page.get_by_text("Aucune personne n’a confirmé l’IBAN", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Vérifier l’IBAN").click()
    picture(page, "story-iban")
    page.get_by_role("button", name="Confirmer cet IBAN").click()
    expect(page.get_by_text("ses factures peuvent y être payées", exact=False)).to_be_visible()
    page.goto(purchase.get_absolute_url())
    expect(page.get_by_role("link", name="Valider la facture")).to_be_visible()
    assert page.get_by_role("link", name="J’ai vérifié").count() == 0
    page.get_by_role("link", name="Valider la facture").click()
    picture(page, "story-check")
    page.get_by_role("button", name="Valider et comptabiliser").click()
    expect(page.get_by_text("Comptabilisée : elle attend son règlement.")).to_be_visible()
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.BOOKED
    page.goto("/purchases/payments/?until=2027-12-31")
    page.get_by_role("button", name="Préparer le lot").click()
    page.get_by_role("link", name="Confirmer et ordonner").click()
    page.get_by_role("button", name="Confirmer et ordonner").click()
    expect(page.get_by_text("À comparer avec l’écran de la banque")).to_be_visible()
    order = PaymentOrder.objects.get()
    assert order.total == Decimal("1200.00")
    line = money.a_credit("-1200.00", batch_reference=order.number, counterparty="")
    money.bank_lines(company, [line])
    reconcile(company=company, actor=Actor.beat("rapprochement"), at=timezone.now())
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PAID
    ANSWERS.sweep()
    poll_account(account=supplied.account, at=timezone.now())
    answers = {row.code: row for row in SupplierAnswer.objects.all()}
    assert {row.status for row in answers.values()} == {AnswerStatus.ACCEPTED}
    assert sorted(answers) == ["204", "205", "211"]
    paid = cdar.parse(bytes(answers["211"].content)).details[0].characteristics[0]
    assert (paid.amount, paid.currency) == (Decimal("1200.00"), "EUR")
    page.goto(purchase.get_absolute_url())
    panel = page.locator("section", has=page.get_by_role("heading", name="Réponses au fournisseur"))
    expect(panel.get_by_text("Paiement transmis")).to_be_visible()
    picture(page, "story-paid")
