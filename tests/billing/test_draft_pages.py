"""The form of a draft: what it writes, what it refuses, and that a refusal keeps what was typed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, InvoiceLine
from billing.services.products import save_product
from config.kernel.models import Membership, User
from config.kernel.roles import Role
from tests.factories.story import ACTOR, AT, a_company, a_customer, a_draft, an_issued_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(company):
    user = User.objects.create_user(f"sales-{company.siren}@verone.example", "a long password 42")
    Membership.objects.create(user=user, company=company, role=Role.SALES)
    client = Client()
    client.force_login(user)
    return client


def typed(customer, *rows, **values):
    """What a browser sends: the head, and a sheet whose last row is left empty."""
    sheet = {"lines-TOTAL_FORMS": len(rows) + 1, "lines-INITIAL_FORMS": 0, "lines-MAX_NUM_FORMS": 500}
    empty = {"quantity": "1", "unit": "C62", "vat": "S:20"}
    for place, row in enumerate([*rows, {}]):
        sheet |= {f"lines-{place}-{name}": value for name, value in {**empty, **row}.items()}
    head = {"customer": customer.pk if customer else "", "customer_text": "", "kind": "380"}
    return {**head, **sheet, **values}


CHAIR = {"description": "Chaise Bistrot", "quantity": "10", "unit_price": "1 120,50", "discount_percent": "10"}


def test_a_draft_is_written_as_typed_without_its_empty_row(client, company, customer):
    answer = client.post(reverse("billing:invoice-new"), typed(customer, CHAIR, due_date="31/12/2026", notes="Merci"))
    draft = Invoice.everywhere.get(company=company)
    assert answer.url == draft.get_absolute_url()
    assert draft.total_net == Decimal("10084.50")
    assert f"{draft.due_date:%d/%m/%Y}" == "31/12/2026"
    assert draft.number is None


def test_without_javascript_the_exact_name_of_the_customer_is_enough(client, company, customer):
    client.post(reverse("billing:invoice-new"), typed(None, CHAIR, customer_text="maison lumière"))
    assert Invoice.everywhere.get(company=company).customer == customer


@pytest.mark.parametrize(
    ("change", "field"),
    [({"customer": ""}, "customer"), ({"due_date": "31/02/2026"}, "due_date"), ({"kind": "381"}, "kind")],
)
def test_a_refusal_is_said_at_its_field_and_keeps_what_was_typed(client, company, customer, change, field):
    page = client.post(reverse("billing:invoice-new"), {**typed(customer, CHAIR), **change})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert "1 120,50" in page.text
    assert not Invoice.everywhere.filter(company=company).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"description": ""}, "description"), ({"quantity": "dix"}, "quantity"), ({"unit_price": "-1"}, "unit_price"),
     ({"discount_percent": "101"}, "discount_percent"), ({"vat": "S:19.6"}, "vat"),
     ({"quantity": "0"}, "quantity")],
)  # fmt: skip
def test_a_wrong_line_is_told_in_its_row(client, company, customer, change, field):
    page = client.post(reverse("billing:invoice-new"), typed(customer, CHAIR, {**CHAIR, **change}))
    assert page.status_code == 422
    assert field in page.context["formset"].forms[1].errors
    assert not page.context["formset"].forms[0].errors
    assert not Invoice.everywhere.filter(company=company).exists()


def test_another_company_s_customer_cannot_be_billed(client, company):
    page = client.post(reverse("billing:invoice-new"), typed(a_customer(a_company()), CHAIR))
    assert page.status_code == 422
    assert "customer" in page.context["form"].errors


def test_editing_shows_the_draft_and_replaces_its_lines(client, company, customer):
    draft = a_draft(customer)
    url = reverse("billing:invoice-edit", args=[draft.pk])
    assert "Chaise Bistrot" in client.get(url).text
    client.post(url, typed(customer, {**CHAIR, "description": "Table"}))
    assert [line.description for line in InvoiceLine.everywhere.filter(invoice=draft)] == ["Table"]


def test_an_issued_invoice_is_not_edited(client, customer):
    invoice = an_issued_invoice(customer)
    url = reverse("billing:invoice-edit", args=[invoice.pk])
    assert client.get(url).status_code == 409
    assert client.post(url, typed(customer, CHAIR)).status_code == 409


def test_the_totals_follow_what_is_typed_and_leave_out_unfinished_rows(client, company, customer):
    page = client.post(reverse("billing:line-totals"), typed(customer, CHAIR, {"description": "Table"}))
    text = page.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "10 084,50 €" in text
    assert 'id="lines-0-net"' in text
    assert "12 101,40 €" in text


def test_a_line_that_cannot_be_read_says_why_and_the_total_says_that_it_leaves_it_out(client, company, customer):
    wrong = {"description": "Table", "quantity": "deux", "unit_price": "12/0"}
    text = client.post(reverse("billing:line-totals"), typed(customer, CHAIR, wrong)).text
    assert "10\u202f084,50\u00a0€" in text
    assert "Sans la ligne 2, incomplète ou illisible." in text
    assert "Quantité : Ce n’est pas un nombre" in text
    assert "On ne peut pas diviser par zéro" in text
    page = client.post(reverse("billing:invoice-new"), typed(customer, CHAIR, wrong))
    assert "Quantité – Ce n’est pas un nombre" in page.text


def test_a_pasted_table_is_filled_by_its_products_and_said_in_words(client, company, customer):
    values = {"reference": "CH-01", "name": "Chaise Bistrot", "unit_price": Decimal(120), "vat_rate": Decimal(10)}
    product = save_product(product=None, company_id=company.pk, values=values, actor=ACTOR, at=AT)
    table = "Code;Désignation;Qté;PU HT;TVA;Total\nCH-01;;4;;;\nX-9;Tapis;1,5;1 200,5;7 %;1800,75"
    answer = client.post(reverse("billing:lines-paste"), {"text": table}).json()
    first, second = answer["rows"]
    assert (first["product_id"], first["description"], first["quantity"]) == (str(product.pk), "Chaise Bistrot", "4")
    assert (first["unit_price"], first["vat"]) == ("120,00", "S:10")
    assert second == {"description": "X-9 – Tapis", "quantity": "1,5", "unit_price": "1200,50", "vat": "7\u00a0%"}
    assert answer["words"].startswith("2 lignes collées. Colonnes lues : Code → Référence, ")
    assert "Total → total (recalculé)" in answer["words"]
