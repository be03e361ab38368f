"""The pages of customers: what they show, who may act, and that nothing is written on refusal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Address, Contact, Customer, PaymentTerms
from payments.models import Method
from payments.services.payments import record_payment
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_company, a_customer, a_siren, a_siret, an_issued_invoice

pytestmark = pytest.mark.django_db

LIST = "customers:customer-list"


def typed(company, **values):
    """What the form sends for a sound organisation, or whatever `values` say."""
    terms = PaymentTerms.everywhere.get(company=company, name="30 jours")
    sound = {
        "kind": "ORGANISATION",
        "name": "Galerie Nord",
        "siret": a_siret(a_siren()),
        "email": "compta@nord.example",
        "terms": terms.pk,
        "billing_line": "3 place du Marché",
        "billing_postcode": "59000",
        "billing_city": "Lille",
        "billing_country": "FR",
    }
    return {**sound, **values}


def names(page):
    return [row["customer"].name for row in page.context["rows"]]


def test_the_list_finds_by_name_e_mail_siren_and_siret(company):
    wanted = a_customer(company, name="Galerie Nord", email="dupont@nord.example")
    a_customer(company, name="Maison Lumière")
    client = signed_in(company)
    for text in ("galerie", "dupont@", wanted.siren, f"{wanted.siren[:3]} {wanted.siren[3:]}", wanted.siret):
        assert names(client.get(reverse(LIST), {"q": text})) == ["Galerie Nord"], text


def test_the_list_shows_archived_customers_only_when_asked(company):
    a_customer(company, name="Galerie Nord")
    gone = a_customer(company, name="Atelier Fermé")
    client = signed_in(company)
    client.post(reverse("customers:customer-archive", args=[gone.pk]))
    assert names(client.get(reverse(LIST))) == ["Galerie Nord"]
    assert names(client.get(reverse(LIST), {"state": "archived"})) == ["Atelier Fermé"]
    client.post(reverse("customers:customer-restore", args=[gone.pk]))
    assert names(client.get(reverse(LIST))) == ["Atelier Fermé", "Galerie Nord"]


def test_the_list_filters_individuals_and_ignores_what_it_does_not_understand(company):
    a_customer(company, name="Galerie Nord")
    a_customer(company, kind="INDIVIDUAL")
    client = signed_in(company)
    assert names(client.get(reverse(LIST), {"kind": "INDIVIDUAL"})) == ["Ada Lovelace"]
    assert len(names(client.get(reverse(LIST), {"kind": "ROBOT", "sort": "password", "cursor": "%%"}))) == 2


def test_an_empty_list_teaches_the_first_step(company):
    assert reverse("customers:customer-new") in signed_in(company).get(reverse(LIST)).text


def test_the_list_and_the_record_cost_the_same_for_three_rows_and_thirty(company):
    client = signed_in(company)
    counts = []
    for total in (3, 30):
        while Customer.everywhere.filter(company=company).count() < total:
            customer = a_customer(company)
            Contact.everywhere.create(company=company, customer=customer, name="Zoé")
        for _more in range(total):
            Contact.everywhere.create(company=company, customer=customer, name="Zoé")
        pages = [reverse(LIST), customer.get_absolute_url()]
        for url in pages:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


def test_the_record_shows_the_identity_the_addresses_and_the_contacts(company):
    delivery = {"line": "8 quai des Docks", "postcode": "76600", "city": "Le Havre"}
    customer = a_customer(company, name="Galerie Nord", delivery=delivery)
    Contact.everywhere.create(company=company, customer=customer, name="Zoé Martin", email="zoe@nord.example")
    page = signed_in(company).get(customer.get_absolute_url())
    for words in ("Galerie Nord", "2 avenue Foch", "8 quai des Docks", "Zoé Martin", "Client créé", "30 jours"):
        assert words in page.text, words


def test_an_organisation_is_created_with_what_follows_from_its_siret(company):
    sent = typed(company, delivery_line="8 quai des Docks", delivery_postcode="76600", delivery_city="Le Havre")
    answer = signed_in(company).post(reverse("customers:customer-new"), sent)
    customer = Customer.everywhere.get(company=company)
    assert answer.url == customer.get_absolute_url()
    assert (customer.siren, customer.electronic_address) == (sent["siret"][:9], sent["siret"][:9])
    cities = Address.everywhere.filter(customer=customer).order_by("kind").values_list("kind", "city", "country")
    assert list(cities) == [("BILLING", "Lille", "FR"), ("DELIVERY", "Le Havre", "FR")]


def test_an_individual_is_created_by_name_alone_whatever_else_was_left_in_the_form(company):
    sent = typed(company, kind="INDIVIDUAL", first_name="Ada", last_name="Lovelace")
    signed_in(company).post(reverse("customers:customer-new"), sent)
    customer = Customer.everywhere.get(company=company)
    assert (customer.name, customer.siret) == ("Ada Lovelace", "")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": ""}),
        ("siret", {"siret": "12345678900011"}),
        ("siren", {"siren": "123456789"}),
        ("vat_number", {"vat_number": "FR00"}),
        ("last_name", {"kind": "INDIVIDUAL"}),
        ("kind", {"kind": "ROBOT"}),
        ("email", {"email": "nulle part"}),
        ("billing_city", {"billing_city": ""}),
        ("billing_country", {"billing_country": "XX"}),
        ("delivery_city", {"delivery_line": "8 quai des Docks", "delivery_postcode": "76600"}),
        ("siret", {"siret": "", "is_public_body": "on"}),
        ("service_code", {"requires_service_code": "on"}),
        ("terms", {"terms": "0"}),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_nothing_is_written(company, field, wrong):
    page = signed_in(company).post(reverse("customers:customer-new"), typed(company, **wrong))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert "3 place du Marché" in page.text
    assert not Customer.everywhere.filter(company=company).exists()


def test_the_terms_of_another_company_cannot_be_chosen(company):
    foreign = PaymentTerms.everywhere.get(company=a_company(), name="30 jours")
    page = signed_in(company).post(reverse("customers:customer-new"), typed(company, terms=foreign.pk))
    assert page.status_code == 422
    assert "terms" in page.context["form"].errors


def test_a_siret_already_known_is_refused_at_the_field(company):
    known = a_customer(company)
    page = signed_in(company).post(reverse("customers:customer-new"), typed(company, siret=known.siret))
    assert page.status_code == 422
    assert "siret" in page.context["form"].errors
    assert Customer.everywhere.filter(company=company).count() == 1


def test_editing_shows_what_is_stored_and_emptying_the_delivery_address_removes_it(company):
    delivery = {"line": "8 quai des Docks", "postcode": "76600", "city": "Le Havre"}
    customer = a_customer(company, delivery=delivery)
    client = signed_in(company)
    url = reverse("customers:customer-edit", args=[customer.pk])
    assert "8 quai des Docks" in client.get(url).text
    assert client.post(url, typed(company, name="Galerie Sud", siret=customer.siret)).status_code == 302
    customer.refresh_from_db()
    assert customer.name == "Galerie Sud"
    assert not Address.everywhere.filter(customer=customer, kind="DELIVERY").exists()


def test_contacts_are_added_corrected_and_removed(company):
    customer = a_customer(company)
    client = signed_in(company)
    new = reverse("customers:contact-new", args=[customer.pk])
    client.post(new, {"name": "Zoé Martin", "email": "zoe@nord.example", "gets_invoices": "on"})
    contact = Contact.everywhere.get(customer=customer)
    assert (contact.gets_invoices, contact.gets_reminders) == (True, False)
    client.post(reverse("customers:contact-edit", args=[contact.pk]), {"name": "Zoé Durand"})
    contact.refresh_from_db()
    assert contact.name == "Zoé Durand"
    client.post(reverse("customers:contact-delete", args=[contact.pk]))
    assert not Contact.everywhere.filter(customer=customer).exists()


def test_a_contact_who_gets_invoices_needs_an_address(company):
    customer = a_customer(company)
    url = reverse("customers:contact-new", args=[customer.pk])
    page = signed_in(company).post(url, {"name": "Zoé Martin", "gets_invoices": "on"})
    assert page.status_code == 422
    assert "email" in page.context["form"].errors
    assert not Contact.everywhere.filter(customer=customer).exists()


def test_another_company_s_customer_and_contact_do_not_exist(company):
    stranger = a_customer(a_company())
    with company_scope(stranger.company_id):
        contact = Contact.objects.create(company=stranger.company, customer=stranger, name="Zoé")
    client = signed_in(company)
    for name in ("customer-detail", "customer-edit", "contact-new"):
        assert client.get(reverse(f"customers:{name}", args=[stranger.pk])).status_code == 404, name
    for name, pk in (("customer-archive", stranger.pk), ("contact-delete", contact.pk)):
        assert client.post(reverse(f"customers:{name}", args=[pk])).status_code == 404, name
    assert Contact.everywhere.filter(pk=contact.pk).exists()


def test_a_viewer_may_look_but_not_act(company):
    customer = a_customer(company)
    client = signed_in(company, Role.VIEWER)
    record = client.get(customer.get_absolute_url())
    assert record.status_code == 200
    assert reverse("customers:customer-edit", args=[customer.pk]) not in record.text
    for name in ("customer-edit", "contact-new"):
        assert client.get(reverse(f"customers:{name}", args=[customer.pk])).status_code == 403, name
    assert client.get(reverse("customers:customer-new")).status_code == 403
    client.post(reverse("customers:customer-archive", args=[customer.pk]))
    customer.refresh_from_db()
    assert customer.archived_at is None


def test_a_typed_name_offers_customers_and_to_create_what_is_not_found(company):
    a_customer(company, name="Galerie Nord")
    gone = a_customer(company, name="Galerie Fermée")
    client = signed_in(company)
    client.post(reverse("customers:customer-archive", args=[gone.pk]))
    page = client.get(reverse("customers:customer-options"), {"q": "galerie"})
    assert "Galerie Nord" in page.text
    assert "Galerie Fermée" not in page.text
    assert f"{reverse('customers:customer-new')}?name=galerie" in page.text
    viewer = signed_in(company, Role.VIEWER).get(reverse("customers:customer-options"), {"q": "galerie"})
    assert reverse("customers:customer-new") not in viewer.text


def test_the_record_and_the_list_tell_what_is_owed_late_and_in_credit(company):
    customer = a_customer(company)
    late = an_issued_invoice(customer, at=timezone.now() - timedelta(days=90))
    an_issued_invoice(customer, at=timezone.now())
    with company_scope(company):
        record_payment(
            customer=customer,
            amount=Decimal("100.00"),
            method=Method.CHECK,
            paid_on=AT.date(),
            shares=[],
            actor=ACTOR,
            at=AT,
        )
    client = signed_in(company)
    page = client.get(customer.get_absolute_url())
    figures = {figure.label: figure.amount for figure in page.context["figures"]}
    assert figures == {
        "Reste à payer": 2 * late.total_gross,
        "Dont en retard": late.total_gross,
        "Au crédit du client": Decimal("100.00"),
    }
    assert late.number in page.text
    assert client.get(reverse(LIST)).context["rows"][0]["balance"] == 2 * late.total_gross


def test_an_archived_customer_is_no_longer_offered_new_documents(company):
    customer = a_customer(company)
    client = signed_in(company)
    assert client.get(customer.get_absolute_url()).context["primary"].label == "Nouvelle facture"
    client.post(reverse("customers:customer-archive", args=[customer.pk]))
    assert client.get(customer.get_absolute_url()).context["primary"] is None


def test_a_reader_of_english_gets_the_page_and_its_refusals_in_english(company):
    reply = signed_in(company).post(
        reverse("customers:customer-new"), typed(company, siret="7328293200007"), headers={"Accept-Language": "en"}
    )
    assert reply.status_code == 422
    page = reply.content.decode()
    assert "New customer" in page
    assert "A SIRET has 14 digits, this one has 13." in page
    assert "Nouveau client" not in page
