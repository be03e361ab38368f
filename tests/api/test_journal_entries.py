"""Journal entries by the API: read by all that the books are open to, written once however often they are sent."""

from __future__ import annotations

import pytest

from billing.models import JournalEntry
from config.kernel.roles import Role
from tests.api.client import a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db

LIST = "/api/journal-entries"
BODY = {
    "day": "2026-11-12",
    "label": "Salaires",
    "lines": [{"account": "641", "debit": 10.5}, {"account": "421000", "credit": 10.5, "label": "Net"}],
}


@pytest.fixture
def company():
    return story.a_company()


def test_an_entry_is_written_once_and_read_again_with_its_lines(company):
    partner = a_partner(company, Role.ACCOUNTANT)
    first = partner.post(LIST, BODY, key="a-key-of-mine")
    again = partner.post(LIST, BODY, key="a-key-of-mine")
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert JournalEntry.everywhere.filter(company=company).count() == 1
    shown = json_of(first)
    assert [(line["account"], line["debit"], line["credit"], line["label"]) for line in shown["lines"]] == [
        ("641000", 10.5, 0.0, "Salaires"),
        ("421000", 0.0, 10.5, "Net"),
    ]
    assert json_of(partner.get(f"{LIST}/{shown['id']}")) == shown


def test_what_does_not_balance_or_lacks_its_third_party_is_refused_by_its_code(company):
    partner = a_partner(company, Role.ACCOUNTANT)
    gap = {**BODY, "lines": [{"account": "641", "debit": 10.5}, {"account": "421", "credit": 10}]}
    alone = {**BODY, "lines": [{"account": "411", "debit": 10}, {"account": "421", "credit": 10}]}
    assert json_of(partner.post(LIST, gap))["code"] == "entry_not_balanced"
    assert json_of(partner.post(LIST, alone))["code"] == "third_party_missing"
