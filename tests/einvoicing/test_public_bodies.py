"""What a public body wants is asked of Chorus Pro before the number is given, on every way out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, NumberSequence
from config.kernel.models import Company, User
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount
from einvoicing.problems import public_rules
from einvoicing.services.chorus_transmitting import REFUSALS
from einvoicing.services.documents import DocumentInvalid, preflight
from einvoicing.services.sending import credit_checked, issue_many
from tests.api.client import Partner, a_partner, json_of
from tests.api.test_invoices import a_body
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.public_bodies import (
    AGENCY,
    CLOSED,
    HOSPITAL,
    MINISTRY,
    TOWN,
    WANTS_ENGAGEMENT,
    WANTS_NOTHING,
    a_body_of,
    broken,
    fails,
)
from tests.einvoicing.public_bodies import account as account
from tests.einvoicing.public_bodies import exchanges as exchanges
from tests.einvoicing.public_bodies import opened as opened
from tests.einvoicing.public_bodies import partner as partner
from tests.einvoicing.public_bodies import quick as quick
from tests.factories import story
from tests.factories.people import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]
ACT = {"actor": story.ACTOR, "at": story.AT}


# -- what it wants -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("siret", "service", "engagement", "rule"),
    [
        (TOWN, "", "", "CPRO-SERVICE"),
        (TOWN, "NULLE-PART", "", "CPRO-SERVICE"),
        (TOWN, "CLOS", "", "CPRO-SERVICE"),
        (TOWN, "FUTUR", "", "CPRO-SERVICE"),
        (TOWN, "DORMANT", "", "CPRO-SERVICE"),
        (TOWN, "SRV01", "", ""),
        (WANTS_ENGAGEMENT, "", "", "CPRO-ENGAGEMENT"),
        (WANTS_ENGAGEMENT, "", "CMD-7", ""),
        (MINISTRY, "D2300000075", "", "CPRO-ENGAGEMENT"),
        (MINISTRY, "D2300000075", "INCONNU-1", "CPRO-ENGAGEMENT"),
        (MINISTRY, "D2300000075", "ENG-1", ""),
        (HOSPITAL, "", "", "CPRO-SERVICE"),
        (HOSPITAL, "TRAVAUX", "", "CPRO-ENGAGEMENT"),
        (HOSPITAL, "ACHATS", "", ""),
        (HOSPITAL, "", "CMD-7", ""),
        (WANTS_NOTHING, "", "", ""),
        (CLOSED, "", "", "CPRO-DESTINATAIRE"),
    ],
)
def test_what_the_body_wants_now_is_a_rule_of_the_draft(
    company: Company, account: PlatformAccount, siret: str, service: str, engagement: str, rule: str
) -> None:
    draft = story.a_draft(a_body_of(company, siret), service_code=service, purchase_order=engagement)
    assert broken(draft) == ({(rule, "fatal")} if rule else set())


def test_a_body_nobody_knows_is_refused_and_a_private_customer_is_not_asked_about(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    unknown = story.a_draft(a_body_of(company, story.a_siret(story.a_siren())))
    assert broken(unknown) == {("CPRO-DESTINATAIRE", "fatal")}
    exchanges.clear()
    assert broken(story.a_draft(story.a_customer(company))) == set()
    assert exchanges == []


def test_a_commitment_that_cannot_be_checked_is_said_and_stops_nothing(
    company: Company, account: PlatformAccount
) -> None:
    fails(account, "unsubscribed", value="engagementsJuridiques")
    draft = story.a_draft(a_body_of(company, MINISTRY), service_code="D2300000075", purchase_order="INCONNU-1")
    with company_scope(company):
        report = preflight(invoice=draft, at=story.AT)
    assert report.valid
    assert ["« Engagements juridiques »" in row.text for row in report.violations if row.term == "BT-13"] == [True]
    page = signed_in(company).get(reverse("einvoicing:invoice-issue-many"), {"invoice": draft.pk})
    assert f'name="version-{draft.pk}"' in page.text
    assert "n’a pas pu vérifier que cet engagement existe" in page.text


def test_the_commitment_of_an_agency_is_not_looked_for_in_the_state_s_accounts(
    company: Company, account: PlatformAccount
) -> None:
    assert broken(story.a_draft(a_body_of(company, AGENCY), purchase_order="BC-2026/12")) == set()


# -- every way out -----------------------------------------------------------------------------------------------------


def by_page(company: Company, draft: Invoice, partner: Partner) -> Any:
    return signed_in(company).post(reverse("einvoicing:invoice-issue", args=[draft.pk]), {"send": "no"})


def by_selection(company: Company, draft: Invoice, partner: Partner) -> Any:
    browser, address = signed_in(company), reverse("einvoicing:invoice-issue-many")
    page = browser.get(address, {"invoice": draft.pk})
    assert f'name="version-{draft.pk}"' not in page.text
    return browser.post(address, {"invoice": draft.pk})


def by_admin(company: Company, draft: Invoice, partner: Partner) -> Any:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "a long password 42"))
    address = reverse("admin:billing_invoice_changelist")
    return client.post(address, {"action": "issue", "_selected_action": [draft.pk]})


def by_send(company: Company, draft: Invoice, partner: Partner) -> Any:
    answer = partner.call("POST", f"/api/invoices/{draft.pk}/send", {}, key=True)
    assert (answer.status_code, set(json_of(answer)["fields"])) == (409, {"purchase_order"})
    return answer


def by_put(company: Company, draft: Invoice, partner: Partner) -> Any:
    return partner.call("PUT", f"/api/invoices/{draft.pk}", {"status": "sent"}, key=True)


def by_create(company: Company, draft: Invoice, partner: Partner) -> Any:
    return partner.call("POST", "/api/invoices", a_body(draft.customer, status="sent"), key=True)


def by_finance(company: Company, draft: Invoice, partner: Partner) -> Any:
    return partner.call("POST", "/api/finance/invoices/create-and-send", a_body(draft.customer), key=True)


def by_bulk(company: Company, draft: Invoice, partner: Partner) -> Any:
    body = {"issue": True, "invoices": [a_body(draft.customer)]}
    return partner.call("POST", "/api/invoices/bulk", body, key=True)


def by_service(company: Company, draft: Invoice, partner: Partner) -> Any:
    with company_scope(company):
        assert isinstance(issue_many(invoices=[draft], **ACT)[0], DocumentInvalid)


WAYS = (by_page, by_selection, by_admin, by_send, by_put, by_create, by_finance, by_bulk, by_service)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_number_is_taken_for_what_chorus_pro_would_reject(
    company: Company, account: PlatformAccount, partner: Partner, way: Any, opened: list[int]
) -> None:
    draft = story.a_draft(a_body_of(company, WANTS_ENGAGEMENT))
    way(company, draft, partner)
    draft.refresh_from_db()
    assert draft.number is None
    assert not Invoice.everywhere.filter(company=company).exclude(number=None).exists()
    assert not NumberSequence.everywhere.filter(company=company).exists()
    assert opened, "Chorus Pro was not asked"
    assert set(opened) == {0}, "a transaction was open while Chorus Pro was asked"


def test_a_selection_asks_about_each_body_once(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    customer = a_body_of(company, TOWN)
    drafts = [story.a_draft(customer, service_code="SRV01") for _ in range(5)]
    with company_scope(company):
        outcomes = issue_many(invoices=drafts, **ACT)
    assert all(isinstance(outcome, Invoice) for outcome in outcomes)
    assert len(exchanges) == 4  # the body, its needs, its services, and what this service wants


def test_every_refusal_has_its_name_in_the_module() -> None:
    assert set(REFUSALS) == {public_rules.BODY, public_rules.SERVICE, public_rules.ENGAGEMENT}


def test_a_partner_is_refused_as_a_person_is(company: Company, account: PlatformAccount) -> None:
    draft = story.a_draft(a_body_of(company, TOWN), service_code="CLOS")
    answer = a_partner(company).get(f"/api/invoices/{draft.pk}/preflight")
    rows = [row for row in json_of(answer)["violations"] if row["rule"] == "CPRO-SERVICE"]
    assert [row["field"] for row in rows] == ["service_code"]


def test_a_rejected_invoice_can_be_credited_without_the_reference_it_lacked(
    company: Company, account: PlatformAccount
) -> None:
    invoice = story.an_issued_invoice(a_body_of(company, WANTS_ENGAGEMENT))
    with company_scope(company):
        assert credit_checked(invoice=invoice, parts=None, reason="Rejetée", **ACT).number
