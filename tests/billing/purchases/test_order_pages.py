"""The pages of orders to suppliers: written, placed, received, held against their invoices; and who may not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.purchases.models import PurchaseOrder, Receipt
from billing.services.products import save_product
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories.people import read, signed_in
from tests.factories.purchases import (
    a_bought_line,
    a_placed_order,
    a_purchase,
    a_supplier,
    an_order,
    ordered,
    received,
)
from tests.factories.story import ACTOR, AT, a_company

pytestmark = pytest.mark.django_db

LIST = "billing:purchase-order-list"


def at(order, step="detail"):
    return reverse(f"billing:purchase-order-{step}", args=[order.pk])


def sheet(*rows, **head):
    """The form as a browser sends it."""
    sent = {"lines-TOTAL_FORMS": len(rows), "lines-INITIAL_FORMS": 0, **head}
    for number, row in enumerate(rows):
        sent |= {f"lines-{number}-{name}": value for name, value in row.items()}
    return sent


def test_an_order_is_written_placed_received_and_billed(company):
    supplier, client = a_supplier(company), signed_in(company)
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(300)}
    with company_scope(company):
        product = save_product(product=None, company_id=company.pk, values=values, actor=ACTOR, at=AT)
    paper = {"description": "Ramette A4", "quantity": "20", "unit_price": "4,50", "account": "6064"}
    chair = {"description": "Chaise", "quantity": "2", "unit_price": "150", "product_id": product.pk}
    new = reverse("billing:purchase-order-new")
    made = client.post(new, sheet(paper, chair, customer=supplier.pk, expected_on="31/12/2026"), follow=True)
    order = PurchaseOrder.everywhere.get()
    assert f"Commande {order.number} enregistrée." in read(made)
    assert order.total_net == 390
    assert list(order.lines.values_list("account", "product_id")) == [("606400", None), ("", product.pk)]
    assert "Passer la commande" in read(client.get(at(order)))
    client.post(at(order, "place"))
    page = client.get(at(order, "receive"))
    assert 'value="20"' in page.text
    client.post(at(order, "receive"), {"received_on": "", "line_1": "18", "after": "0"})
    assert Receipt.everywhere.count() == 0, "without its day nothing is noted"
    today = f"{local_day(timezone.now()):%d/%m/%Y}"
    sent = {"received_on": today, "delivery_note": "BL 7", "line_1": "18", "line_2": "", "after": "0"}
    done = client.post(at(order, "receive"), sent, follow=True)
    assert "Reçue en partie" in read(done)
    assert "bon de livraison BL 7" in read(done)
    bill = client.get(reverse("billing:purchase-new"), {"order": order.pk})
    assert f'value="{order.number}"' in bill.text
    assert 'value="81,00"' in bill.text, "what came, at the ordered price"


def test_the_second_of_two_who_note_the_same_delivery_sees_what_is_left(company):
    order = a_placed_order(a_supplier(company))
    client = signed_in(company)
    client.get(at(order, "receive"))
    received(order, 18)
    today = f"{local_day(timezone.now()):%d/%m/%Y}"
    refused = client.post(at(order, "receive"), {"received_on": today, "line_1": "18", "after": "0"})
    assert refused.status_code == 422
    assert "entre-temps" in read(refused)
    assert 'name="after" value="1"' in refused.text
    assert Receipt.everywhere.count() == 1


def test_an_invoice_shows_its_order_line_by_line_and_is_tied_to_one_by_hand(company):
    supplier, client = a_supplier(company), signed_in(company)
    order = a_placed_order(supplier)
    line = a_bought_line("96", description="Ramette A4 80 g", quantity=20, unit_price="4.80")
    purchase = a_purchase(supplier, [line])
    tie = reverse("billing:purchase-tie", args=[purchase.pk])
    assert order.number in read(client.get(tie))
    page = client.post(tie, {"order": order.number}, follow=True)
    assert "Facturé 4,80, commandé à 4,50." in read(page)
    assert "Facturé 20 en tout, reçu 0." in read(page)
    assert "Tolérance : " in read(page)
    assert purchase.number in read(client.get(at(order)))
    loose = client.post(tie, {"order": ""}, follow=True)
    assert "Facturé 4,80, commandé à 4,50." not in read(loose)
    other = a_placed_order(a_supplier(company, name="Garage Martin"))
    assert client.post(tie, {"order": other.number}).status_code == 422


def test_the_list_filters_by_standing_supplier_text_and_amount_and_sums(company):
    today = local_day(timezone.now())
    papers, garage = a_supplier(company, name="Électricité Générale"), a_supplier(company, name="Garage Martin")
    draft = an_order(papers)
    with company_scope(company):
        late = a_placed_order(garage, [ordered("Pneu", "4", "100")])
        PurchaseOrder.everywhere.filter(pk=draft.pk).update(expected_on=today - timedelta(days=9))
    client = signed_in(company)
    for query, found in (
        ({"status": "draft"}, draft),
        ({"status": "awaited"}, late),
        ({"q": "electricite"}, draft),
        ({"q": "400,00"}, late),
        ({"supplier": garage.pk}, late),
    ):
        page = client.get(reverse(LIST), query)
        assert [row["order"].pk for row in page.context["rows"]] == [found.pk], query
    assert "2 commandes · HT 490,00 €" in read(client.get(reverse(LIST)))
    assert client.get(reverse("search"), {"q": late.number}).url == at(late), "a whole number opens its record"
    assert draft.number in read(client.get(reverse("search"), {"q": "electricite"}))


def test_the_list_and_the_record_ask_as_many_questions_with_many_rows(company):
    supplier = a_supplier(company)
    order = a_placed_order(supplier)
    received(order, 1)
    client = signed_in(company)

    def questions(address):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    few = questions(reverse(LIST)), questions(at(order))
    more = a_placed_order(supplier, [ordered(f"Article {number}") for number in range(9)])
    for _again in range(4):
        received(more, *range(1, 9))
        a_purchase(supplier, order_reference=more.number)
    assert (questions(reverse(LIST)), questions(at(more))) <= (few[0], few[1] + 2)


def test_a_supplier_is_created_beside_the_order_without_losing_it(company):
    client = signed_in(company)
    row = {"description": "Chaise", "quantity": "2", "unit_price": "150"}
    new = reverse("billing:purchase-order-new")
    aside = client.post(new, sheet(row, customer_text="Menuiserie Roy", create="customer"))
    assert "Menuiserie" in client.get(aside.url).text
    page = client.post(new, sheet(row, customer_text="Inconnue", customer=""))
    assert page.status_code == 422
    assert 'value="Chaise"' in page.text


def test_another_company_s_order_is_not_there_and_who_only_reads_moves_nothing(company):
    theirs = a_placed_order(a_supplier(a_company()))
    client = signed_in(company)
    for step in ("detail", "edit", "place", "receive", "cancel"):
        assert client.get(at(theirs, step)).status_code == 404, step
    for step in ("close", "reopen", "place", "receive", "cancel"):
        assert client.post(at(theirs, step)).status_code == 404, step
    assert "Ramette" not in client.get(reverse("billing:purchase-new"), {"order": theirs.pk}).text
    ours = a_placed_order(a_supplier(company))
    reader = signed_in(company, Role.VIEWER)
    assert reader.get(at(ours)).status_code == 200
    assert "Réceptionner" not in read(reader.get(at(ours)))
    assert reader.post(at(ours, "close")).status_code == 403


def test_hostile_lines_are_refused_in_words(company):
    supplier, client = a_supplier(company), signed_in(company)
    new = reverse("billing:purchase-order-new")
    good = {"description": "Chaise", "quantity": "2", "unit_price": "150"}
    for bad in (
        {"quantity": "0"},
        {"quantity": "-1"},
        {"unit_price": "-1"},
        {"quantity": "9999999999", "unit_price": "9999999999"},
        {"account": "706000x"},
        {"description": ""},
        {"quantity": "1e400"},
        {"unit_price": "NaN"},
    ):
        page = client.post(new, sheet({**good, **bad}, customer=supplier.pk))
        assert page.status_code == 422, bad
    assert client.post(new, sheet(good, customer=supplier.pk, expected_on="01/01/2020")).status_code == 422
    assert client.post(new, sheet({**good, "product_id": "9" * 30}, customer=supplier.pk)).status_code in {302, 422}
    assert client.post(new, sheet(customer=supplier.pk)).status_code == 422
    totals = client.post(reverse("billing:purchase-order-totals"), sheet(good, {**good, "quantity": "x"}))
    assert "300,00" in totals.text
