"""What is archived is sold and billed no more, by any way in; what was billed before is still settled."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Invoice, MovementReason, Product, SalesOrder
from billing.services.correcting import draft_correction
from billing.services.deposits import draft_deposit
from billing.services.generating import generate_invoice
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from billing.services.orders import confirm_order, save_order, ship_order
from billing.services.products import ProductArchived, archive_product, count_stock, move_stock, save_product
from config.kernel.errors import Invalid
from customers.services import CustomerArchived, archive_customer, restore_customer
from payments.services.crediting import issue_correction
from tests.api.client import a_partner, json_of
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

WORDS = "Le client « Maison Lumière » est archivé : rétablissez-le depuis sa fiche pour travailler avec lui."
ITEM = {"description": "Conseil", "quantity": 5, "unit_price": 200, "vat_rate": 20}


def act(service, **given):
    return service(actor=ACTOR, at=AT, **given)


def archived(customer):
    return act(archive_customer, customer=customer)


def an_order(customer, *lines, confirmed=True):
    order = act(save_order, order=None, customer=customer, values={}, lines=lines or [story.a_line()])
    return act(confirm_order, order=order) if confirmed else order


def typed(customer, **row):
    """What the forms of orders and invoices send."""
    line = {"description": "Conseil", "quantity": "1", "unit": "C62", "unit_price": "100", "vat": "S:20", **row}
    sheet = {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0"} | {f"lines-0-{name}": line[name] for name in line}
    return {"customer": customer.pk, "customer_text": customer.name, "kind": "380", **sheet}


def test_nothing_new_is_drafted_for_an_archived_customer(customer):
    draft, order = story.a_draft(customer), an_order(customer, confirmed=False)
    confirmed, shipped = an_order(customer), an_order(customer)
    act(ship_order, order=shipped)
    archived(customer)
    ways = [
        lambda: story.a_draft(customer),
        lambda: an_order(customer),
        lambda: act(confirm_order, order=order),
        lambda: act(generate_invoice, order=shipped),
        lambda: act(draft_deposit, source=confirmed, gross=Decimal(100), description="Acompte"),
        lambda: act(draft_deposit, source=draft, gross=Decimal(100), description="Acompte"),
    ]
    for way in ways:
        with pytest.raises(CustomerArchived, match="rétablissez-le") as refused:
            way()
        assert refused.value.fields == {"customer": WORDS}
    assert (Invoice.objects.count(), SalesOrder.objects.count()) == (1, 3)


def test_a_draft_older_than_the_archiving_is_kept_and_issued_once_the_customer_is_back(customer):
    draft = story.a_draft(customer)
    archived(customer)
    act(save_draft, invoice=draft, customer=customer, values={"notes": "Merci"}, lines=[story.a_line()])
    with pytest.raises(CustomerArchived):
        act(issue_invoice, invoice=draft)
    act(restore_customer, customer=customer)
    assert act(issue_invoice, invoice=draft).number


def test_a_draft_is_not_moved_to_an_archived_customer(company, customer):
    draft, gone = story.a_draft(customer), archived(story.a_customer(company))
    with pytest.raises(CustomerArchived):
        act(save_draft, invoice=draft, customer=gone, values={}, lines=[story.a_line()])


def test_what_an_archived_customer_was_billed_is_still_credited_corrected_and_paid(customer):
    first, second, paid = (story.an_issued_invoice(customer) for _invoice in range(3))
    archived(customer)
    assert act(credit_invoice, invoice=first, parts=None, reason="Retour").number
    corrected = act(issue_correction, invoice=act(draft_correction, invoice=second, reason="Adresse"))
    assert corrected.number
    money.a_payment(customer, "1440.00", [(paid, "1440.00")])
    paid.refresh_from_db()
    assert paid.status == "PAID"


def test_a_corrected_invoice_is_not_moved_to_an_archived_customer(company, customer):
    draft = act(draft_correction, invoice=story.an_issued_invoice(customer), reason="Adresse")
    gone = archived(story.a_customer(company))
    with pytest.raises(CustomerArchived):
        act(save_draft, invoice=draft, customer=gone, values={}, lines=[story.a_line()])


def test_the_pages_say_it_at_the_customer_and_tell_what_to_do(company, customer):
    draft, order = story.a_draft(customer), an_order(customer)
    act(ship_order, order=order)
    archived(customer)
    client = signed_in(company)
    for name in ("billing:invoice-new", "billing:order-new"):
        page = client.post(reverse(name), typed(customer))
        assert (page.status_code, page.context["form"].errors["customer"]) == (422, [WORDS])
    assert client.post(reverse("billing:invoice-edit", args=[draft.pk]), typed(customer)).status_code == 302
    issue = client.get(reverse("einvoicing:invoice-issue", args=[draft.pk]))
    assert issue.context["blocked"]
    assert WORDS in issue.text
    assert customer.get_absolute_url() in issue.text
    refused = client.post(reverse("billing:order-invoice", args=[order.pk]))
    assert WORDS in refused.text
    assert Invoice.objects.count() == 1


def test_the_api_refuses_it_at_customer_id_and_sends_no_old_draft(company, customer):
    draft, order = story.a_draft(customer), an_order(customer)
    act(ship_order, order=order)
    archived(customer)
    partner, body = a_partner(company), {"customer_id": customer.pk, "items": [ITEM]}
    for address in ("/api/invoices", "/api/finance/invoices/create-and-send", "/api/orders"):
        problem = json_of(partner.post(address, body, key=True))
        assert (problem["code"], problem["fields"]) == ("customer_archived", {"customer_id": WORDS})
    (row,) = json_of(partner.post("/api/invoices/bulk", {"invoices": [body], "issue": True}, key=True))["results"]
    assert row["problem"]["fields"] == {"customer_id": WORDS}
    assert json_of(partner.post("/api/invoices/generate", {"salesOrderId": order.pk}))["code"] == "customer_archived"
    verdict = json_of(partner.get(f"/api/invoices/{draft.pk}/preflight"))
    assert (verdict["valid"], verdict["violations"][0]["field"]) == (False, "customer")
    assert json_of(partner.post(f"/api/invoices/{draft.pk}/send", key=True))["code"] == "customer_archived"
    assert Invoice.objects.get().is_draft


@pytest.fixture
def chair(company) -> Product:
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(100), "tracks_stock": True}
    chair = act(save_product, product=None, company_id=company.pk, values=values)
    act(move_stock, product=chair, quantity=Decimal(10), reason=MovementReason.RECEIPT)
    return chair


def test_an_archived_product_is_named_by_no_new_line(company, customer, chair):
    line, other = LineInput.of_product(chair, Decimal(2)), story.a_line()
    order, draft = an_order(customer, line), story.a_draft(customer, [line])
    act(archive_product, product=chair)
    for save in (lambda: an_order(customer, other, line), lambda: story.a_draft(customer, [other, line])):
        with pytest.raises(Invalid) as refused:
            save()
        assert list(refused.value.fields) == ["lines.2.product_id"]
    client, partner = signed_in(company), a_partner(company)
    page = client.post(reverse("billing:invoice-new"), typed(customer, product_id=chair.pk))
    assert page.status_code == 422
    assert "Le produit « Chaise » est archivé" in page.text
    sent = {"customer_id": customer.pk, "items": [{"product_id": chair.pk, "quantity": 1}]}
    assert list(json_of(partner.post("/api/invoices", sent))["fields"]) == ["items.1.product_id"]
    # what named it before is still edited, shipped, billed and corrected
    act(save_draft, invoice=draft, customer=customer, values={}, lines=[line, other])
    act(ship_order, order=order)
    invoice = act(issue_invoice, invoice=act(generate_invoice, order=order))
    assert act(draft_correction, invoice=invoice, reason="Adresse").total_gross == invoice.total_gross


def test_the_stock_of_an_archived_product_moves_by_its_orders_alone(chair):
    act(archive_product, product=chair)
    with pytest.raises(ProductArchived, match="« Chaise » est archivé"):
        act(move_stock, product=chair, quantity=Decimal(1), reason=MovementReason.RECEIPT)
    with pytest.raises(ProductArchived):
        act(count_stock, product=chair, counted=Decimal(3))
