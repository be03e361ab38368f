"""What the tax office is given, over REST: the FEC as the page gives it, VAT returns with what makes each box."""

from __future__ import annotations

from datetime import date

import pytest

from billing.ledger.calendar import Year
from billing.ledger.fec import fec_of
from billing.ledger.vat.filing import file_return
from billing.ledger.vat.periods import parse_vat_period
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.api.client import a_partner, json_of
from tests.billing.books.test_vat_returns import IN_NOVEMBER, IN_OCTOBER, goods, sell
from tests.factories import story

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return story.a_company()


def test_the_fec_is_streamed_as_the_page_gives_it(company):
    story.an_issued_invoice(story.a_customer(company))
    partner = a_partner(company, Role.VIEWER)
    answer = partner.get("/api/books/fec?year=2026")
    assert answer.streaming
    assert answer["Content-Disposition"] == f'attachment; filename="{company.siren}FEC20261231.txt"'
    with company_scope(company):
        today = local_day(story.AT)
        expected = b"".join(fec_of(company, Year(date(2026, 1, 1), date(2026, 12, 31)), today=today).chunks())
    assert b"".join(answer.streaming_content) == expected
    assert partner.get("/api/books/fec?year=2031").status_code == 404
    assert partner.get("/api/books/fec").status_code == 400
    assert a_partner(company, Role.SALES).get("/api/books/fec?year=2026").status_code == 403


def test_a_vat_return_tells_its_boxes_with_their_documents(company):
    with company_scope(company):
        invoice = sell(company, goods("500.00"), at=IN_OCTOBER)
        row = file_return(company=company, period=parse_vat_period("2026-10"), actor=story.ACTOR, at=IN_NOVEMBER)
    partner = a_partner(company, Role.ACCOUNTANT)
    (listed,) = json_of(partner.get("/api/vat-returns"))
    assert (listed["id"], listed["period"], listed["to_pay"]) == (row.pk, "2026-10", 100.0)
    shown = json_of(partner.get(f"/api/vat-returns/{row.pk}"))
    box = next(one for one in shown["boxes"] if one["code"] == "08")
    assert (box["base"], box["tax"]) == (500.0, 100.0)
    (document,) = box["documents"]
    assert (document["piece"], document["base"], document["vat"]) == (invoice.number, 500.0, 100.0)
    other = a_partner(story.a_company(), Role.ACCOUNTANT)
    assert json_of(other.get("/api/vat-returns")) == []
    assert other.get(f"/api/vat-returns/{row.pk}").status_code == 404
