"""Without JavaScript « Créer » is a page that leads back to the form as it was typed, with what was made chosen."""

from __future__ import annotations

from html import unescape

import pytest
from django.urls import reverse

from billing.models import Invoice, Product
from config.kernel.roles import Role
from customers.models import Customer
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db
SHEET = {"lines-TOTAL_FORMS": 2, "lines-INITIAL_FORMS": 0, "lines-MAX_NUM_FORMS": 500}
ROW = {"lines-0-description": "Fauteuil", "lines-0-quantity": "12/3", "lines-0-unit": "C62", "lines-0-vat": "S:20"}
EMPTY = {"lines-1-quantity": "1", "lines-1-unit": "C62", "lines-1-vat": "S:20"}
TYPED = {"customer": "", "customer_text": "Atelier Nouveau", "kind": "380", "notes": "Merci", **SHEET, **ROW, **EMPTY}
PLACE = {
    "kind": "ORGANISATION", "name": "Atelier Nouveau", "billing_line": "1 rue Neuve", "billing_postcode": "75002",
    "billing_city": "Paris", "billing_country": "FR",
}  # fmt: skip


@pytest.mark.parametrize("address", ["billing:invoice-new", "billing:order-new"])
def test_a_customer_then_a_product_are_created_and_nothing_typed_is_lost(company, address):
    client = signed_in(company)
    assert 'name="create" value="customer"' in client.get(reverse(address)).content.decode()
    aside = client.post(reverse(address), {**TYPED, "create": "customer"})
    new = client.get(aside.url)
    assert new.context["form"]["name"].value() == "Atelier Nouveau"
    assert client.post(aside.url, {**PLACE, "name": ""}).status_code == 422
    terms = new.context["form"]["terms"].value()
    back = client.post(aside.url, {**PLACE, "terms": getattr(terms, "pk", terms)})
    customer = Customer.everywhere.get(company=company)
    page = client.get(back.url)
    text = unescape(page.content.decode())
    assert page.context["form"].customer_id == str(customer.pk)
    assert "Rien n’a encore été enregistré" not in text
    assert 'value="12/3"' in text
    assert ">\nMerci</textarea>" in text

    typed = {**TYPED, "customer": customer.pk, "create": "lines-0"}
    aside = client.post(back.url, typed)
    product = {"reference": "FA-1", "name": "Fauteuil club", "unit_price": "120", "unit": "C62", "vat": "S:5.5"}
    back = client.post(aside.url, product)
    row = client.get(back.url).context["formset"].forms[0]
    assert row["product_id"].value() == str(Product.everywhere.get().pk)
    assert [row[name].value() for name in ("description", "quantity", "unit_price", "vat")] == [
        "Fauteuil club",
        "12/3",
        "120,00",
        "S:5.5",
    ]
    assert not Invoice.everywhere.exists()


def test_who_gives_up_finds_the_form_again(company):
    client = signed_in(company)
    aside = client.post(reverse("billing:invoice-new"), {**TYPED, "create": "customer"})
    back = client.get(aside.url).context["back"]
    assert client.get(back).context["form"]["notes"].value() == "Merci"


def test_another_person_s_form_and_a_token_of_no_form_are_nothing(company):
    aside = signed_in(company).post(reverse("billing:invoice-new"), {**TYPED, "create": "customer"})
    stranger = signed_in(company, Role.SALES)
    assert stranger.get(aside.url).context["back"] == ""
    page = stranger.get(reverse("billing:invoice-new"), {"parked": aside.url.rpartition("=")[2], "made": "9" * 30})
    assert page.context["form"]["notes"].value() is None
