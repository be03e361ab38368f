"""What a public body wants is asked of Chorus Pro before the number is given, on every way out."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.cache import caches
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from billing.models import Invoice, NumberSequence
from config.kernel.models import Company, User
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.calls import Caller
from einvoicing.problems import public_rules
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.documents import DocumentInvalid, preflight
from einvoicing.services.public_bodies import public_body
from einvoicing.services.sending import issue_checked, issue_many
from tests.api.client import Partner, a_partner, json_of
from tests.api.test_invoices import a_body
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.people import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]

TOWN, WANTS_ENGAGEMENT, MINISTRY = "21750001600019", "21350100000011", "11000201100044"
HOSPITAL, CLOSED, WANTS_NOTHING = "26750045200011", "20005278500017", "18008901300015"
ACT = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture(autouse=True)
def _quick(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "retry_attempts": 1, "retry_delay": 0.0}


def an_account(company: Company, address: str, **values: Any) -> PlatformAccount:
    login = f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr"
    account = platforms.a_platform_account(
        company, address, kind="chorus_pro", login=login, sends_automatically=False, **values
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url = f"{address}/api/oauth/token"
    account.save()
    return account


@pytest.fixture
def account(company: Company, sandbox: str) -> PlatformAccount:
    return an_account(company, sandbox)


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)


def fails(account: PlatformAccount, kind: str, *, value: str = "", times: int = 99) -> None:
    order = {"kind": kind, "value": value, "operation": "", "client_id": account.client_id, "remaining": times}
    requests.post(f"{account.base_url}/sandbox/faults", json=order, timeout=5)


def a_body_of(company: Company, siret: str) -> Customer:
    """A customer whose record says nothing of what it wants."""
    return story.a_customer(company, name="Entité publique", siret=siret, is_public_body=True)


def broken(draft: Invoice, at: Any = story.AT) -> set[tuple[str, str]]:
    with company_scope(draft.company_id):
        report = preflight(invoice=draft, at=at)
    return {(row.rule, row.severity) for row in report.violations if row.rule.startswith("CPRO")}


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


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions of the product were open at each call of Chorus Pro."""
    level, post, found = len(connection.atomic_blocks), Caller.post, []

    def counted(*args: Any, **options: Any) -> Any:
        found.append(len(connection.atomic_blocks) - level)
        return post(*args, **options)

    monkeypatch.setattr(Caller, "post", counted)
    return found


exchanges = opened


