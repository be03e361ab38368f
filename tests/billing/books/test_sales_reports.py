"""Sales by customer, product, month and rate: equal to the accounts, and each leads to its documents."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from billing.ledger.reports import Parameters, report_called
from billing.models import JournalLine
from billing.services.deposits import draft_deposit
from billing.services.issuing import issue_invoice
from billing.services.products import save_product
from config.kernel.clock import PARIS
from config.kernel.scope import company_scope
from customers.models import Customer
from tests.factories import money, story
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db

SLUGS = ("sales-by-customer", "sales-by-month", "sales-documents")


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
        Parameters(company=company, **{"start": date(2026, 1, 1), "end": date(2026, 11, 16), **changes})
    )


def total(table):
    return table.totals[-1].cells


def booked(company, start, *, end=date(2026, 11, 16)):
    lines = JournalLine.objects.filter(account__startswith=start, day__lte=end)
    return sum((line.credit - line.debit for line in lines), Decimal(0))


@pytest.fixture
def year(company):
    """Two customers: sales of two rates and months, credit notes of a part, a corrected invoice, a deposit taken."""
    first, second = (story.a_customer(company, name=name) for name in ("Alpha", "Béta"))
    invoice = story.an_issued_invoice(first, at=noon(2, 3))
    service = story.a_line("Pose", is_service=True, vat_rate=Decimal(10), quantity=Decimal(2))
    story.an_issued_invoice(second, [story.a_line(), service], at=noon(3, 3))
    money.credit_invoice(invoice=invoice, parts=story.a_return(invoice, 3), reason="x", actor=ACTOR, at=noon(4, 4))
    draft = story.a_draft(second)
    deposit = draft_deposit(source=draft, gross=Decimal("360.00"), description="Acompte", actor=ACTOR, at=noon(5, 5))
    issue_invoice(invoice=deposit, actor=ACTOR, at=noon(5, 5))
    return company


def test_sales_are_those_of_the_accounts_whoever_bought_what_and_when(year):
    for slug in SLUGS:
        found = total(table_of(slug, year))
        assert found["net"] == booked(year, "70"), slug
        assert found["deposits"] == booked(year, "4191"), slug
        assert found["vat"] == booked(year, "4457"), slug
    assert total(table_of("sales-by-product", year))["net"] == booked(year, "70")
    rates = total(table_of("sales-by-rate", year))
    assert rates["vat"] == booked(year, "4457")
    assert rates["base"] == booked(year, "70") + booked(year, "4191")
    assert any("70" in note for note in table_of("sales-by-customer", year).notes)


def test_each_row_is_the_sum_of_the_documents_it_leads_to(year):
    for row in table_of("sales-by-customer", year).rows:
        assert "sales-documents" in row.href
        pk = int(row.href.split("customer=")[1].split("&")[0])
        documents = table_of("sales-documents", year, customer=Customer.objects.get(pk=pk))
        assert total(documents)["net"] == row.cells["net"]


def test_a_month_is_what_it_was_whatever_comes_after(year):
    march = table_of("sales-by-month", year, end=date(2026, 3, 31))
    assert total(march)["credited"] == 0
    april = table_of("sales-by-month", year, start=date(2026, 4, 1), end=date(2026, 4, 30))
    assert total(april) == {
        "name": total(april)["name"],
        "billed": 0,
        "credited": Decimal("-360.00"),
        "net": Decimal("-360.00"),
        "deposits": 0,
        "vat": Decimal("-72.00"),
    }


def test_products_are_told_apart_from_what_is_in_no_catalogue(company):
    product = save_product(
        product=None,
        company_id=company.pk,
        values={"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(100)},
        actor=ACTOR,
        at=story.AT,
    )
    customer = story.a_customer(company)
    story.an_issued_invoice(customer, [story.a_line(product_id=product.pk, quantity=Decimal(4)), story.a_line("Autre")])
    rows = {row.cells["name"]: row.cells["quantity"] for row in table_of("sales-by-product", company).rows}
    assert rows["CH-1 – Chaise"] == 4
    assert len(rows) == 2
