"""The reports of the books: what they add up to, as of any day, on a page and in files."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.ledger.reports import Parameters, report_called, reports
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import money, people, story

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)
SLUGS = [report.slug for report in reports()]


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def asked(company, **changes):
    return Parameters(company=company, **{"start": date(TODAY.year, 1, 1), "end": TODAY, **changes})


def table_of(slug, company, **changes):
    report = report_called(slug)
    assert report is not None
    return report.build(asked(company, **changes))


def cells(rows, *names, kind="line"):
    return [tuple(row.cells.get(name) for name in names) for row in rows if row.kind == kind]


def a_sale_that_is_paid(company):
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    money.a_payment(customer, str(invoice.total_gross), [(invoice, str(invoice.total_gross))])
    return invoice


def test_the_trial_balance_is_zero_and_its_accounts_lead_to_their_lines(company):
    invoice = a_sale_that_is_paid(company)
    table = table_of("trial-balance", company)
    rows = list(table.rows)
    assert ("411000", invoice.total_gross, invoice.total_gross) in cells(rows, "account", "debit", "credit")
    (total,) = cells(table.totals, "debit", "credit", "debit_balance", "credit_balance", kind="total")
    assert total[0] == total[1] > 0
    assert total[2] == total[3] > 0
    href = next(row.href for row in rows if row.cells.get("account") == "411000")
    assert "general-ledger" in href
    assert "first_account=411000" in href


def test_an_account_of_the_trial_balance_is_the_sum_of_the_very_lines_it_leads_to(company):
    a_sale_that_is_paid(company)
    for row in table_of("trial-balance", company).rows:
        if row.kind != "line":
            continue
        account = row.cells["account"]
        lines = table_of("general-ledger", company, first_account=account, last_account=account)
        found = cells(lines.rows, "debit", "credit")
        for place, name in enumerate(("debit", "credit")):
            assert sum((amounts[place] or 0 for amounts in found), Decimal(0)) == (row.cells[name] or 0)


def test_charges_and_income_begin_at_zero_each_fiscal_year(company):
    a_sale_that_is_paid(company)
    following = date(TODAY.year + 1, 3, 31)
    table = table_of("trial-balance", company, start=date(TODAY.year + 1, 1, 1), end=following)
    accounts = {row[0]: row[1:] for row in cells(table.rows, "account", "opening", "before")}
    assert not [account for account in accounts if account.startswith(("6", "7")) and accounts[account][0]]
    (left,) = cells(table.totals, "opening", kind="subtotal")
    (total,) = cells(table.totals, "opening", "debit_balance", "credit_balance", kind="total")
    assert left[0] < 0
    assert total[0] == 0
    assert total[1] == total[2]


def test_the_general_ledger_opens_with_what_was_before(company):
    invoice = a_sale_that_is_paid(company)
    later = TODAY + timedelta(days=1)
    rows = list(table_of("general-ledger", company, start=later, end=later, first_account="512").rows)
    assert [row.kind for row in rows if row.cells["account"] == "512000"] == ["heading", "subtotal"]
    assert rows[0].cells["balance"] == invoice.total_gross


def test_the_journal_shows_each_line_and_the_total_of_each_month(company):
    a_sale_that_is_paid(company)
    table = table_of("journal", company)
    lines = cells(table.rows, "debit", "credit")
    debit = sum((line[0] or 0 for line in lines), Decimal(0))
    credit = sum((line[1] or 0 for line in lines), Decimal(0))
    assert debit == credit > 0
    assert cells(table.totals, "debit", "credit", kind="total") == [(debit, credit)]
    assert {row[0] for row in cells(table_of("journal", company, journal="VE").rows, "journal")} == {"VE"}


def test_what_was_written_later_is_not_known_then(company):
    a_sale_that_is_paid(company)
    table = table_of("trial-balance", company, known_at=story.AT - timedelta(minutes=1))
    assert not list(table.rows)


@pytest.mark.parametrize("slug", SLUGS)
def test_each_report_is_a_page_and_three_files(slug, company):
    a_sale_that_is_paid(company)
    client = people.signed_in(company, Role.ACCOUNTANT)
    address = reverse("billing:report", args=[slug])
    page = client.get(address, {"to": TODAY.isoformat()})
    assert page.status_code == 200
    text = client.get(address, {"to": TODAY.isoformat(), "format": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(text.streaming_content).decode("utf-8-sig")), delimiter=";"))
    assert len({len(row) for row in rows}) == 1
    book = client.get(address, {"to": TODAY.isoformat(), "format": "xlsx"})
    assert b"".join(book.streaming_content).startswith(b"PK")
    paper = client.get(address, {"to": TODAY.isoformat(), "format": "pdf"})
    assert paper.content.startswith(b"%PDF")


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-05-01", "to": "2026-04-01"},
        {"to": "demain"},
        {"to": "9999-12-31"},
        {"known_at": "hier"},
        {"known_at": "0001-01-01"},
        {"known_at": "9999-12-31T23:59"},
        {"first_account": "abc"},
    ],
)
def test_what_is_not_understood_is_refused_at_its_field(query, company):
    client = people.signed_in(company, Role.ACCOUNTANT)
    page = client.get(reverse("billing:report", args=["trial-balance"]), query)
    assert page.status_code == 422
    assert b"errorlist" in page.content
