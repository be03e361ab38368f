"""The pages of VAT returns: every figure leads to its lines, and what is filed was shown before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.ledger.calendar import calendar_of
from billing.models import VatReturn
from config.kernel.models import VatRegime
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import purchases, story
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db

IN_OCTOBER = datetime(2025, 10, 12, 9, 0, tzinfo=UTC)
LIST = "/books/vat/"
OCTOBER = "/books/vat/2025-10/"


@pytest.fixture
def sold(company):
    with company_scope(company):
        lines = [story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("1000.00"))]
        return story.an_issued_invoice(story.a_customer(company), lines, at=IN_OCTOBER)


def text(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def test_the_list_shows_what_is_late_and_leads_to_each_period(company, sold):
    page = text(signed_in(company), LIST)
    assert OCTOBER in page
    assert "En retard" in page
    assert "/books/vat/2025-T4/" in text(signed_in(company), f"{LIST}?by=quarter")


def test_each_box_leads_to_its_documents(company, sold):
    client = signed_in(company)
    assert f"{OCTOBER}?box=08#lines" in text(client, OCTOBER)
    page = text(client, f"{OCTOBER}?box=08")
    assert sold.number in page
    assert sold.get_absolute_url() in page


@pytest.mark.parametrize("box", ["", "08"])
@pytest.mark.parametrize(("name", "kind"), [("csv", "text/csv"), ("xlsx", "spreadsheetml"), ("pdf", "application/pdf")])
def test_boxes_and_their_lines_leave_as_files(company, sold, name, kind, box):
    answer = signed_in(company).get(f"{OCTOBER}?format={name}&box={box}")
    assert kind in answer["Content-Type"]
    assert len(answer.getvalue()) > 100
    answer.close()


def test_filing_shows_what_will_be_written_and_then_writes_it(company, sold):
    client = signed_in(company)
    page = text(client, f"{OCTOBER}file/")
    assert "445510" in page
    assert not VatReturn.everywhere.exists()
    answer = client.post(f"{OCTOBER}file/", follow=True)
    assert "Écriture de liquidation" in answer.content.decode()
    with company_scope(company):
        assert VatReturn.objects.get().to_pay == 200
        assert calendar_of(company.pk).hard == date(2025, 10, 31)
    assert "déjà déclarée" in client.post(f"{OCTOBER}file/", follow=True).content.decode()


def test_a_refund_is_asked_for_on_the_page_of_a_credit(company):
    with company_scope(company):
        supplier = purchases.a_supplier(company)
        day = IN_OCTOBER.date()
        lines = [purchases.kept("5000", "607000")]
        purchases.a_checked_purchase(supplier, lines, at=IN_OCTOBER, received_on=day, issue_date=day)
    client = signed_in(company)
    assert 'name="refund"' in text(client, OCTOBER)
    assert "445830" in text(client, f"{OCTOBER}file/?refund=1 000")
    client.post(f"{OCTOBER}file/?refund=1 000")
    with company_scope(company):
        assert VatReturn.objects.get().refund == 1000


@pytest.mark.parametrize("refund", ["-5", "1e9", "NaN", "Infinity", "zwei", "99999999999999999999", "0.5"])
def test_a_refund_that_cannot_be_is_refused_in_words(company, sold, refund):
    client = signed_in(company)
    answer = client.post(f"{OCTOBER}file/?refund={refund}", follow=True)
    assert answer.status_code == 200
    with company_scope(company):
        assert not VatReturn.objects.exists()


def test_a_reader_sees_the_return_and_files_nothing(company, sold):
    client = signed_in(company, role=Role.VIEWER)
    assert "file/" not in text(client, OCTOBER)
    assert client.post(f"{OCTOBER}file/").status_code == 403
    assert signed_in(company, role=Role.SALES).get(LIST).status_code == 403


def test_regimes_say_what_they_mean(company):
    for regime, words in ((VatRegime.FRANCHISE, "293 B"), (VatRegime.SIMPLIFIED, "CA12")):
        company.vat_regime = regime
        company.save(update_fields=["vat_regime"])
        assert words in text(signed_in(company), LIST)


@pytest.mark.parametrize("code", ["2026", "2026-13", "T4", "2026-T5"])
def test_what_is_no_period_is_not_found(company, code):
    text(signed_in(company), f"/books/vat/{code}/", 404)


def test_the_rooms_lead_to_vat(company):
    assert LIST in text(signed_in(company), reverse("billing:books-home"))