def test_a_selection_asks_about_each_body_once(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    customer = a_body_of(company, TOWN)
    drafts = [story.a_draft(customer, service_code="SRV01") for _ in range(5)]
    with company_scope(company):
        outcomes = issue_many(invoices=drafts, **ACT)
    assert all(isinstance(outcome, Invoice) for outcome in outcomes)
    assert len(exchanges) == 4  # the body, its needs, its services, and what this service wants


# -- when Chorus Pro cannot be asked -----------------------------------------------------------------------------------


def test_a_silent_chorus_pro_stops_no_issue_and_what_is_unknown_is_said(company: Company) -> None:
    an_account(company, platforms.NOBODY)
    draft = story.a_draft(a_body_of(company, TOWN))
    page = signed_in(company).get(reverse("einvoicing:invoice-issue", args=[draft.pk]))
    assert not page.context["blocked"]
    assert "ce que cette entité publique exige est inconnu" in page.text
    many = signed_in(company).get(reverse("einvoicing:invoice-issue-many"), {"invoice": draft.pk})
    assert "ce que cette entité publique exige est inconnu" in many.text
    with company_scope(company):
        assert issue_checked(invoice=draft, **ACT).number


def test_what_it_answered_before_serves_and_its_day_is_said(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    with company_scope(company):
        assert public_body(company=company, siret=WANTS_ENGAGEMENT, at=story.AT)
    fails(account, "503")
    draft, later = story.a_draft(a_body_of(company, WANTS_ENGAGEMENT)), story.AT + timedelta(days=3)
    assert broken(draft, later) == {("CPRO-INCONNU", "warning"), ("CPRO-ENGAGEMENT", "fatal")}
    with company_scope(company):
        texts = [row.text for row in preflight(invoice=draft, at=later).violations]
    assert any("16/11/2026" in text for text in texts)


def test_a_chorus_pro_that_failed_is_not_waited_for_again_at_once(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    fails(account, "503")
    for siret in (TOWN, MINISTRY, HOSPITAL):
        assert broken(story.a_draft(a_body_of(company, siret))) == {("CPRO-INCONNU", "warning")}
    assert len(exchanges) == 1
    broken(story.a_draft(a_body_of(company, WANTS_NOTHING)), story.AT + timedelta(minutes=2))
    assert len(exchanges) == 2


def test_an_account_that_is_offline_is_not_asked(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    PlatformAccount.everywhere.filter(pk=account.pk).update(is_offline=True)
    assert broken(story.a_draft(a_body_of(company, TOWN))) == {("CPRO-INCONNU", "warning")}
    assert exchanges == []


def test_a_failure_of_the_service_s_own_question_leaves_what_the_body_wants(
    company: Company, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Caller.post

    def partial(self: Caller, path: str, *args: Any, **options: Any) -> Any:
        return post(self, path.replace("consulter/service", "consulter/sans"), *args, **options)

    monkeypatch.setattr(Caller, "post", partial)
    draft = story.a_draft(a_body_of(company, TOWN), service_code="SRV01")
    assert broken(draft) == {("CPRO-INCONNU", "warning")}


# -- the memory --------------------------------------------------------------------------------------------------------


def test_answers_are_kept_a_day_for_all_processes_and_an_absence_briefly(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    unknown = story.a_siret(story.a_siren())

    def asked(siret: str, after: timedelta) -> int:
        exchanges.clear()
        del caches["shared"]  # another process has no connection of ours, nor memory
        with company_scope(company):
            public_body(company=company, siret=siret, at=story.AT + after)
        return len(exchanges)

    assert [asked(TOWN, timedelta(hours=hours)) for hours in (0, 23, 25)] == [3, 0, 3]
    assert [asked(unknown, timedelta(minutes=minutes)) for minutes in (0, 9, 11)] == [1, 0, 1]


def test_without_the_broker_chorus_pro_is_asked_directly(
    company: Company, account: PlatformAccount, exchanges: list[int], settings: Any
) -> None:
    nobody = "redis://127.0.0.1:9/0"
    shared = {**settings.CACHES["shared"], "LOCATION": nobody}
    with override_settings(REDIS_URL=nobody, CACHES={**settings.CACHES, "shared": shared}):
        draft = story.a_draft(a_body_of(company, WANTS_ENGAGEMENT))
        for _again in range(2):
            assert broken(draft) == {("CPRO-ENGAGEMENT", "fatal")}
    assert len(exchanges) == 6


def test_the_shared_cache_empties_itself_alone() -> None:
    shared = caches["shared"]
    shared.set("a", {"x": 1}, 60)
    client = shared._cache.get_client()
    client.set("not-ours", "1", ex=60)
    assert shared.get("a") == {"x": 1}
    shared.clear()
    assert (shared.get("a"), client.get("not-ours")) == (None, b"1")
    client.delete("not-ours")


def test_every_refusal_has_its_name_in_the_module() -> None:
    from einvoicing.services.chorus_transmitting import REFUSALS

    assert set(REFUSALS) == {public_rules.BODY, public_rules.SERVICE, public_rules.ENGAGEMENT}


def test_a_partner_is_refused_as_a_person_is(company: Company, account: PlatformAccount) -> None:
    draft = story.a_draft(a_body_of(company, TOWN), service_code="CLOS")
    answer = a_partner(company).get(f"/api/invoices/{draft.pk}/preflight")
    rows = [row for row in json_of(answer)["violations"] if row["rule"] == "CPRO-SERVICE"]
    assert [row["field"] for row in rows] == ["service_code"]
