"""Two tabs, or two people, on one record: the second is told, sees both versions, and chooses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from billing.models import Invoice, Product, SalesOrder
from billing.services.issuing import issue_invoice
from billing.services.orders import save_order
from billing.services.products import save_product
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from customers.services import save_contact
from tests.factories.money import a_bank_account
from tests.factories.people import signed_in
from tests.factories.story import a_draft, a_line

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
SETTINGS_FIELD = "discount_mention"


def fields_of(page) -> dict[str, object]:
    """What a browser would send of the page's form, from the bound fields of its context."""
    forms = [page.context["form"]]
    sent: dict[str, object] = {}
    if (formset := page.context.get("formset")) is not None:
        forms += [*formset.forms, formset.management_form]
    for form in forms:
        for field in form:
            value = field.value()
            if value is True:
                sent[field.html_name] = "on"
            elif value not in (None, False, ""):
                shown = field.field.widget.format_value(value) if not isinstance(value, list) else value
                sent[field.html_name] = shown[0] if isinstance(shown, list) and len(shown) == 1 else shown
    sent["read_version"] = re.search(r'name="read_version" value="([0-9a-f]{32})"', page.content.decode())[1]
    if hasattr(page.context["form"], "customer_id"):
        sent["customer"] = page.context["form"].customer_id
    return sent


def a_product(company: Company) -> Product:
    values = {
        "reference": "CH-1",
        "name": "Chaise",
        "unit_price": Decimal("120.5"),
        "vat_category": "S",
        "vat_rate": Decimal(20),
    }
    return save_product(product=None, company_id=company.pk, values=values, actor=Actor.system("test"), at=AT)


def an_order(customer: Customer) -> SalesOrder:
    return save_order(
        order=None, customer=customer, values={"notes": ""}, lines=[a_line()], actor=Actor.system("test"), at=AT
    )


def an_address(kind: str, company: Company, customer: Customer) -> tuple[str, str]:
    """The form of a record, and a field of it that is text."""
    if kind == "customer":
        return reverse("customers:customer-edit", args=[customer.pk]), "notes"
    if kind == "contact":
        values = {
            "name": "Ada",
            "position": "",
            "email": "",
            "phone": "",
            "gets_invoices": False,
            "gets_reminders": False,
        }
        contact = save_contact(contact=None, customer=customer, values=values, actor=Actor.system("test"), at=AT)
        return reverse("customers:contact-edit", args=[contact.pk]), "position"
    if kind == "product":
        return reverse("billing:product-edit", args=[a_product(company).pk]), "name"
    if kind == "order":
        return reverse("billing:order-edit", args=[an_order(customer).pk]), "notes"
    if kind == "invoice":
        return reverse("billing:invoice-edit", args=[a_draft(customer).pk]), "notes"
    if kind == "line":
        return reverse("billing:invoice-edit", args=[a_draft(customer).pk]), "lines-0-description"
    if kind == "notes":
        return reverse("billing:invoice-notes", args=[a_draft(customer).pk]), "internal_notes"
    if kind == "bank":
        return reverse("bank-account-edit", args=[a_bank_account(company).pk]), "name"
    return reverse("company-settings"), SETTINGS_FIELD


@pytest.mark.parametrize(
    "kind", ["customer", "contact", "product", "order", "invoice", "line", "notes", "bank", "settings"]
)
def test_the_second_of_two_tabs_is_told_and_may_choose(company, customer, kind):
    client = signed_in(company)
    address, field = an_address(kind, company, customer)
    first = fields_of(client.get(address))
    second = dict(first)
    assert client.post(address, {**first, field: "Du premier onglet"}).status_code == 302

    refused = client.post(address, {**second, field: "Du second onglet"})
    page = unescape(refused.content.decode())
    assert refused.status_code == 422
    assert "Deux versions de cette fiche" in page
    assert "Du premier onglet" in page
    assert "Du second onglet" in page
    assert "Du premier onglet" in unescape(client.get(address).content.decode())

    assert client.post(address, {**fields_of(refused), field: "Du second onglet"}).status_code == 302
    assert "Du second onglet" in unescape(client.get(address).content.decode())


def test_what_did_not_change_is_saved_without_a_word(company, customer):
    client = signed_in(company)
    address, _field = an_address("invoice", company, customer)
    for language in ("fr", "en"):  # the digest is the same in every language
        sent = fields_of(client.get(address, headers={"Accept-Language": language}))
        answer = client.post(address, {**sent, "notes": f"Merci {language}"})
        assert answer.status_code == 302


def test_a_form_of_a_program_that_read_nothing_is_taken(company):
    client = signed_in(company)
    address, _field = an_address("product", company, None)
    sent = fields_of(client.get(address))
    del sent["read_version"]
    assert client.post(address, {**sent, "name": "Nouveau nom"}).status_code == 302
    assert Product.everywhere.get(company=company).name == "Nouveau nom"
    assert not Invoice.everywhere.exists()


def test_what_was_typed_into_a_draft_that_was_issued_meanwhile_is_shown_again(company, customer):
    client = signed_in(company)
    draft = a_draft(customer)
    address = reverse("billing:invoice-edit", args=[draft.pk])
    sent = fields_of(client.get(address))
    with company_scope(company):
        issue_invoice(invoice=draft, actor=Actor.system("test"), at=AT)
    answer = client.post(address, {**sent, "notes": "Tapé trop tard"})
    assert answer.status_code == 409
    page = unescape(answer.content.decode())
    assert "Tapé trop tard" in page
    assert "est émise : elle ne se modifie plus" in page
    assert "Tapé trop tard" not in Invoice.everywhere.get(pk=draft.pk).notes
