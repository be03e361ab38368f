"""The pages of supplier invoices and suppliers: what the lists find, sum and export, what a record shows."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.purchases.models import PurchaseInvoice
from tests.factories.people import read, signed_in
from tests.factories.purchases import a_bought_line, a_purchase, a_supplier

pytestmark = pytest.mark.django_db

LIST = "billing:purchase-list"
IBAN = "FR7630006000011234567890189"


def numbers(page):
    return [row["purchase"].number for row in page.context["rows"]]


def standing(purchase, **columns):
    """The purchase further on its way."""
    PurchaseInvoice.everywhere.filter(pk=purchase.pk).update(**columns)
    return purchase


def booked(purchase, **columns):
    return standing(purchase, status="BOOKED", booked_on=date(2026, 11, 16), **columns)


def test_the_list_finds_by_number_reference_supplier_and_amount_and_sums_its_filter(company):
    bought = a_purchase(a_supplier(company, name="Électricité Générale"), [a_bought_line("1234.50")])
    a_purchase(a_supplier(company))
    client = signed_in(company)
    for text in (bought.number, bought.reference, "electricite", "1 481,40"):
        page = client.get(reverse(LIST), {"q": text})
        assert numbers(page) == [bought.number], text
        assert "1 facture · HT 1 234,50 € · TVA 246,90 € · TTC 1 481,40 €" in read(page)
    assert bought.number in read(client.get(reverse("search"), {"q": "electricite"}))


def test_the_worst_news_of_a_purchase_is_its_chip_and_each_chip_filters(company):
    supplier = a_supplier(company)
    doubtful = a_purchase(supplier, iban=IBAN)
    new_iban = standing(a_purchase(supplier, iban=IBAN), status="TO_APPROVE", doubts=[])
    late = booked(a_purchase(supplier), due_date=date(2026, 1, 31))
    disputed = standing(a_purchase(supplier), disputed_at="2026-11-16T09:00:00Z", dispute_reason="Cassé", doubts=[])
    refused = standing(a_purchase(supplier), status="REFUSED", doubts=[])
    client = signed_in(company)
    expected = {
        "doubtful": ("Points à vérifier", doubtful),
        "new_iban": ("IBAN à confirmer", new_iban),
        "overdue": ("En retard", late),
        "disputed": ("En litige", disputed),
        "refused": ("Refusée", refused),
    }
    for word, (words, purchase) in expected.items():
        rows = client.get(reverse(LIST), {"status": word}).context["rows"]
        shown = {row["purchase"].pk: row["chip"].label for row in rows}
        assert shown[purchase.pk] == words
        assert len(shown) == (2 if word == "new_iban" else 1), word


def test_the_export_says_what_the_filter_shows_and_holds_no_formula(company):
    a_purchase(a_supplier(company, name="=1+1"), kind="381")
    page = signed_in(company).get(reverse(LIST), {"export": "csv"})
    head, line = b"".join(page.streaming_content).decode("utf-8-sig").splitlines()
    assert head.startswith("Référence;Numéro;Type;Fournisseur")
    assert "'=1+1" in line
    assert line.endswith("EUR;-100,00;-20,00;-120,00;0,00")


def test_the_list_and_the_record_ask_as_many_questions_with_many_rows(company):
    supplier = a_supplier(company)
    first = a_purchase(supplier, iban=IBAN)
    client = signed_in(company)
    pages = [
        reverse(LIST),
        reverse("billing:supplier-list"),
        reverse("billing:supplier-detail", args=[supplier.pk]),
        first.get_absolute_url(),
    ]
    few = [questions(client, address) for address in pages]
    for _ in range(5):
        a_purchase(a_supplier(company), iban=IBAN)
        a_purchase(supplier)
    assert [questions(client, address) for address in pages] == few
    assert max(few) <= 16, few


def questions(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_a_supplier_shows_what_is_owed_credit_notes_taken_off(company):
    supplier = a_supplier(company)
    booked(a_purchase(supplier), due_date=date(2026, 11, 10))
    booked(a_purchase(supplier, [a_bought_line("30.00")], kind="381"))
    client = signed_in(company)
    assert "84,00 €" in read(client.get(reverse("billing:supplier-list")))
    record = read(client.get(reverse("billing:supplier-detail", args=[supplier.pk])))
    assert "Reste à régler" in record
    assert "84,00 €" in record
    assert "Avoirs à imputer" in record
