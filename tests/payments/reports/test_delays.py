"""DSO, the statement of account and credit control, at any past day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.ledger.reports import Parameters, report_called
from config.kernel.clock import PARIS
from config.kernel.scope import company_scope
from payments.aged.delays import Month, count_back_days, simple_days
from tests.factories import money, story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db

GROSS = Decimal("1440.00")


def noon(month, day):
    return datetime(2026, month, day, 12, tzinfo=PARIS)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def table_of(slug, company, **changes):
    report = report_called(slug)
    assert report is not None
    return report.build(
        Parameters(company=company, **{"start": date(2026, 1, 1), "end": date(2026, 10, 31), **changes})
    )


def months(*billed):
    return [
        Month(date(2026, 6, 30) - timedelta(days=30 * place), Decimal(amount)) for place, amount in enumerate(billed)
    ]


def test_count_back_takes_whole_months_off_and_a_share_of_the_one_before():
    found = [
        Month(date(2026, 6, 30), Decimal(100)),
        Month(date(2026, 4, 30), Decimal(80)),
        Month(date(2026, 9, 30), Decimal(70)),
    ]
    assert count_back_days(Decimal(212), found) == Decimal("73.7")
    assert count_back_days(Decimal(0), found) == 0
    assert count_back_days(Decimal(1000), found) is None


def test_simple_dso_is_empty_without_sales():
    assert simple_days(Decimal(100), [Month(date(2026, 6, 30), Decimal(0))]) is None
    assert simple_days(Decimal(50), [Month(date(2026, 6, 30), Decimal(100))]) == 15


def test_dso_of_a_past_month_is_not_changed_by_what_came_since(company):
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer, at=noon(6, 10))
    row = list(table_of("sales-outstanding", company, end=date(2026, 6, 30)).rows)[-1].cells
    assert (row["receivable"], row["billed"], row["simple"]) == (GROSS, GROSS, Decimal("91.0"))
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")], paid_on=date(2026, 8, 1), at=noon(8, 1))
    later = {row.cells["month"]: row.cells for row in table_of("sales-outstanding", company).rows}
    assert {**later[row["month"]]} == row
    assert list(later.values())[-1]["receivable"] == 0


def test_a_statement_goes_from_its_opening_to_a_closing_that_is_what_stays_open(company):
    customer = story.a_customer(company)
    first = story.an_issued_invoice(customer, at=noon(2, 10))
    story.an_issued_invoice(customer, at=noon(5, 10))
    money.a_payment(customer, "1000.00", [(first, "1000.00")], paid_on=date(2026, 6, 1), at=noon(6, 1))
    table = table_of("statement", company, customer=customer, start=date(2026, 5, 1))
    rows = list(table.rows)
    assert rows[0].cells["balance"] == GROSS
    closing = table.totals[0].cells["balance"]
    assert closing == Decimal("1880.00")
    moves = [row for row in rows if row.cells.get("debit") or row.cells.get("credit")]
    assert moves[-1].cells["balance"] == closing
    opened = [row for row in rows if row.kind == "line" and row not in moves]
    assert sum(row.cells["balance"] for row in opened) == closing


def test_credit_control_names_who_is_late_on_the_day_and_nobody_else(company):
    late, in_time = (story.a_customer(company, name=name) for name in ("Alpha", "Béta"))
    story.an_issued_invoice(late, at=noon(2, 10))
    story.an_issued_invoice(in_time, at=noon(10, 20))
    (row,) = table_of("credit-control", company).rows
    assert (row.cells["name"], row.cells["late"]) == ("Alpha", GROSS)
    assert row.cells["oldest"] > 100
    assert "aged-receivable" in row.href
    assert ACTOR is not None
