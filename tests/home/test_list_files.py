"""Every list leaves as a file: all the rows of its filter, for whoever reads it, and the trail says who took what."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Email, Invoice
from config.kernel.lists import files
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.dunning.views import lists as reminders
from tests.api.world import World
from tests.factories import money, story
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db

LISTS = {
    "customers:customer-list": "Nom",
    "billing:product-list": "Référence",
    "billing:order-list": "Numéro",
    "billing:invoice-list": "Numéro",
    "billing:email-list": "Destinataire",
    "billing:purchase-list": "Référence",
    "billing:purchase-order-list": "Numéro",
    "billing:supplier-list": "Nom",
    "payments:payment-list": "Numéro",
    "payments:bankline-list": "Compte",
    "payments:refund-list": "Numéro",
    "payments:supplier-payment-list": "Numéro",
    "payments:reminder-list": "Facture",
    "payments:reminder-held": "Facture",
    "payments:reminder-promises": "Facture",
    "payments:reminder-letters": "Facture",
    "payments:reminder-history": "Facture",
}


def csv_of(client: Client, page: str, **query: str) -> list[list[str]]:
    answer = client.get(reverse(page), {**query, "export": "csv"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


@pytest.mark.parametrize("page", LISTS)
def test_every_list_offers_its_file_and_gives_it_in_both_formats(world: World, page: str) -> None:
    for made in (
        world.customer,
        world.supplier,
        world.invoice,
        world.purchase,
        world.purchase_order,
        world.order,
        world.product,
    ):
        assert made
    for made in (world.payment, world.transaction, world.draft):
        assert made
    client = signed_in(world.company)
    shown = client.get(reverse(page)).content.decode()
    assert "?export=xlsx" in shown
    head, *rows = csv_of(client, page)
    assert head[0] == LISTS[page]
    assert all(len(row) == len(head) for row in rows)
    book = client.get(reverse(page), {"export": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == head
    assert sheet.max_row == len(rows) + 1
    assert book["Content-Disposition"].endswith('.xlsx"')


def test_the_file_has_every_row_of_the_filter_in_its_order_and_not_the_page_alone(company: Any) -> None:
    customer = story.a_customer(company)
    story.a_customer(company, name="Autre")
    rows = [story.a_draft(customer, [story.a_line(quantity=Decimal(1), unit_price=Decimal(n))]) for n in range(1, 56)]
    story.an_issued_invoice(customer)
    _head, *found = csv_of(signed_in(company), "billing:invoice-list", status="draft", sort="total", cursor="x")
    assert len(found) == len(rows) > 50
    amounts = [line[13] for line in found]
    assert amounts[:2] == ["1,20", "2,40"]
    assert {line[7] for line in found} == {"Brouillon"}


def test_nothing_of_another_company_leaves(company: Any) -> None:
    story.an_issued_invoice(story.a_customer(story.a_company(), name="Étranger"))
    story.an_issued_invoice(story.a_customer(company, name="Le nôtre"))
    for page in ("billing:invoice-list", "customers:customer-list"):
        _head, *rows = csv_of(signed_in(company), page)
        assert len(rows) == 1
        assert "Le nôtre" in rows[0]


def test_the_trail_says_who_took_what(company: Any) -> None:
    customer = story.a_customer(company)
    for _number in range(3):
        story.a_draft(customer)
    csv_of(signed_in(company, Role.VIEWER), "billing:invoice-list", status="draft", q="", sort="-total")
    event = AuditEvent.objects.get(tag="kernel.list.exported")
    assert event.data == {"list": "Factures", "filter": {"status": "draft"}, "format": "CSV", "rows": 3}
    assert event.actor_name.startswith("viewer-")
    assert event.subjects == [company.subject]


def test_who_may_not_read_a_list_takes_no_file_of_it(company: Any) -> None:
    answer = signed_in(company, Role.SALES).get(reverse("payments:bankline-list"), {"export": "csv"})
    assert answer.status_code == 403
    assert not AuditEvent.objects.filter(tag="kernel.list.exported").exists()


def test_a_format_that_is_none_shows_the_list(company: Any) -> None:
    answer = signed_in(company).get(reverse("billing:invoice-list"), {"export": "exe"})
    assert answer.status_code == 200
    assert not answer.streaming


def test_the_bank_leaves_without_ibans(company: Any) -> None:
    money.bank_lines(company, [money.a_credit("10.00", counterparty_iban=story.SECOND_IBAN)])
    assert story.SECOND_IBAN not in str(csv_of(signed_in(company, Role.VIEWER), "payments:bankline-list"))


@pytest.mark.parametrize("page", ["billing:invoice-list", "customers:customer-list", "payments:reminder-list"])
def test_a_file_asks_the_database_by_batches_and_not_by_rows(
    company: Any, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 100)
    client = signed_in(company)

    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            csv_of(client, page)
        return len(queries)

    story.an_issued_invoice(story.a_customer(company))
    questions()
    few = questions()
    for _number in range(6):
        story.an_issued_invoice(story.a_customer(company))
    assert questions() == few


def test_each_tab_of_reminders_has_a_file() -> None:
    assert {*reminders.FILES, reminders.LETTERS, reminders.HISTORY} == {*reminders.SORTS}


def test_a_hostile_name_leaves_as_a_text(company: Any) -> None:
    story.a_customer(company, name='=HYPERLINK("http://evil.example")')
    _head, row = csv_of(signed_in(company), "customers:customer-list")
    assert row[0] == '\'=HYPERLINK("http://evil.example")'
    with company_scope(company):
        assert Invoice.objects.count() == Email.objects.count() == 0
