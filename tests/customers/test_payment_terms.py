"""When an invoice falls due, in all the ways France counts it, and what the law allows between professionals."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import PaymentTerms
from customers.services import ensure_terms
from tests.factories import story
from tests.factories.people import signed_in

MONTH_REACHED, MONTH_FIRST = {"end_of_month": True}, {"month_first": True}


@pytest.mark.parametrize(
    ("days", "how", "issued", "due"),
    [
        (30, {}, "2026-01-31", "2026-03-02"),
        (45, MONTH_REACHED, "2026-11-16", "2026-12-31"),
        (45, MONTH_FIRST, "2026-11-16", "2027-01-14"),
        (45, MONTH_REACHED, "2026-11-30", "2027-01-31"),
        (45, MONTH_FIRST, "2026-12-01", "2027-02-14"),
        (0, MONTH_REACHED, "2028-02-03", "2028-02-29"),
        (0, {**MONTH_REACHED, "then_day": 10}, "2026-12-05", "2027-01-10"),
        (30, {**MONTH_REACHED, "then_day": 31}, "2026-01-01", "2026-02-28"),
    ],
)
def test_an_invoice_falls_due_as_agreed(days: int, how: dict[str, int], issued: str, due: str) -> None:
    assert PaymentTerms(days=days, **how).due_date(date.fromisoformat(issued)) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("days", "how", "exceeds"),
    [
        (60, {}, False),
        (61, {}, True),
        (45, MONTH_REACHED, False),
        (45, MONTH_FIRST, False),
        (46, MONTH_FIRST, True),
        (30, {**MONTH_REACHED, "then_day": 10}, True),
        (0, {**MONTH_REACHED, "then_day": 10}, False),
    ],
)
def test_what_is_longer_than_the_law_is_known(days: int, how: dict[str, int], exceeds: bool) -> None:
    assert PaymentTerms(days=days, **how).exceeds_the_law is exceeds


@pytest.fixture
def company(db: None) -> Company:
    company = story.a_company()
    with company_scope(company):
        ensure_terms(company.pk)
    return company


def typed(**values: str) -> dict[str, str]:
    return {"name": "45 jours fin de mois le 10", "days": "45", "rule": "days_then_month", "then_day": "10", **values}


def test_terms_are_seen_on_real_days_then_kept_for_what_is_issued_from_then_on(company: Company) -> None:
    client = signed_in(company)
    shown = client.post(reverse("terms-new"), typed(preview="1"))
    assert "plus que la loi" in shown.text
    assert len(shown.context["examples"]) >= 2
    assert client.post(reverse("terms-new"), typed()).status_code == 302
    terms = PaymentTerms.everywhere.get(company=company, name="45 jours fin de mois le 10")
    assert (terms.days, terms.end_of_month, terms.then_day) == (45, True, 10)
    assert terms.name in client.get(reverse("terms-settings")).text
    again = client.post(reverse("terms-new"), typed())
    assert "name" in again.context["form"].errors
    refused = client.post(reverse("terms-new"), typed(name="Net", rule="net"))
    assert "then_day" in refused.context["form"].errors


def test_terms_that_a_customer_has_are_not_deleted_and_others_are(company: Company) -> None:
    customer = story.a_customer(company)
    client = signed_in(company)
    used = client.post(reverse("terms-edit", args=[customer.terms.pk]), {"delete": "1"})
    assert "donnez-leur-en d’autres" in used.text
    free = PaymentTerms.everywhere.filter(company=company).exclude(pk=customer.terms.pk).first()
    assert free is not None
    assert client.post(reverse("terms-edit", args=[free.pk]), {"delete": "1"}).status_code == 302
    assert not PaymentTerms.everywhere.filter(pk=free.pk).exists()


def test_only_an_owner_changes_them_and_another_companys_are_unknown(company: Company) -> None:
    other = PaymentTerms.everywhere.filter(company=company).first()
    assert other is not None
    stranger = signed_in(story.a_company())
    assert stranger.get(reverse("terms-edit", args=[other.pk])).status_code == 404
    assert signed_in(company, Role.ACCOUNTANT).get(reverse("terms-new")).status_code == 403
