"""The delivery address of one order or invoice: before the customer's, frozen at issue, on paper and in the file."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from billing import pdf
from billing.models import Invoice, SalesOrder
from billing.services.crediting import draft_credit_note
from billing.services.generating import generate_invoice
from billing.services.issuable import BuyerIsSeller
from billing.services.issuing import issue_invoice
from billing.services.orders import confirm_order, save_order, ship_order
from config.kernel.scope import company_scope
from einvoicing.services.documents import preflight
from tests.factories import people, story

pytestmark = pytest.mark.django_db

NANTES = {"line": "Quai 9", "extra": "", "postcode": "44000", "city": "Nantes", "country": "FR"}
BREST = {"line": "Port", "extra": "", "postcode": "29200", "city": "Brest", "country": "FR"}


def shipped(customer, **values) -> SalesOrder:
    order = save_order(
        order=None, customer=customer, values=values, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
    )
    for step in (confirm_order, ship_order):
        step(order=order, actor=story.ACTOR, at=story.AT)
    return order


def test_the_address_of_the_order_reaches_its_invoice_and_is_frozen() -> None:
    customer = story.a_customer(story.a_company(), delivery=BREST)
    with company_scope(customer.company_id):
        draft = generate_invoice(order=shipped(customer, delivery=NANTES), actor=story.ACTOR, at=story.AT)
        assert "Nantes" in str(pdf.context(draft)["delivery"])
        issued = issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)
        note = draft_credit_note(invoice=issued, parts=None, reason="Erreur", actor=story.ACTOR, at=story.AT)
    assert issued.buyer["delivery_address"] == NANTES
    assert note.delivery == NANTES
    with pytest.raises(DatabaseError), transaction.atomic():
        Invoice.everywhere.filter(pk=issued.pk).update(delivery=BREST)


def test_the_customers_own_serves_where_the_document_says_none() -> None:
    customer = story.a_customer(story.a_company(), delivery=BREST)
    assert story.an_issued_invoice(customer).buyer["delivery_address"] == BREST


def test_the_form_takes_the_whole_address_or_none() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    client = people.signed_in(company)
    lines = {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-description": "Chaise",
        "lines-0-quantity": "1",
        "lines-0-unit": "C62",
        "lines-0-unit_price": "10",
        "lines-0-vat": "S:20",
    }
    sent = {"customer": customer.pk, "kind": "380", "delivery_line": "Quai 9", **lines}
    refused = client.post(reverse("billing:invoice-new"), sent)
    assert refused.status_code in {200, 422}
    assert not Invoice.everywhere.filter(company=company).exists()
    client.post(reverse("billing:invoice-new"), {**sent, "delivery_postcode": "44000", "delivery_city": "Nantes"})
    draft = Invoice.everywhere.get(company=company)
    assert draft.delivery == NANTES
    page = client.get(reverse("billing:invoice-edit", args=[draft.pk]))
    assert 'value="Quai 9"' in page.text


def test_nobody_invoices_themselves_whatever_the_way_out() -> None:
    company = story.a_company()
    customer = story.a_customer(company, siret=company.siret)
    draft = story.a_draft(customer)
    with company_scope(company):
        report = preflight(invoice=draft, at=story.AT)
        assert "VENDEUR-ACHETEUR" in {item.rule for item in report.fatal}
        with pytest.raises(BuyerIsSeller):
            issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)
    draft.refresh_from_db()
    assert draft.is_draft
    assert draft.total_net == Decimal("1200.00")
