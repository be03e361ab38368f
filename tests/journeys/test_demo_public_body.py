"""The demonstration's public body, invoiced at the simulated Chorus Pro as `make run` has it: by the settings alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Invoice
from config.kernel.scope import company_scope
from config.rehearsal.cast import PUBLIC_BODIES
from config.sandbox.accounts import CLIENT_SECRET
from customers.models import Customer
from einvoicing.models import LifecycleEvent, PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.polling import poll_account
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import story
from tests.factories.people import signed_in
from tests.factories.queues import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]
NAME, SIRET, _LINE, _POSTCODE, _CITY, SERVICE = PUBLIC_BODIES[0]
AT = story.AT


@pytest.fixture
def customer(sandbox: str, settings: Any, tmp_path: Any) -> Customer:
    """Of a company whose owner connected Chorus Pro on the page of its settings."""
    settings.MEDIA_ROOT, settings.DEBUG, settings.WEBHOOK_ALLOW_PRIVATE = str(tmp_path), False, False
    settings.SANDBOX_URL = sandbox
    company = story.a_company()
    typed = {
        "name": "Chorus Pro",
        "environment": "qualification",
        "base_url": sandbox,
        "token_url": f"{sandbox}/api/oauth/token",
        "client_id": f"demo-{company.siren}",
        "client_secret": CLIENT_SECRET,
        "login": f"TECH_{company.siren}@cpro.fr",
        "password": ACCOUNT_PASSWORD,
        "default_format": "Factur-X",
        "is_enabled": "on",
        "sends_automatically": "on",
    }
    answer = signed_in(company).post("/settings/platform/chorus_pro/", typed)
    assert answer.status_code == 302, answer.context["form"].errors
    return story.a_customer(company, name=NAME, siret=SIRET, is_public_body=True)


def sent(customer: Customer, **references: str) -> Transmission:
    with company_scope(customer.company_id):
        invoice: Invoice = story.an_issued_invoice(customer, **references)
        drain(at=AT)
        return Transmission.objects.get(invoice=invoice)


def test_the_demonstration_s_public_body_is_invoiced_through_chorus_pro(customer: Customer) -> None:
    carried = sent(customer, service_code=SERVICE, purchase_order="ENG-2026-100")
    assert carried.status == Status.DEPOSITED
    account = PlatformAccount.everywhere.get(company=customer.company)
    for minutes in (0, 15, 30):
        poll_account(account=account, at=AT + timedelta(minutes=minutes), skips_pause=True)
    codes = [event.code for event in LifecycleEvent.everywhere.filter(invoice=carried.invoice).order_by("id")]
    assert codes
    assert not {"210", "213"} & set(codes), "neither refused nor rejected"


def test_without_its_service_code_the_same_invoice_is_rejected_there(customer: Customer) -> None:
    carried = sent(customer, purchase_order="ENG-2026-100")
    account = PlatformAccount.everywhere.get(company=customer.company)
    for minutes in (0, 15, 30):
        poll_account(account=account, at=AT + timedelta(minutes=minutes), skips_pause=True)
    carried.refresh_from_db()
    codes = set(LifecycleEvent.everywhere.filter(invoice=carried.invoice).values_list("code", flat=True))
    assert carried.status == Status.REJECTED or "213" in codes, (carried.status, codes)
