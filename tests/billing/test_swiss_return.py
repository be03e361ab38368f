"""The figures of the Swiss VAT return, read from the books of a Swiss company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.ledger.reports import Parameters, report_called
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.billing.test_currencies import a_note
from tests.billing.test_swiss_companies import GENEVA, SWISS_LINES
from tests.factories import story
from tests.factories.purchases import a_checked_purchase, a_foreign_supplier, kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(settings: Any, tmp_path: Any) -> Iterator[Company]:
    settings.MEDIA_ROOT = tmp_path
    made = story.a_swiss_company()
    with company_scope(made):
        yield made


def figures(company: Company) -> dict[str, tuple[Decimal, Decimal]]:
    """Those that are not zero."""
    report = report_called("swiss-vat-return")
    assert report is not None
    table = report.build(Parameters(company=company, start=date(2026, 10, 1), end=date(2026, 12, 31)))
    return {
        row.cells["box"]: (row.cells["base"], row.cells["tax"])
        for row in table.rows
        if row.cells["base"] or row.cells["tax"]
    }


def test_sales_stand_by_their_rates_and_what_bears_no_tax_is_deducted(company: Company) -> None:
    customer = story.a_customer(company, name="Banque du Rhône", address=GENEVA, siret="")
    story.an_issued_invoice(customer, SWISS_LINES)
    excluded = story.a_line(
        "Cours", quantity=Decimal(1), unit_price=Decimal(500), vat_rate=Decimal(0), vat_category="E"
    )
    story.an_issued_invoice(customer, [excluded])
    assert figures(company) == {
        "200": (Decimal("2417.62"), 0),
        "230": (Decimal("500.00"), 0),
        "289": (Decimal("500.00"), 0),
        "299": (Decimal("1917.62"), 0),
        "303": (Decimal("999.99"), Decimal("81.00")),
        "313": (Decimal("139.93"), Decimal("3.64")),
        "343": (Decimal("777.70"), Decimal("29.55")),
        "379": (Decimal("1917.62"), Decimal("114.19")),
        "399": (0, Decimal("114.19")),
        "500": (0, Decimal("114.19")),
    }


def test_a_credit_note_is_a_reduction_and_takes_its_tax_off_its_rate(company: Company) -> None:
    customer = story.a_customer(company, name="Banque du Rhône", address=GENEVA, siret="")
    a_note(story.an_issued_invoice(customer, SWISS_LINES))
    assert figures(company) == {
        "200": (Decimal("1917.62"), 0),
        "235": (Decimal("1917.62"), 0),
        "289": (Decimal("1917.62"), 0),
    }


def test_what_is_bought_is_input_tax_and_services_from_abroad_are_taxed_as_acquisitions(company: Company) -> None:
    supplier = a_foreign_supplier(company, "CH", name="Papeterie de Morges")
    bought = [kept("1000", "607000", rate="8.1"), kept("2000", "218300", "ASSET", rate="8.1")]
    a_checked_purchase(supplier, bought, currency="CHF")
    abroad = a_foreign_supplier(company, "DE")
    a_checked_purchase(abroad, [kept("500", "604000", "SERVICES_ABROAD", rate="8.1")], currency="CHF")
    assert figures(company) == {
        "383": (Decimal("500.00"), Decimal("40.50")),
        "399": (0, Decimal("40.50")),
        "400": (0, Decimal("121.50")),
        "405": (0, Decimal("162.00")),
        "479": (0, Decimal("283.50")),
        "510": (0, Decimal("243.00")),
    }
