"""« Interroger maintenant »: a person reads the platforms at once, and is told what came, or why nothing did."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from einvoicing.models import ApplicationCalls, PlatformAccount, Transmission
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.people import read, signed_in
from tests.factories.queues import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]
LIST, READ = reverse("einvoicing:transmission-list"), reverse("einvoicing:platforms-read")
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def company(sandbox: str) -> Company:
    company = story.a_company()
    platforms.a_platform_account(company, sandbox, name="Ma plateforme")
    return company


def asks(client: Client, query: str = "") -> str:
    return read(client.post(f"{READ}{query}", follow=True))


def test_what_came_is_told_and_the_filter_kept(company: Company) -> None:
    story.an_issued_invoice(story.a_customer(company))
    assert drain(at=timezone.now() + timedelta(minutes=1)) == 1
    client = signed_in(company, Role.ACCOUNTANT)
    answer = client.post(f"{READ}?status=DEPOSITED")
    assert answer["Location"] == f"{LIST}?status=DEPOSITED"
    assert "Ma plateforme : " in (page := read(client.get(answer["Location"])))
    assert "nouveauté" in page
    assert "Ma plateforme : rien de nouveau." in asks(client)
    assert AuditEvent.everywhere.filter(company=company, tag="kernel.sync.completed").count() == 2


def test_htmx_gets_the_list_with_a_toast(company: Company) -> None:
    answer = signed_in(company).post(READ, **HTMX)
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert toast == {"message": "Ma plateforme : rien de nouveau.", "tone": "good"}
    assert 'id="transmissions"' in answer.text


def test_a_platform_that_is_away_and_a_spent_quota_are_told(company: Company, sandbox: str) -> None:
    PlatformAccount.everywhere.filter(company=company).update(base_url=platforms.NOBODY, token_url=platforms.NOBODY)
    chorus = platforms.a_platform_account(company, sandbox, kind="chorus_pro", name="Chorus", login="TECH_1@cpro.fr")
    chorus.set_password(ACCOUNT_PASSWORD)
    chorus.token_url = f"{sandbox}/api/oauth/token"
    chorus.save()
    town = story.a_customer(company, siret="21750001600019", is_public_body=True)
    invoice = story.an_issued_invoice(town, service_code="SRV01")
    Transmission.everywhere.filter(invoice=invoice).update(status="DEPOSITED", remote_id="CPP1")
    ApplicationCalls.objects.create(
        environment="production", client_id=chorus.client_id, resumes_at=timezone.now() + timedelta(seconds=30)
    )
    page = asks(signed_in(company))
    assert "Chorus : La plateforme demande de ralentir" in page
    assert "Ma plateforme : " in page
    assert "rien de nouveau" not in page
    chorus.refresh_from_db()
    assert chorus.last_error == ""  # over within a minute: told to who asks, no trouble of the account


@pytest.mark.parametrize("role", [Role.SALES, Role.VIEWER])
def test_who_may_not_by_the_api_has_no_button(company: Company, role: Role) -> None:
    client = signed_in(company, role)
    assert "Interroger maintenant" not in read(client.get(LIST))
    assert client.post(READ).status_code == 403


def test_nothing_in_service_has_no_button(company: Company) -> None:
    PlatformAccount.everywhere.filter(company=company).update(is_offline=True)
    client = signed_in(company)
    assert "Interroger maintenant" not in read(client.get(LIST))
    assert "Aucune plateforme n’est en service." in asks(client)
