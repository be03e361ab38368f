"""`/api/finance/dashboard` says what the page says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.kernel.clock import local_day
from config.kernel.models import Membership
from config.kernel.roles import Role
from config.pages.dashboard.asking import Asked
from config.pages.dashboard.figures import figures_of
from tests.api.client import a_machine, a_partner, json_of
from tests.dashboard.test_pages import a_company_owed
from tests.factories import story

pytestmark = pytest.mark.django_db


def test_the_figures_are_those_of_the_page():
    company = a_company_owed("Alpha")
    today = local_day(timezone.now())
    answer = json_of(a_partner(company).get("/api/finance/dashboard?months=6"))
    found = figures_of(Asked([company], [company], today, today, 6))
    figures = answer["figures"]
    assert Decimal(str(figures["owed"])) == found.aged.owed == Decimal("2480.00")
    assert figures["company_ids"] == [company.pk]
    assert [month["month"] for month in figures["monthly"]] == [f"{month.first:%Y-%m}" for month in found.months]
    assert [Decimal(str(month["net"])) for month in figures["monthly"]] == [month.net for month in found.months]
    assert figures["largest_debtors"][0]["customer_name"] == "Client de Alpha"
    assert figures["cash_forecast"] is None
    # the seed's fields stand beside
    assert Decimal(str(answer["due"]["amount"])) == found.aged.owed


def test_a_past_day_and_the_forecast_are_asked_for():
    company = a_company_owed("Alpha")
    before = local_day(timezone.now()) - timedelta(days=75)
    figures = json_of(a_partner(company).get(f"/api/finance/dashboard?on={before}&forecast=true"))["figures"]
    assert Decimal(str(figures["owed"])) == Decimal("1440.00")
    assert figures["on"] == str(before)
    assert len(figures["cash_forecast"]["weeks"]) == 13
    assert figures["cash_forecast"]["basis"] == "due_dates"
    assert figures["cash_forecast"]["weeks"][0]["balance"] is None


def test_a_person_may_add_the_companies_whose_finance_is_read_and_a_key_has_its_own():
    alpha, beta, gamma = (a_company_owed(name) for name in ("Alpha", "Beta", "Gamma"))
    person = a_partner(alpha)
    user = Membership.objects.get(company=alpha).user
    Membership.objects.create(user=user, company=beta, role=Role.VIEWER)
    Membership.objects.create(user=user, company=gamma, role=Role.SALES)
    of_alpha = {"X-Company": alpha.siren}
    both = json_of(person.get("/api/finance/dashboard?companies=all", **of_alpha))["figures"]
    assert both["company_ids"] == [alpha.pk, beta.pk]
    assert Decimal(str(both["owed"])) == Decimal("4960.00")
    assert json_of(person.get("/api/finance/dashboard", **of_alpha))["figures"]["company_ids"] == [alpha.pk]
    key = a_machine(alpha, "finance.read")
    assert json_of(key.get("/api/finance/dashboard?companies=all"))["figures"]["company_ids"] == [alpha.pk]


@pytest.mark.parametrize("query", ["on=x", "months=7", "currency=eur", "companies=1", "unknown=1"])
def test_what_is_not_understood_is_refused(query: str):
    assert a_partner(story.a_company()).get(f"/api/finance/dashboard?{query}").status_code == 400
