"""« Mes dossiers »: what waits in each of many companies, in as many queries as for one; the switch between them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role
from config.kernel.tallies import TALLIES
from config.pages.dossiers import ORDER
from config.pages.frame import SWITCHED
from tests.factories import story
from tests.factories.people import a_person, read, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/dossiers/"


def working_in(user: User, *companies: Company, role: Role = Role.ACCOUNTANT) -> Client:
    Membership.objects.bulk_create(Membership(user=user, company=company, role=role) for company in companies)
    client = Client()
    client.force_login(user)
    return client


def shown(page: Any) -> dict[int, list[str]]:
    """What the page says of each company."""
    return {
        one["row"].company_id: [todo["words"].replace("\u202f", " ").replace("\xa0", " ") for todo in one["todo"]]
        for one in page.context["rows"]
    }


def test_each_kind_that_is_declared_is_on_the_page() -> None:
    assert sorted(ORDER) == sorted(TALLIES)


def test_what_waits_is_told_of_each_company_and_of_no_other(company: Company) -> None:
    second, foreign = story.a_company(), story.a_company()
    for one in (company, company, foreign):
        story.a_draft(story.a_customer(one))
    story.an_issued_invoice(story.a_customer(second))
    story.a_draft(story.a_customer(second))
    client = working_in(a_person(company), second, role=Role.VIEWER)
    found = shown(client.get(PAGE))
    assert found.keys() == {company.pk, second.pk}
    assert "2 brouillons à émettre" in found[company.pk]
    # a viewer issues no draft
    assert not any("brouillon" in words for words in found[second.pk])
    only = client.get(PAGE, {"waiting": "drafts"})
    assert shown(only).keys() == {company.pk}
    assert shown(client.get(PAGE, {"q": second.siren})).keys() == {second.pk}


def test_a_count_leads_to_its_list_in_its_company(company: Company) -> None:
    second = story.a_company()
    client = working_in(a_person(company), second)
    went = client.post(reverse("company-switch"), {"company": second.pk, "next": "/invoices/?status=draft"})
    assert went.url == "/invoices/?status=draft"
    assert client.get(went.url).context["company"] == second
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert client.post(reverse("company-switch"), {"company": second.pk, "next": elsewhere}).url == "/"
    foreign = story.a_company()
    client.post(reverse("company-switch"), {"company": foreign.pk, "next": "/invoices/"})
    assert client.get("/").context["company"] == second


def test_three_hundred_companies_are_asked_as_one_is(company: Company) -> None:
    person = a_person(company)
    client = working_in(person)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as alone:
        client.get(PAGE)
    values = {name: getattr(company, name) for name in ("address_line", "postcode", "city", "email", "iban")}
    sirens = [f"8{number:08d}" for number in range(299)]
    many = Company.objects.bulk_create(
        Company(name=f"Dossier {siren}", siren=siren, siret=f"{siren}00010", electronic_address=siren, **values)
        for siren in sirens
    )
    working_in(person, *many)
    with CaptureQueriesContext(connection) as together:
        page = client.get(PAGE)
    assert len(together) == len(alone)
    assert len(page.context["rows"]) == 50
    assert len(page.content) < 90_000
    # no page lists them all in its switcher: beyond a few one types
    home = client.get("/")
    assert len(home.context["companies"]) == SWITCHED
    assert home.text.count("Dossier 8") < 3 * SWITCHED
    options = read(client.get(reverse("company-options"), {"q": "dossier 800000123"}))
    assert options.count('role="option"') == 1
    assert client.post(reverse("company-switch"), {"company_text": "Dossier"}).url == f"{PAGE}?q=Dossier"


def test_the_switcher_finds_nothing_of_others(company: Company) -> None:
    story.a_company(name="Secret SARL")
    assert "Secret" not in signed_in(company).get(reverse("company-options"), {"q": "secret"}).text
