"""The audit trail over REST: what happened, by whom, and the chain."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config.kernel import chain
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from tests.api.client import a_machine, a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db

LIST = "/api/audit"


def tags(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["tag"] for row in json_of(answer)]


def test_what_happened_is_told_newest_first_with_who_did_it() -> None:
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company))
    rows = json_of(a_partner(company).get(LIST))
    events = list(AuditEvent.everywhere.filter(company=company).order_by("-id"))
    assert [row["tag"] for row in rows] == [event.tag for event in events]
    issued = next(row for row in rows if row["tag"] == "billing.invoice.issued")
    assert issued["subjects"][0] == invoice.subject
    assert (issued["actor_kind"], issued["actor_name"]) == ("system", "story")
    assert issued["at"].endswith("Z")


def test_the_filters_combine() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    first, second = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    partner = a_partner(company)
    of_first = f"{LIST}?subject={first.subject}"
    assert tags(partner.get(f"{of_first}&tag=billing.invoice.issued")) == ["billing.invoice.issued"]
    assert set(tags(partner.get(f"{of_first}&tag=billing.invoice"))) == {
        "billing.invoice.issued",
        "billing.invoice.drafted",
    }
    assert tags(partner.get(f"{LIST}?tag=billing.inv")) == []
    assert second.subject not in str(json_of(partner.get(of_first)))
    assert tags(partner.get(f"{of_first}&to_date=2026-11-15")) == []
    assert tags(partner.get(f"{of_first}&from_date=2026-11-16&to_date=2026-11-16"))
    answer = partner.get(f"{LIST}?subject=x&tag=A%00&from_date=hier&who=me")
    assert answer.status_code == 400
    assert set(json_of(answer)["fields"]) == {"subject", "tag", "from_date", "who"}


@pytest.mark.django_db(transaction=True)
def test_each_event_follows_the_one_before_by_its_hash() -> None:
    company = story.a_company()
    with transaction.atomic():
        story.an_issued_invoice(story.a_customer(company))
    rows = json_of(a_partner(company).get(LIST))[::-1]
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    previous = ""
    for row in rows:
        assert row["previous_hash"] == previous
        assert row["hash"] == chain.link(previous, row["sequence"], row["content_hash"])
        previous = row["hash"]


def test_the_trail_is_for_owners_and_accountants_and_for_keys_that_say_so() -> None:
    company = story.a_company()
    story.a_customer(company)
    allowed = {role: a_partner(company, role).get(LIST).status_code for role in Role}
    assert allowed == {Role.OWNER: 200, Role.ACCOUNTANT: 200, Role.SALES: 403, Role.VIEWER: 403}
    assert a_machine(company, "audit.read").get(LIST).status_code == 200
    assert a_machine(company, "customers.edit", "customers.read").get(LIST).status_code == 403


def test_another_companys_trail_is_not_read() -> None:
    stranger = story.a_customer(story.a_company())
    company = story.a_company()
    partner = a_partner(company)
    assert stranger.subject not in str(json_of(partner.get(LIST)))
    assert tags(partner.get(f"{LIST}?subject={stranger.subject}")) == []


def test_nothing_writes_there() -> None:
    partner = a_partner(story.a_company())
    assert {partner.post(LIST).status_code, partner.delete(LIST).status_code} == {405}


def test_paging_visits_each_event_once_in_as_many_queries() -> None:
    company = story.a_company()
    partner = a_partner(company)
    many(company, 7)

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert partner.get(address).status_code == 200
        return len(queries)

    few = cost(f"{LIST}?limit=3")
    assert cost(f"{LIST}?limit=7") == few
    seen, address = [], f"{LIST}?limit=3&tag=customers"
    while address:
        answer = partner.get(address)
        seen += [row["subjects"][0] for row in json_of(answer)]
        link = next((one for one in answer.headers.get("Link", "").split(", ") if 'rel="next"' in one), "")
        address = link.partition(">")[0][1:].removeprefix("http://testserver")
    assert len(seen) == len(set(seen)) == 7


def many(company: Company, number: int) -> None:
    for _ in range(number):
        story.a_customer(company)


def test_the_trail_leaves_as_csv_with_its_facts_as_json() -> None:
    company = story.a_company()
    story.a_customer(company, name="Galerie Nord")
    text = b"".join(a_partner(company).get(f"{LIST}?format=csv&tag=customers").streaming_content).decode("utf-8-sig")
    header, row = text.splitlines()
    assert header.startswith("sequence,at,tag,")
    assert '""name"":""Galerie Nord""' in row
