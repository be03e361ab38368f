"""The reports of the books by the API: the rows of the page, as JSON."""

from __future__ import annotations

import pytest

from billing.ledger.reports import reports
from tests.api.client import a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db


def test_the_trial_balance_says_its_amounts_as_numbers_and_balances():
    company = story.a_company()
    story.an_issued_invoice(story.a_customer(company))
    body = json_of(a_partner(company).get("/api/reports/trial-balance?to_date=2026-11-30"))
    (customers,) = [row for row in body["rows"] if row["cells"].get("account") == "411000"]
    assert (customers["kind"], float(customers["cells"]["debit"])) == ("line", 1440.00)
    (total,) = body["totals"]
    assert total["cells"]["debit_balance"] == total["cells"]["credit_balance"]
    assert body["next_row"] is None


def test_rows_go_on_where_they_were_cut():
    company = story.a_company()
    story.an_issued_invoice(story.a_customer(company))
    partner = a_partner(company)
    whole = json_of(partner.get("/api/reports/journal?to_date=2026-11-30"))["rows"]
    found, row = [], 0
    while row is not None:
        body = json_of(partner.get(f"/api/reports/journal?to_date=2026-11-30&limit=2&row={row}"))
        found, row = found + body["rows"], body["next_row"]
    assert found == whole


def test_each_report_answers_and_an_unknown_one_is_not_found():
    company = story.a_company()
    story.an_issued_invoice(story.a_customer(company))
    partner = a_partner(company)
    for report in reports():
        body = json_of(partner.get(f"/api/reports/{report.slug}?to_date=2026-11-30"))
        names = {column["name"] for column in body["columns"]}
        assert all(set(row["cells"]) <= names for row in [*body["rows"], *body["totals"]])
    assert partner.get("/api/reports/nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from_date=2026-05-01&to_date=2026-04-01", "to_date"),
        ("customer_id=999999", "customer_id"),
        ("known_at=hier", "known_at"),
        ("nonsense=1", "nonsense"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(query, field):
    answer = a_partner(story.a_company()).get(f"/api/reports/third-parties?{query}")
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
