"""What a partner states of an invoice, and what Chorus Pro says of its recipient and of our account."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import requests
from django.utils import timezone

from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from einvoicing.models import PlatformAccount
from einvoicing.services.accounts import CHANGEABLE, save_account
from einvoicing.tasks import COMPARING
from einvoicing.todo import ending_passwords
from tests.api.client import Partner, json_of
from tests.api.test_chorus_pro import ROOT, TOWN, a_public_invoice, facturx, rows, said_of, submit, submitted
from tests.api.test_chorus_pro import _alone as _alone
from tests.api.test_chorus_pro import account as account
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import story
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db

HOSPITAL, TREASURY = "26750045200011", "24690025200015"


def order(account: PlatformAccount, kind: str, value: str = "") -> None:
    fault = {"kind": kind, "value": value, "operation": "", "client_id": account.client_id, "remaining": 99}
    requests.post(f"{account.base_url}/sandbox/faults", json=fault, timeout=5)


# -- what the partner states -------------------------------------------------------------------------------------------


def test_the_printed_body_with_true_sirets_is_taken(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(
        company, siret=TREASURY, service_code="SERVICE001", purchase_order="ENG2024001234",
        contract_reference="MARCHE-2024-7", at=datetime(2024, 3, 15, 9, 0, tzinfo=UTC),
        lines=[story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))],
    )  # fmt: skip
    body = {
        "invoiceNumber": invoice.number,
        "invoiceDate": "2024-03-15",
        "invoiceType": "FACTURE",
        "supplierSiret": company.siret,
        "supplierName": "ACME Corporation",
        "recipientSiret": TREASURY,
        "recipientName": "Ministère de l'Économie",
        "serviceReference": {"serviceCode": "SERVICE001"},
        "engagement": {"engagementNumber": "ENG2024001234"},
        "purchaseOrder": "ENG2024001234",
        "contractReference": "MARCHE-2024-7",
        "amountExcludingTax": Decimal("1000.00"),
        "vatAmount": Decimal("200.00"),
        "amountIncludingTax": Decimal("1200.00"),
        "documentFormat": "FACTURX",
    }
    answer = submit(partner, body, document=facturx(partner, invoice))
    assert answer.status_code == 201, answer.content
    xml = partner.get(f"/api/invoices/{invoice.pk}/documents/cii")
    assert b"MARCHE-2024-7" in b"".join(xml.streaming_content)


def test_every_difference_is_named_at_once_the_file_s_too(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    wrong = {
        "invoiceType": "AVOIR", "invoiceDate": "2024-03-15", "supplierSiret": TOWN, "recipientSiret": TREASURY,
        "serviceReference": {"serviceCode": "SRV02"}, "engagement": {"engagementNumber": "ENG1"},
        "purchaseOrder": "CMD-1", "contractReference": "MARCHE-1", "amountExcludingTax": 1, "vatAmount": 2,
        "amountIncludingTax": 3,
    }  # fmt: skip
    refused = submit(partner, said_of(a_public_invoice(company), **wrong), document=b"%PDF-1.7 nothing")
    inner = {"serviceReference": "serviceReference.serviceCode", "engagement": "engagement.engagementNumber"}
    assert refused.status_code == 400
    assert set(json_of(refused)["fields"]) == {
        *(f"invoiceData.{inner.get(name, name)}" for name in wrong), "document",
    }  # fmt: skip
    assert rows(company) == 0


def test_both_sirets_that_cannot_be_are_named(company: Company, account: PlatformAccount, partner: Partner) -> None:
    printed = {"supplierSiret": "12345678901234", "recipientSiret": "98765432109876"}
    refused = json_of(submit(partner, said_of(a_public_invoice(company), **printed)))
    assert (refused["code"], set(refused["fields"])) == ("SIRET_INVALIDE", {f"invoiceData.{name}" for name in printed})


def test_the_invoice_s_own_service_is_judged_not_the_caller_s(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company, siret=HOSPITAL, service_code="TRAVAUX")  # which wants a commitment of its own
    data = said_of(invoice)
    del data["serviceReference"]
    refused = json_of(submit(partner, data))
    assert (refused["code"], set(refused["fields"])) == (
        "ENGAGEMENT_ABSENT",
        {"invoiceData.engagement.engagementNumber"},
    )


@pytest.mark.parametrize("service_code", ["CLOS", "FUTUR", "DORMANT", ""])
def test_a_service_that_takes_no_invoice_is_not_found(
    company: Company, account: PlatformAccount, partner: Partner, service_code: str
) -> None:
    refused = json_of(submit(partner, said_of(a_public_invoice(company, service_code=service_code))))
    assert (refused["code"], rows(company)) == ("SERVICE_INTROUVABLE", 0)


def test_a_supplier_that_is_not_attached_is_told_at_the_deposit(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    from tests.factories.queues import drain

    row = submitted(partner, a_public_invoice(company))
    order(account, "unattached")
    drain(at=timezone.now())
    assert "rattaché au compte technique" in json_of(partner.get(f"/api/transmissions/{row}"))["last_error"]


# -- whom a name names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["MINISTERE", "ministère de l’", "Ministère"])
def test_a_name_is_asked_of_chorus_pro_whatever_its_accents(
    account: PlatformAccount, partner: Partner, name: str
) -> None:
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": name}))
    assert (answer["found"], answer["entity"]) == (False, None)
    assert {row["siret"] for row in answer["candidates"]} == {"11000201100044", TREASURY}


def test_a_name_that_one_body_bears_finds_it_and_one_that_nobody_bears_nobody(
    account: PlatformAccount, partner: Partner
) -> None:
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": "Ministère de l'Économie"}))
    assert (answer["found"], answer["entity"]["siret"]) == (True, TREASURY)
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": "Nulle part"}))
    assert answer == {"found": False, "entity": None, "candidates": []}


def test_a_name_is_looked_for_among_our_customers_only_while_chorus_pro_is_away(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    story.a_customer(company, name="Ministère des Essais", siret=TOWN, is_public_body=True)
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": "ministere"}))
    assert {row["siret"] for row in answer["candidates"]} == {"11000201100044", TREASURY}
    partner.post(f"{ROOT}/entities/lookup", {"siret": TOWN})
    order(account, "503")
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": "ministere des essais"}))
    assert (answer["found"], answer["entity"]["siret"]) == (True, TOWN)
    away = partner.post(f"{ROOT}/entities/lookup", {"name": "ministere inconnu"})
    assert (away.status_code, json_of(away)["code"]) == (503, "chorus_pro_unavailable")


def test_a_look_up_is_tried_again_before_the_partner_hears_of_it(
    account: PlatformAccount, partner: Partner, sandbox: str
) -> None:
    busy = {"kind": "503", "operation": "read", "client_id": account.client_id, "remaining": 2, "value": ""}
    requests.post(f"{sandbox}/sandbox/faults", json=busy, timeout=5)
    assert json_of(partner.post(f"{ROOT}/entities/lookup", {"siret": TOWN}))["found"] is True


# -- our own account ---------------------------------------------------------------------------------------------------

HEALTH = f"{ROOT}/health/test-connection"


@pytest.mark.parametrize("api", ["structures", "utilisateurs", "engagementsJuridiques"])
def test_an_api_that_is_not_subscribed_is_a_warning_of_the_connection(
    account: PlatformAccount, partner: Partner, api: str
) -> None:
    order(account, "unsubscribed", api)
    answer = json_of(partner.get(HEALTH))
    assert (answer["connected"], len(answer["warnings"])) == (True, 1)
    assert "abonnée" in answer["warnings"][0]


@pytest.mark.parametrize("api", ["factures", "transverses"])
def test_without_the_apis_of_deposits_nothing_is_connected(
    account: PlatformAccount, partner: Partner, api: str
) -> None:
    order(account, "unsubscribed", api)
    answer = json_of(partner.get(HEALTH))
    assert (answer["connected"], "abonnée" in answer["problem"], answer["warnings"]) == (False, True, [])


def test_an_account_attached_to_nothing_is_said(account: PlatformAccount, partner: Partner) -> None:
    order(account, "unattached")
    answer = json_of(partner.get(HEALTH))
    assert (answer["connected"], "rattachée" in answer["warnings"][0]) == (True, True)


def test_an_expired_password_is_the_technical_account_s(account: PlatformAccount, partner: Partner) -> None:
    order(account, "expired-password")
    answer = json_of(partner.get(HEALTH))
    assert (answer["connected"], "mot de passe" in answer["problem"]) == (False, True)


def test_the_end_of_the_password_is_told_fifteen_days_before(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    ends = timezone.localdate() + timedelta(days=15)
    order(account, "password-ends", ends.isoformat())
    answer = json_of(partner.get(HEALTH))
    assert (answer["passwordExpiresOn"], len(answer["warnings"])) == (ends.isoformat(), 1)
    shown = f"{ends:%d/%m/%Y}"
    assert shown in answer["warnings"][0]
    browser = signed_in(company)
    assert shown in browser.get("/settings/platform/chorus_pro/").text
    assert "mot de passe à renouveler" in browser.get("/").text
    assert "expire le" in browser.post("/settings/platform/chorus_pro/test/", follow=True).text


def test_the_home_page_tells_it_from_a_daily_reading_until_it_is_renewed(
    company: Company, account: PlatformAccount
) -> None:
    order(account, "password-ends", "2026-12-05")
    COMPARING.visit()
    account.refresh_from_db()
    assert account.password_expires_on == date(2026, 12, 5)

    def waiting(day: datetime) -> list[str]:
        with company_scope(company):
            return [todo.detail for todo in ending_passwords(Today(day))]

    noon = datetime(2026, 12, 5, 12, tzinfo=UTC)
    assert waiting(noon - timedelta(days=16)) == []
    assert "expire le" in waiting(noon - timedelta(days=15))[0]
    assert "a expiré le" in waiting(noon + timedelta(days=1))[0]
    values = {name: getattr(account, name) for name in CHANGEABLE}
    with company_scope(company):
        save_account(
            company=company, kind="chorus_pro", values=values, secrets={"password": "new"}, actor=story.ACTOR,
            at=timezone.now(),
        )  # fmt: skip
    assert waiting(noon) == []
