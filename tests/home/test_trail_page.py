"""The audit trail as owners and accountants read it: filtered, in sentences, and as a file."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from config.pages.settings.trail import acts
from tests.factories import story
from tests.factories.people import a_person, read, signed_in

pytestmark = pytest.mark.django_db
TRAIL = "/settings/trail/"


def tags(page: Any) -> set[str]:
    return {one["event"].tag for one in page.context["rows"]}


def test_who_what_where_and_when_are_filters_and_each_event_leads_to_its_record(company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    story.an_issued_invoice(story.a_customer(story.a_company()))
    client = signed_in(company)
    page = client.get(TRAIL)
    assert {one["event"].company_id for one in page.context["rows"]} == {company.pk}
    assert invoice.get_absolute_url() in page.text
    assert "billing.invoice.issued" in tags(page)
    assert tags(client.get(TRAIL, {"act": "billing.invoice.issued"})) == {"billing.invoice.issued"}
    assert "billing.invoice.issued" in tags(client.get(TRAIL, {"kind": "invoices"}))
    assert tags(client.get(TRAIL, {"kind": "purchases"})) == set()
    assert tags(client.get(TRAIL, {"q": story.ACTOR.name})) == tags(page)
    assert tags(client.get(TRAIL, {"q": "personne de tel"})) == set()
    day = local_day(story.AT)
    assert "billing.invoice.issued" in tags(client.get(TRAIL, {"from": day, "to": day}))
    assert tags(client.get(TRAIL, {"to": day - timedelta(days=1)})) == set()
    nobody = a_person(company)
    assert tags(client.get(TRAIL, {"person": nobody.pk})) == set()
    assert Actor.user(nobody).user_id == nobody.pk


def test_the_trail_leaves_as_a_file_with_its_chain_and_says_who_took_it(company: Company) -> None:
    story.an_issued_invoice(story.a_customer(company))
    client = signed_in(company, Role.ACCOUNTANT)
    answer = client.get(TRAIL, {"export": "csv", "act": "billing.invoice.issued"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(text.splitlines(), delimiter=";")
    assert row["Acte"] == "billing.invoice.issued"
    assert "FAC-2026-00001" in row["Quoi"]
    taken = AuditEvent.everywhere.filter(company=company).latest("id")
    assert (taken.tag, taken.data["filter"]) == ("kernel.list.exported", {"act": "billing.invoice.issued"})


def test_who_reads_no_trail_opens_none(company: Company) -> None:
    for role in (Role.SALES, Role.VIEWER):
        assert signed_in(company, role).get(reverse("trail")).status_code == 403


def test_each_act_is_named_without_a_place_that_is_left_to_fill() -> None:
    assert not [name for _tag, name in acts() if "%" in name or not name.strip()]


def test_a_page_of_nonsense_filters_is_the_whole_trail(company: Company) -> None:
    story.a_draft(story.a_customer(company))
    page = signed_in(company).get(TRAIL, {"person": "x", "kind": "x", "act": "x", "from": "hier"})
    assert page.status_code == 200
    assert tags(page)
    assert "…" not in read(page).partition("<main")[0]
