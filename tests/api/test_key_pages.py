"""« Accès API »: the owner makes keys and takes them back; a key's text is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from config.kernel.api.keys import SCOPES
from config.kernel.models import ApiKey, AuditEvent, Company
from config.kernel.roles import Role
from config.pages.settings.api_keys import GROUPS
from tests.api.client import Partner
from tests.factories import story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db

LIST, NEW = "/settings/api/", "/settings/api/new/"


def typed(**values: Any) -> dict[str, Any]:
    return {"name": "ERP", "scopes": ["company.read", "customers.read"], "expires_at": "", "networks": "", **values}


def made(client: Client, **values: Any) -> str:
    """The text of a key made on the page."""
    page = client.post(NEW, typed(**values))
    assert page.status_code == 200, page.text
    return str(page.context["text"])


def test_the_form_offers_every_scope_in_words() -> None:
    offered = [scope for _label, choices in GROUPS for scope, _words in choices]
    assert sorted(offered) == sorted(SCOPES)


def test_the_text_of_a_key_is_shown_once_and_opens_what_was_ticked(company: Company) -> None:
    client = signed_in(company)
    page = client.post(NEW, typed())
    text = page.context["text"]
    assert text in page.text
    assert "no-store" in page["Cache-Control"]
    assert Partner(text).get("/api/company").status_code == 200
    assert Partner(text).get("/api/products").status_code == 403
    listed = client.get(LIST)
    assert text[-20:] not in listed.text
    assert "ERP" in listed.text
    assert "Clients : lire" in " ".join(strip_tags(read(listed)).split())


def test_a_revoked_key_is_refused_from_its_next_call_on(company: Company) -> None:
    client = signed_in(company)
    text = made(client)
    key = ApiKey.everywhere.get()
    revoke = reverse("api-key-revoke", args=[key.pk])
    assert "ERP" in client.get(revoke).text
    assert Partner(text).get("/api/company").status_code == 200
    assert client.post(revoke).status_code == 302
    assert Partner(text).get("/api/company").status_code == 401
    assert "Révoquée" in client.get(LIST).text
    tags = AuditEvent.everywhere.filter(subjects__contains=[key.subject]).order_by("id").values_list("tag", flat=True)
    assert list(tags) == ["kernel.key.created", "kernel.key.revoked"]
    assert client.post(revoke).status_code == 302


def test_a_key_is_good_to_the_end_of_its_last_day_and_from_its_networks(company: Company) -> None:
    client = signed_in(company)
    today = timezone.localdate()
    made(client, expires_at=f"{today:%d/%m/%Y}", networks="127.0.0.1\n203.0.113.0/24, 2001:db8::/32")
    key = ApiKey.everywhere.get()
    assert timezone.localtime(key.expires_at).date() == today
    assert key.networks == ["127.0.0.1/32", "203.0.113.0/24", "2001:db8::/32"]
    ApiKey.everywhere.update(expires_at=timezone.now() - timedelta(hours=1))
    assert "Expirée" in client.get(LIST).text


def test_a_year_is_proposed(company: Company) -> None:
    shown = signed_in(company).get(NEW).context["form"]["expires_at"].value()
    assert shown == timezone.localdate() + timedelta(days=365)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("expires_at", "01/01/2020"),
        ("expires_at", "demain"),
        ("networks", "203.0.113.300"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_makes_no_key(company: Company, field: str, value: Any) -> None:
    page = signed_in(company).post(NEW, typed(**{field: value}))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert 'value="customers.read"' in page.text
    assert ApiKey.everywhere.count() == 0


@pytest.mark.parametrize("role", [Role.SALES, Role.ACCOUNTANT, Role.VIEWER])
def test_only_the_owner_sees_makes_and_revokes(company: Company, role: Role) -> None:
    made(signed_in(company))
    revoke = reverse("api-key-revoke", args=[ApiKey.everywhere.get().pk])
    client = signed_in(company, role)
    answers = [client.get(LIST), client.get(NEW), client.post(NEW, typed()), client.get(revoke), client.post(revoke)]
    assert {answer.status_code for answer in answers} == {403}
    assert ApiKey.everywhere.filter(revoked_at=None).count() == 1
    assert LIST not in client.get(reverse("company-settings")).text


def test_another_companys_key_does_not_exist(company: Company) -> None:
    made(signed_in(story.a_company()))
    key = ApiKey.everywhere.get()
    client = signed_in(company)
    assert client.post(reverse("api-key-revoke", args=[key.pk])).status_code == 404
    assert key.prefix not in client.get(LIST).text


def test_the_settings_lead_there_and_on_to_the_documentation(company: Company) -> None:
    client = signed_in(company)
    assert f'href="{LIST}"' in client.get(reverse("company-settings")).text
    assert 'href="/api/docs"' in client.get(LIST).text
