"""Who only bills us is no customer: lists, pickers, search and the API of customers leave it out."""

from __future__ import annotations

import pytest
from django.urls import reverse

from customers.models import Customer
from customers.services import mark_as_customer
from tests.factories import people, story
from tests.factories.purchases import a_supplier
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")


def shown_at(browser, supplier):
    """Where a customer's reader meets the name; the search finds suppliers too, among those of their own record."""
    pages = {
        "list": reverse("customers:customer-list"),
        "picker": f"{reverse('customers:customer-options')}?q=Papet",
        "search": f"{reverse('search')}?q=Papeteries",
        "new invoice": f"{reverse('billing:invoice-new')}?customer={supplier.pk}",
    }
    sought = dict.fromkeys(pages, supplier.name) | {"search": supplier.get_absolute_url()}
    return {name for name, url in pages.items() if sought[name] in browser.get(url).text}


def test_a_supplier_is_shown_among_customers_once_it_is_one(company):
    supplier = a_supplier(company)
    browser = people.signed_in(company)
    assert shown_at(browser, supplier) == set()
    mark_as_customer(customer=supplier, actor=ACTOR, at=AT)
    assert shown_at(browser, supplier) == {"list", "picker", "search", "new invoice"}


def test_one_organisation_is_one_record_on_both_sides(company, customer):
    supplier = a_supplier(company, email="facturation@papeteries.example")
    billed = story.a_customer(company, siret=supplier.siret, name="PAPETERIES DU RHONE", phone="04 78 00 00 00")
    assert billed == supplier
    kept = Customer.objects.get(pk=supplier.pk)
    assert (kept.is_customer, kept.is_supplier, kept.name, kept.email, kept.phone) == (
        True,
        True,
        "Papeteries du Rhône",
        "facturation@papeteries.example",
        "04 78 00 00 00",
    )
    assert a_supplier(company, siret=customer.siret, name="Autre nom") == customer
    assert Customer.objects.count() == 2
