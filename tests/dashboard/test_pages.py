"""The dashboard's pages: who may read what, what the address says, and where each figure leads."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from config.kernel.models import Company, Membership
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import money, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db


def an_owner_of(*companies: tuple[Company, Role]) -> Client:
    """Signed in, member of each in its role; works in the first."""
    client = signed_in(companies[0][0], companies[0][1])
    user = get_user_model().objects.get(pk=client.session["_auth_user_id"])
    for company, role in companies[1:]:
        Membership.objects.create(user=user, company=company, role=role)
    return client


def a_company_owed(name: str) -> Company:
    company = story.a_company(name=name)
    now = timezone.now()
    customer = story.a_customer(company, name=f"Client de {name}")
    story.an_issued_invoice(customer, at=now - timedelta(days=80))
    late = story.an_issued_invoice(customer, at=now - timedelta(days=70))
    money.a_payment(customer, "440.00", [(late, "400.00")], paid_on=(now - timedelta(days=2)).date(), at=now)
    return company


def test_the_page_shows_the_company_one_works_in_and_its_figures_lead_to_their_lines():
    company = a_company_owed("Alpha")
    client = signed_in(company, Role.VIEWER)
    page = read(client.get("/dashboard/"))
    assert "Alpha" in page
    assert "2 480,00" in page.replace("\u202f", " ").replace("\xa0", " ")
    links = [unescape(link) for link in re.findall(r'href="(/dashboard/lines/\?[^"]+)"', page)]
    assert len(links) > 50
    for link in set(links[:20]):
        answer = client.get(link)
        assert answer.status_code == 200


def test_a_role_that_does_not_read_finance_gets_no_dashboard():
    client = signed_in(a_company_owed("Alpha"), Role.SALES)
    assert client.get("/dashboard/").status_code == 403
    assert client.get("/dashboard/lines/?figure=owed").status_code == 403


def test_all_my_companies_are_those_whose_finance_i_read():
    alpha, beta, gamma, theirs = (a_company_owed(name) for name in ("Alpha", "Beta", "Gamma", "Delta"))
    client = an_owner_of((alpha, Role.OWNER), (beta, Role.ACCOUNTANT), (gamma, Role.SALES))
    page = read(client.get("/dashboard/?company=all")).replace("\u202f", " ").replace("\xa0", " ")
    assert "4 960,00" in page
    assert "Client de Alpha" in page
    assert "Client de Beta" in page
    assert "Client de Gamma" not in page
    assert "Delta" not in page
    # not by name either: one's own is shown
    for other in (gamma, theirs):
        shown = read(client.get(f"/dashboard/?company={other.pk}"))
        assert f"Client de {other.name}" not in shown
        assert "Client de Alpha" in shown
        lines = read(client.get(f"/dashboard/lines/?figure=owed&company={other.pk}"))
        assert f"Client de {other.name}" not in lines


def test_documents_of_another_company_of_mine_are_shown_without_links_that_would_not_open():
    alpha, beta = a_company_owed("Alpha"), a_company_owed("Beta")
    client = an_owner_of((alpha, Role.OWNER), (beta, Role.OWNER))
    page = read(client.get(f"/dashboard/lines/?figure=owed&company={beta.pk}"))
    assert "Client de Beta" in page
    assert "/invoices/" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Passer à Beta" in page
    both = read(client.get("/dashboard/lines/?figure=late&company=all"))
    assert "Alpha" in both
    assert "Beta" in both


@pytest.mark.parametrize(
    "query",
    ["on=2999-01-01", "on=x", "on=0001-01-01", "months=7", "company=0", "company=x", "currency=eur", "currency=USD"],
)
def test_what_an_address_says_wrongly_is_left_out(query: str):
    client = signed_in(a_company_owed("Alpha"))
    assert client.get(f"/dashboard/?{query}").status_code == 200
    assert client.get(f"/dashboard/lines/?figure=owed&{query}").status_code == 200


@pytest.mark.parametrize(
    "query", ["", "figure=x", "figure=net", "figure=net&month=2026-13", "figure=received&month=0000-01"]
)
def test_a_figure_that_there_is_not_is_not_found(query: str):
    client = signed_in(a_company_owed("Alpha"))
    assert client.get(f"/dashboard/lines/?{query}").status_code == 404


def test_a_long_list_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("config.pages.dashboard.lines.PAGE", 2)
    company = story.a_company()
    customer = story.a_customer(company)
    numbers = {story.an_issued_invoice(customer).number for _place in range(5)}
    client = signed_in(company)
    address, seen = "/dashboard/lines/?figure=owed", []
    while address:
        page = read(client.get(address))
        seen += re.findall(r"FAC-\d{4}-\d{5}", page.partition("<tbody>")[2])
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(found[1]) if found else ""
    assert sorted(seen) == sorted(numbers)
    assert client.get("/dashboard/lines/?figure=owed&after=2026-99-99_1").status_code == 200


def test_the_charts_say_in_words_what_they_draw_and_style_nothing_inline():
    page = read(signed_in(a_company_owed("Alpha")).get("/dashboard/"))
    charts = re.findall(r"<svg class=\"chart\".*?</svg>", page, re.S)
    assert len(charts) == 5
    for chart in charts:
        assert 'role="img"' in chart
        assert "<title" in chart
        assert "<desc" in chart
        assert "style=" not in chart
        names = re.search(r'aria-labelledby="(\S+) (\S+)"', chart)
        assert names
        assert all(f'id="{name}"' in chart for name in names.groups())
    assert page.count("<details") >= 3


def test_another_currency_is_told_and_has_its_own_page():
    company = story.a_company()
    customer = story.a_customer(company)
    story.an_issued_invoice(customer)
    story.an_issued_invoice(customer, currency="USD")
    client = signed_in(company)
    assert "Non compté ici" in read(client.get("/dashboard/"))
    with company_scope(company):
        dollars = read(client.get("/dashboard/?currency=USD"))
    assert "USD" in dollars or "$" in dollars
