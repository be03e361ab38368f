"""The pages of orders: what they show, their next step, and that nothing is written on refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Invoice, MovementReason, OrderLine, Product, SalesOrder
from billing.services.generating import generate_invoice
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import move_stock, save_product
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories.money import credit_invoice
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_company, a_customer, a_line

pytestmark = pytest.mark.django_db

LIST = "billing:order-list"


def an_order(customer, lines=(), *, confirmed=False, shipped=False, **values):
    with company_scope(customer.company_id):
        order = save_order(order=None, customer=customer, values=values, lines=lines or [a_line()], actor=ACTOR, at=AT)
        if confirmed or shipped:
            confirm_order(order=order, actor=ACTOR, at=AT)
        if shipped:
            ship_order(order=order, actor=ACTOR, at=AT)
    return order


def goods(company, quantity):
    """A product followed in stock, so many of them at hand."""
    values = {"reference": "CH-1", "name": "Chaise Bistrot", "unit_price": Decimal(120), "tracks_stock": True}
    with company_scope(company):
        product = save_product(product=None, company_id=company.pk, values=values, actor=ACTOR, at=AT)
        move_stock(product=product, quantity=Decimal(quantity), reason=MovementReason.RECEIPT, actor=ACTOR, at=AT)
    return product


def typed(customer, *rows, **head):
    """What the form sends: its head, and a line sheet with these rows and an empty one."""
    blank = {"quantity": "1", "unit": "C62", "vat": "S:20"}
    chair = {**blank, "description": "Chaise Bistrot", "quantity": "3", "unit_price": "1 234,5"}
    sheet = {"lines-INITIAL_FORMS": "0"}
    sent = [*({**chair, **row} for row in rows or [{}]), blank]
    sheet["lines-TOTAL_FORMS"] = str(len(sent))
    for index, row in enumerate(sent):
        sheet |= {f"lines-{index}-{name}": value for name, value in row.items()}
    return {"customer": customer.pk, "customer_text": customer.name, **sheet, **head}


def numbers(page):
    return [row["order"].number for row in page.context["rows"]]


def plain(page):
    return page.text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_list_finds_by_number_customer_and_reference_and_sums_the_whole_filter(company, customer):
    order = an_order(customer, purchase_order="BC-77")
    an_order(a_customer(company, name="Galerie Nord"))
    client = signed_in(company)
    for text in (order.number, "lumière", "bc-77"):
        page = client.get(reverse(LIST), {"q": text})
        assert numbers(page) == [order.number], text
        assert "1 commande · HT 1 200,00 € · TTC 1 440,00 €" in plain(page)


def test_the_list_tells_what_waits_for_its_invoice(company, customer):
    an_order(customer)
    shipped = an_order(customer, shipped=True)
    client = signed_in(company)
    assert numbers(client.get(reverse(LIST), {"status": "TO_INVOICE"})) == [shipped.number]
    client.post(reverse("billing:order-invoice", args=[shipped.pk]))
    assert numbers(client.get(reverse(LIST), {"status": "TO_INVOICE"})) == []
    assert "Facturée" in client.get(reverse(LIST), {"status": "SHIPPED"}).text


def test_a_damaged_filter_shows_the_list_rather_than_an_error(company, customer):
    order = an_order(customer)
    damaged = {"status": "x", "customer": "y", "from": "hier", "cursor": "%%", "sort": "password"}
    assert numbers(signed_in(company).get(reverse(LIST), damaged)) == [order.number]


def test_the_list_filters_by_customer_and_days(company, customer):
    order = an_order(customer)
    an_order(a_customer(company, name="Galerie Nord"))
    client = signed_in(company)
    page = client.get(reverse(LIST), {"customer": customer.pk, "from": "16/11/2026", "to": "2026-11-16"})
    assert numbers(page) == [order.number]
    assert numbers(client.get(reverse(LIST), {"from": "17/11/2026"})) == []


def test_the_list_and_the_record_cost_the_same_for_three_rows_and_thirty(company, customer):
    client = signed_in(company)
    product = goods(company, 1000)
    counts = []
    for total in (3, 30):
        while SalesOrder.everywhere.filter(company=company).count() < total:
            an_order(a_customer(company))
        order = an_order(customer, [LineInput.of_product(product, Decimal(1))] * total)
        for url in (reverse(LIST), order.get_absolute_url(), reverse("billing:order-edit", args=[order.pk])):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[:3] == counts[3:]


def test_an_order_is_taken_as_typed(company, customer):
    sent = typed(customer, {"discount_percent": "10"}, {"description": "Pose", "vat": "S:10"}, purchase_order="BC-77")
    answer = signed_in(company).post(reverse("billing:order-new"), sent)
    order = SalesOrder.everywhere.get(company=company)
    assert answer.url == order.get_absolute_url()
    assert (order.status, order.purchase_order, order.customer_id) == ("DRAFT", "BC-77", customer.pk)
    lines = OrderLine.everywhere.filter(order=order).order_by("position").values_list("description", "net_amount")
    assert list(lines) == [("Chaise Bistrot", Decimal("3333.15")), ("Pose", Decimal("3703.50"))]


def test_the_customer_is_found_by_its_name_when_nothing_was_picked(company, customer):
    sent = {**typed(customer), "customer": "", "customer_text": "maison lumière"}
    assert signed_in(company).post(reverse("billing:order-new"), sent).status_code == 302


@pytest.mark.parametrize(
    ("where", "field", "wrong"),
    [
        ("form", "customer", {"customer": "", "customer_text": ""}),
        ("form", "customer", {"customer": "", "customer_text": "Personne"}),
        ("form", "customer", {"customer": "999999999"}),
        ("line", "description", {"lines-0-description": ""}),
        ("line", "quantity", {"lines-0-quantity": "0"}),
        ("line", "quantity", {"lines-0-quantity": "beaucoup"}),
        ("line", "unit_price", {"lines-0-unit_price": "-5"}),
        ("line", "discount_percent", {"lines-0-discount_percent": "101"}),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_nothing_is_written(company, customer, where, field, wrong):
    sent = {**typed(customer, notes="Livrer le matin"), **wrong}
    page = signed_in(company).post(reverse("billing:order-new"), sent)
    assert page.status_code == 422
    form = page.context["form"] if where == "form" else page.context["formset"].forms[0]
    assert field in form.errors
    assert "Livrer le matin" in page.text
    assert not SalesOrder.everywhere.filter(company=company).exists()


def test_another_company_s_customer_cannot_order_here(company):
    stranger = a_customer(a_company())
    page = signed_in(company).post(reverse("billing:order-new"), typed(stranger, customer_text=""))
    assert page.status_code == 422
    assert not SalesOrder.everywhere.filter(customer=stranger).exists()


def test_editing_shows_the_stored_lines_and_replaces_them(company, customer):
    order = an_order(customer)
    client = signed_in(company)
    url = reverse("billing:order-edit", args=[order.pk])
    assert "Chaise Bistrot" in client.get(url).text
    client.post(url, typed(customer, {"description": "Table Ronde", "quantity": "1"}))
    assert [line.description for line in OrderLine.everywhere.filter(order=order)] == ["Table Ronde"]
    order.refresh_from_db()
    assert order.total_net == Decimal("1234.50")


def test_an_order_goes_from_draft_to_its_invoice_by_its_primary_actions(company, customer):
    product = goods(company, 10)
    order = an_order(customer, [LineInput.of_product(product, Decimal(4))])
    client = signed_in(company)
    for label in ("Confirmer", "Expédier", "Générer la facture"):
        primary = client.get(order.get_absolute_url()).context["primary"]
        assert primary.label == label
        answer = client.post(primary.url)
    invoice = Invoice.everywhere.get(order=order)
    assert answer.url == reverse("billing:invoice-detail", args=[invoice.pk])
    assert Product.everywhere.get(pk=product.pk).on_hand == 6
    assert client.get(order.get_absolute_url()).context["primary"].url == invoice.get_absolute_url()


def test_an_order_whose_invoice_was_credited_offers_its_invoice_again(company, customer):
    order, client = an_order(customer, shipped=True), signed_in(company)
    with company_scope(company):
        invoice = issue_invoice(invoice=generate_invoice(order=order, actor=ACTOR, at=AT), actor=ACTOR, at=AT)
        credit_invoice(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=AT)
    page = client.get(order.get_absolute_url(), headers={"Accept-Language": "fr"})
    assert invoice.number in page.text
    assert "À facturer" in page.text
    assert page.context["primary"].url == reverse("billing:order-invoice", args=[order.pk])
    assert numbers(client.get(reverse(LIST), {"status": "TO_INVOICE"})) == [order.number]
    assert "1 commande expédiée à facturer" in plain(client.get("/", headers={"Accept-Language": "fr"}))
    client.post(page.context["primary"].url)
    assert Invoice.everywhere.filter(order=order).in_force().get().is_draft
    assert numbers(client.get(reverse(LIST), {"status": "TO_INVOICE"})) == []


def test_an_order_beyond_the_stock_says_so_and_does_not_leave(company, customer):
    order = an_order(customer, [LineInput.of_product(goods(company, 2), Decimal(4))], confirmed=True)
    client = signed_in(company)
    url = order.get_absolute_url()
    assert "Stock insuffisant" in client.get(url).text
    answer = client.post(reverse("billing:order-ship", args=[order.pk]), HTTP_REFERER=f"http://testserver{url}")
    assert answer.status_code == 302
    order.refresh_from_db()
    assert order.status == "PENDING"


def test_an_order_is_given_up_before_it_leaves_only(company, customer):
    client = signed_in(company)
    draft, shipped = an_order(customer), an_order(customer, shipped=True)
    assert client.get(reverse("billing:order-cancel", args=[draft.pk])).status_code == 200
    for order in (draft, shipped):
        client.post(reverse("billing:order-cancel", args=[order.pk]))
        order.refresh_from_db()
    assert (draft.status, shipped.status) == ("CANCELLED", "SHIPPED")


def test_a_confirmed_order_is_no_longer_edited(company, customer):
    order = an_order(customer, confirmed=True)
    client = signed_in(company)
    url = reverse("billing:order-edit", args=[order.pk])
    assert url not in client.get(order.get_absolute_url()).text
    assert client.get(url).status_code == 409


@pytest.mark.parametrize("name", ["detail", "edit", "cancel"])
def test_another_company_s_order_does_not_exist(company, name):
    stranger = an_order(a_customer(a_company()))
    assert signed_in(company).get(reverse(f"billing:order-{name}", args=[stranger.pk])).status_code == 404


@pytest.mark.parametrize("name", ["confirm", "ship", "invoice", "cancel"])
def test_another_company_s_order_is_not_moved(company, name):
    stranger = an_order(a_customer(a_company()))
    assert signed_in(company).post(reverse(f"billing:order-{name}", args=[stranger.pk])).status_code == 404


def test_a_viewer_may_look_but_not_act(company, customer):
    order = an_order(customer)
    client = signed_in(company, Role.VIEWER)
    record = client.get(order.get_absolute_url())
    assert record.status_code == 200
    assert record.context["primary"] is None
    for name in ("edit", "cancel"):
        assert client.get(reverse(f"billing:order-{name}", args=[order.pk])).status_code == 403, name
    assert client.get(reverse("billing:order-new")).status_code == 403
    client.post(reverse("billing:order-confirm", args=[order.pk]))
    order.refresh_from_db()
    assert order.status == "DRAFT"
