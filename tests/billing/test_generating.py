"""« Générer la facture » from the list: of one order, of many, of several on one invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from billing.models import Invoice, InvoiceLine, SalesOrder
from billing.pdf import render_pdf
from billing.services.correcting import draft_correction
from billing.services.deposits import draft_deposit, takes_deposit
from billing.services.generating import (
    AlreadyInvoiced,
    NotTogether,
    TooManyLines,
    final_invoice_of,
    generate_each,
    generate_invoice,
    generate_together,
    together,
)
from billing.services.invoices import delete_draft
from billing.services.issuing import issue_invoice
from billing.views import generating
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.mapping import from_invoice
from tests.api.client import a_partner, json_of
from tests.billing.test_order_pages import an_order, plain
from tests.billing.test_pdf import text_of
from tests.factories import money
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_company, a_customer
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
ACT = {"actor": ACTOR, "at": AT}
MANY = "billing:order-invoice-many"


@pytest.fixture
def orders(customer, in_scope) -> list[SalesOrder]:
    return [an_order(customer, shipped=True, purchase_order=f"BC-{place}") for place in (1, 2)]


def test_several_orders_of_one_customer_make_one_invoice_that_names_each(orders):
    one, two = orders
    invoice = generate_together(orders=[two, one], **ACT)
    assert invoice.total_gross == one.total_gross + two.total_gross
    assert InvoiceLine.objects.filter(invoice=invoice).count() == 2
    assert f"Commandes {one.number} du 16/11/2026, réf. BC-1, {two.number}" in invoice.notes
    assert (invoice.order, invoice.purchase_order) == (one, "")
    assert [final_invoice_of(order) for order in orders] == [invoice, invoice]
    for order in orders:
        with pytest.raises(AlreadyInvoiced):
            generate_invoice(order=order, **ACT)
    issued = issue_invoice(invoice=invoice, **ACT)
    document = from_invoice(issued, lines=list(issued.lines.all()), subtotals=list(issued.vat_subtotals.all()))
    assert document.sales_order == "", "BT-14 is one order"
    assert all(order.number in text_of(render_pdf(issued)) for order in orders)


def test_a_draft_thrown_away_or_a_credit_note_lets_each_order_be_invoiced_again(orders):
    delete_draft(invoice=generate_together(orders=orders, **ACT), **ACT)
    orders = list(SalesOrder.objects.filter(pk__in=[order.pk for order in orders]))
    assert [final_invoice_of(order) for order in orders] == [None, None]
    issued = issue_invoice(invoice=generate_together(orders=orders, **ACT), **ACT)
    assert not any(map(takes_deposit, orders))
    money.credit_invoice(invoice=issued, parts=None, reason="Erreur", **ACT)
    assert generate_invoice(order=orders[1], **ACT).order == orders[1]


def test_a_corrected_invoice_stands_for_all_the_orders_of_the_first(orders):
    issued = issue_invoice(invoice=generate_together(orders=orders, **ACT), **ACT)
    corrected = issue_invoice(invoice=draft_correction(invoice=issued, reason="Adresse", **ACT), **ACT)
    assert [final_invoice_of(order) for order in orders] == [corrected, corrected]


def test_the_deposits_of_every_order_are_deducted_and_kept_by_a_corrected_invoice(orders):
    for order in orders:
        issue_invoice(invoice=draft_deposit(source=order, gross=Decimal("120.00"), description="Acompte", **ACT), **ACT)
    issued = issue_invoice(invoice=generate_together(orders=orders, **ACT), **ACT)
    assert issued.amount_deposited == 240
    draft = draft_correction(invoice=issued, reason="Adresse", **ACT)
    assert draft.billed_orders == orders, "judged as it will be issued, without BT-14"
    corrected = issue_invoice(invoice=draft, **ACT)
    assert (corrected.amount_deposited, corrected.billed_orders) == (240, orders)


def test_a_deposit_issued_after_the_draft_is_deducted_from_it(orders):
    deposit = draft_deposit(source=orders[1], gross=Decimal("120.00"), description="Acompte", **ACT)
    draft = generate_together(orders=orders, **ACT)
    issue_invoice(invoice=deposit, **ACT)
    draft.refresh_from_db()
    assert draft.amount_deposited == 120


def test_what_one_invoice_cannot_bill_is_not_put_together(orders, company, customer):
    elsewhere = an_order(a_customer(company, name="Galerie Nord"), shipped=True)
    service = an_order(customer, shipped=True, service_code="SRV-2")
    with pytest.raises(NotTogether):
        generate_together(orders=[orders[0], elsewhere], **ACT)
    assert together([elsewhere, *orders, service]) == [orders, [elsewhere], [service]]
    assert not Invoice.objects.exists()


def test_an_order_in_the_way_refuses_its_group_and_no_other(orders, company):
    generate_invoice(order=orders[0], **ACT)
    other = an_order(a_customer(company, name="Galerie Nord"), shipped=True)
    refused, made = generate_each(groups=[orders, [other]], **ACT)
    assert isinstance(refused, AlreadyInvoiced)
    assert isinstance(made, Invoice)
    assert final_invoice_of(orders[1]) is None


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_alone_and_together_at_the_same_moment_leave_one_invoice_of_each_order(customer):
    one, two = (an_order(customer, shipped=True) for _turn in range(2))

    def generate(place: int) -> Any:
        with company_scope(customer.company_id):
            return generate_each(groups=[[two]] if place % 2 else [[one, two]], **ACT)

    at_once(4, generate)
    billed = Invoice.everywhere.of_order(two).in_force()
    assert billed.count() == 1


# -- the pages ---------------------------------------------------------------------------------------------------------


def test_the_list_offers_the_shipped_orders_to_who_may(orders, company, customer):
    waiting = an_order(customer)
    page = signed_in(company).get(reverse("billing:order-list"))
    assert {row["order"].pk for row in page.context["rows"] if row["takes"]} == {order.pk for order in orders}
    assert page.text.count("/orders/invoice/?order=") == 2
    assert waiting.number in page.text
    viewer = signed_in(company, Role.VIEWER)
    assert "Générer" not in viewer.get(reverse("billing:order-list")).text
    assert viewer.post(reverse(MANY), {"order": orders[0].pk}).status_code == 403


def test_many_are_shown_then_made_and_lead_to_their_drafts(orders, company, monkeypatch):
    other = an_order(a_customer(company, name="Galerie Nord"), shipped=True)
    draft = an_order(a_customer(company, name="Brouillon SA"))
    keys = [order.pk for order in (*orders, other, draft)]
    client = signed_in(company)
    page = client.get(reverse(MANY), {"order": keys})
    assert (page.context["ready"], page.context["grouped"]) == (3, 2)
    assert f"La commande {draft.number} n’est pas expédiée" in plain(page)
    assert not Invoice.objects.exists()
    done = client.post(page.request["PATH_INFO"], {"order": keys[:3], "by": "customer"}, follow=True)
    assert Invoice.objects.count() == 2
    assert "2 factures préparées." in plain(done)
    assert [choice.is_ready for choice in done.context["choices"]] == [False, False, False]
    assert all(choice.invoice.get_absolute_url() in done.text for choice in done.context["choices"])
    again = client.post(reverse(MANY), {"order": keys[:3]}, follow=True)
    assert f"La commande {orders[0].number} a déjà sa facture" in plain(again)
    monkeypatch.setattr(generating, "TOLD", 1)
    many = client.post(reverse(MANY), {"order": keys[:3]}, follow=True)
    told = [str(message) for message in many.context["messages"]]
    assert told[1:] == ["2 autres factures ne sont pas faites."]
    assert Invoice.objects.count() == 2


def test_a_hundred_are_made_at_once_and_the_page_says_how_many_stay(orders, company, monkeypatch):
    client = signed_in(company)
    absent = list(range(1, 99))  # the address of the page after it names each, and is long
    sent = {"order": [order.pk for order in orders] + absent, "csrfmiddlewaretoken": "x" * 32}
    answers = [client.post(reverse(MANY), sent) for _turn in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(answers[0]["Location"]) > 300
    assert Invoice.objects.count() == 2
    monkeypatch.setattr(generating, "MOST", 1)
    for order in orders:
        final_invoice_of(order).delete()
    page = client.get(reverse(MANY), {"all": "1"})
    assert [choice.order for choice in page.context["choices"]] == [orders[0]]
    assert "1 autre de cette liste reste à facturer" in plain(page)


def test_an_invoice_that_no_form_could_hold_is_refused(orders, monkeypatch):
    monkeypatch.setattr("billing.services.generating.MOST_LINES", 1)
    with pytest.raises(TooManyLines):
        generate_together(orders=orders, **ACT)
    assert not Invoice.objects.exists()


def test_one_leads_straight_to_its_draft_and_all_of_the_filter_may_be_asked_for(orders, company):
    client = signed_in(company)
    everything = client.get(reverse(MANY), {"all": "1", "q": orders[0].number})
    assert [choice.order for choice in everything.context["choices"]] == [orders[0]]
    made = client.post(reverse(MANY), {"order": orders[0].pk})
    assert made["Location"] == final_invoice_of(orders[0]).get_absolute_url()


def test_another_company_s_order_is_not_there(orders, company):
    page = signed_in(a_company()).get(reverse(MANY), {"order": orders[0].pk})
    assert page.context["choices"] == []


def test_partners_generate_many_in_a_call(orders, company):
    partner = a_partner(company)
    body = {"salesOrderIds": [order.pk for order in orders], "groupedPerCustomer": True}
    answer = json_of(partner.post("/api/invoices/generate/bulk", body))
    assert (answer["created"], answer["refused"]) == (1, 0)
    assert answer["results"][0]["sales_order_ids"] == [order.pk for order in orders]
    again = json_of(partner.post("/api/invoices/generate/bulk", body))
    assert again["results"][0]["problem"]["code"] == "already_invoiced"
    order = json_of(partner.get(f"/api/orders/{orders[1].pk}"))
    assert order["invoice_id"] == answer["results"][0]["invoice_id"]
