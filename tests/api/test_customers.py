"""Customers over REST: both kinds, their addresses and contacts, who may, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer, CustomerKind, PaymentTerms
from tests.api.client import a_machine, a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db

LIST = "/api/customers"
ADDRESS = {"line": "3 place du Marché", "postcode": "59000", "city": "Lille"}


def an_organisation(**values: Any) -> dict[str, Any]:
    sound = {
        "customer_type": "organisation",
        "name": "Galerie Nord",
        "siret": story.a_siret(story.a_siren()),
        "email": "compta@nord.example",
        "billing_address": ADDRESS,
    }
    return {**sound, **values}


def at(pk: int) -> str:
    return f"{LIST}/{pk}"


def refused(answer: Any, status: int = 400) -> dict[str, str]:
    assert answer.status_code == status, answer.content
    return json_of(answer).get("fields", {})


def names(answer: Any) -> list[str]:
    return [row["name"] for row in json_of(answer)]


def test_an_organisation_is_created_with_all_that_follows_from_its_siret() -> None:
    company = story.a_company()
    contact = {"name": "Ada Martin", "email": "ada@nord.example"}
    body = an_organisation(contacts=[contact], delivery_address={**ADDRESS, "line": "Quai 4"})
    answer = a_partner(company).post(LIST, body)
    assert answer.status_code == 201
    made = json_of(answer)
    assert answer["Location"] == at(made["id"])
    assert (made["customer_type"], made["siren"]) == ("organisation", body["siret"][:9])
    assert made["electronic_address"] == body["siret"][:9]
    assert made["billing_address"] == {**ADDRESS, "extra": "", "country": "FR"}
    assert made["delivery_address"]["line"] == "Quai 4"
    assert made["payment_terms"]["days"] == 30
    assert made["contacts"][0] | contact == made["contacts"][0]
    assert made["contacts"][0]["gets_invoices"] is True
    assert json_of(a_partner(company).get(at(made["id"]))) == made


def test_an_individual_has_a_first_and_a_last_name_and_no_number() -> None:
    partner = a_partner(story.a_company())
    body = {"customer_type": "individual", "first_name": "Ada", "last_name": "Lovelace", "billing_address": ADDRESS}
    made = json_of(partner.post(LIST, body))
    assert (made["customer_type"], made["name"], made["siret"]) == ("individual", "Ada Lovelace", "")
    assert set(refused(partner.post(LIST, {**body, "siret": story.a_siret(story.a_siren())}))) == {"siret"}
    assert set(refused(partner.put(at(made["id"]), {"vat_number": "FR32123456789"}))) == {"vat_number"}
    assert set(refused(partner.post(LIST, an_organisation(first_name="Ada")))) == {"first_name"}
    assert set(refused(partner.post(LIST, {**body, "last_name": ""}))) == {"last_name"}


def test_everything_wrong_is_said_at_its_field() -> None:
    partner = a_partner(story.a_company())
    body = an_organisation(
        customer_type="public",
        emial="x",
        email="x",
        payment_terms_id=10**6,
        billing_address={"line": "1 rue", "postcode": "75001", "country": "XX"},
        contacts=[{"name": "Ada", "email": "ada@nord.example"}, {"name": "Bob"}],
    )
    assert set(refused(partner.post(LIST, body))) == {
        "customer_type",
        "emial",
        "email",
        "payment_terms_id",
        "billing_address.city",
        "billing_address.country",
        "contacts.2.email",
    }
    assert set(refused(partner.post(LIST, an_organisation(siret="73282932000075")))) == {"siret"}
    assert set(refused(partner.post(LIST, an_organisation(vat_number="FR00")))) == {"vat_number"}
    assert Customer.everywhere.count() == 0


def test_a_wrong_number_does_not_wait_behind_a_wrong_email() -> None:
    partner = a_partner(story.a_company())
    wrong = {"email": "x", "siret": "73282932000075", "siren": "1", "vat_number": "FR00", "electronic_address": "é"}
    numbers = set(wrong)
    assert set(refused(partner.post(LIST, an_organisation(**wrong, name="", first_name="Ada")))) == {
        *numbers,
        "name",
        "first_name",
    }
    # without a kind that can be read, the numbers alone are judged
    assert set(refused(partner.post(LIST, an_organisation(**wrong, customer_type="x", name="")))) == {
        *numbers,
        "customer_type",
    }
    body = an_organisation(name="", siret="", is_public_body=True, requires_service_code=True, email="x")
    assert set(refused(partner.post(LIST, body))) == {"name", "siret", "service_code", "email"}
    person = {"customer_type": "individual", "first_name": "Ada", "email": "x", "vat_number": "FR00"}
    assert set(refused(partner.post(LIST, person))) == {"email", "vat_number", "last_name", "billing_address"}
    made = json_of(partner.post(LIST, an_organisation()))
    change = {"email": "x", "siren": story.a_siren(), "first_name": "Ada", "siret": made["siret"]}
    assert set(refused(partner.put(at(made["id"]), change))) == {"email", "siret", "first_name"}
    assert partner.put(at(10**9), change).status_code == 404


def test_all_that_is_wrong_between_readable_fields_is_said_at_once() -> None:
    partner = a_partner(story.a_company())
    assert set(refused(partner.post(LIST, an_organisation(name="", first_name="Ada", vat_number="FR00")))) == {
        "name",
        "first_name",
        "vat_number",
    }
    contacts = [{"name": ""}, {"name": "", "email": "x"}, {"name": "", "gets_invoices": False, "gets_reminders": False}]
    assert set(refused(partner.post(LIST, an_organisation(contacts=contacts)))) == {
        "contacts.1.name",
        "contacts.1.email",
        "contacts.2.name",
        "contacts.2.email",
        "contacts.3.name",
    }


def test_a_second_customer_with_the_same_siret_and_service_is_refused_at_the_siret() -> None:
    company = story.a_company()
    partner, body = a_partner(company), an_organisation()
    assert partner.post(LIST, body).status_code == 201
    answer = partner.post(LIST, body)
    assert set(refused(answer, 409)) == {"siret"}
    assert json_of(answer)["code"] == "customer_exists"
    other = story.a_customer(company)
    assert set(refused(partner.put(at(other.pk), {"siret": body["siret"]}), 409)) == {"siret"}
    assert a_partner(story.a_company()).post(LIST, body).status_code == 201


def test_what_a_change_leaves_out_stays_and_a_new_siret_brings_its_numbers() -> None:
    partner = a_partner(story.a_company())
    made = json_of(partner.post(LIST, an_organisation(notes="Prudence", phone="01 42 00 00 00")))
    changed = json_of(partner.put(at(made["id"]), {"email": "neuf@nord.example"}))
    assert changed == {**made, "email": "neuf@nord.example"}
    siret = story.a_siret(story.a_siren())
    moved = json_of(partner.put(at(made["id"]), {"siret": siret}))
    assert (moved["siren"], moved["electronic_address"], moved["notes"]) == (siret[:9], siret[:9], "Prudence")


def test_what_was_read_can_be_sent_back_as_it_is_and_changes_nothing() -> None:
    partner = a_partner(story.a_company())
    body = an_organisation(contacts=[{"name": "Ada", "email": "ada@nord.example"}], delivery_address=ADDRESS)
    made = json_of(partner.post(LIST, body))
    before = AuditEvent.everywhere.filter(tag__startswith="customers.contact").count()
    assert json_of(partner.put(at(made["id"]), made)) == made
    assert AuditEvent.everywhere.filter(tag__startswith="customers.contact").count() == before


def test_the_contacts_sent_are_the_whole_list() -> None:
    partner = a_partner(story.a_company())
    body = an_organisation(
        contacts=[{"name": "Ada", "email": "ada@nord.example"}, {"name": "Bob", "email": "bob@nord.example"}]
    )
    made = json_of(partner.post(LIST, body))
    ada = made["contacts"][0]
    wanted = [{**ada, "position": "Comptable"}, {"name": "Zoé", "email": "zoe@nord.example"}]
    contacts = json_of(partner.put(at(made["id"]), {"contacts": wanted}))["contacts"]
    assert [(one["name"], one["position"]) for one in contacts] == [("Ada", "Comptable"), ("Zoé", "")]
    assert contacts[0]["id"] == ada["id"]
    other = json_of(partner.post(LIST, an_organisation()))
    fields = refused(partner.put(at(other["id"]), {"contacts": [ada]}))
    assert set(fields) == {"contacts.1.id"}
    assert set(refused(partner.put(at(made["id"]), {"contacts": [ada, ada]}))) == {"contacts.2.id"}
    assert len(json_of(partner.get(at(made["id"])))["contacts"]) == 2


def test_a_delivery_address_is_left_replaced_or_taken_away() -> None:
    partner = a_partner(story.a_company())
    made = json_of(partner.post(LIST, an_organisation(delivery_address=ADDRESS)))
    assert json_of(partner.put(at(made["id"]), {"phone": "1"}))["delivery_address"]["city"] == "Lille"
    assert json_of(partner.put(at(made["id"]), {"delivery_address": None}))["delivery_address"] is None


def test_deleting_archives_and_a_change_brings_back() -> None:
    partner = a_partner(story.a_company())
    made = json_of(partner.post(LIST, an_organisation()))
    assert json_of(partner.delete(at(made["id"])))["archived"] is True
    assert partner.delete(at(made["id"])).status_code == 200
    assert names(partner.get(LIST)) == []
    assert names(partner.get(f"{LIST}?archived=true")) == ["Galerie Nord"]
    assert json_of(partner.put(at(made["id"]), {"archived": False}))["archived"] is False
    assert names(partner.get(LIST)) == ["Galerie Nord"]
    assert AuditEvent.everywhere.filter(tag="customers.customer.archived").count() == 1


def test_the_filters_combine() -> None:
    company = story.a_company()
    story.a_customer(company, name="Galerie Nord")
    story.a_customer(company, name="Galerie Sud")
    story.a_customer(company, kind=CustomerKind.INDIVIDUAL, first_name="Guy", last_name="Galerie")
    partner = a_partner(company)
    assert names(partner.get(f"{LIST}?q=galerie")) == ["Galerie Nord", "Galerie Sud", "Guy Galerie"]
    assert names(partner.get(f"{LIST}?q=galerie&customer_type=individual")) == ["Guy Galerie"]
    assert names(partner.get(f"{LIST}?q=galerie&customer_type=individual&archived=true")) == []
    assert set(refused(partner.get(f"{LIST}?customer_type=x&archive=true"))) == {"customer_type", "archive"}


def test_paging_to_the_end_visits_each_customer_once() -> None:
    company = story.a_company()
    for number in range(7):
        story.a_customer(company, name=f"Client {number % 3}")
    partner, seen, address = a_partner(company), [], f"{LIST}?limit=3"
    while address:
        answer = partner.get(address)
        seen += [row["id"] for row in json_of(answer)]
        link = next((one for one in answer.headers.get("Link", "").split(", ") if 'rel="next"' in one), "")
        address = link.partition(">")[0][1:].removeprefix("http://testserver")
    assert len(seen) == len(set(seen)) == 7


def test_a_list_costs_the_same_queries_with_thirty_customers_as_with_three() -> None:
    company = story.a_company()
    partner = a_partner(company)

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert partner.get(LIST).status_code == 200
        return len(queries)

    for _ in range(3):
        story.a_customer(company)
    few = cost()
    for _ in range(27):
        story.a_customer(company)
    assert cost() == few


def test_the_list_leaves_as_csv_and_xlsx() -> None:
    company = story.a_company()
    story.a_customer(company, name="=cmd()")
    partner = a_partner(company)
    text = b"".join(partner.get(f"{LIST}?format=csv").streaming_content).decode("utf-8-sig")
    header, row = text.splitlines()
    assert header.startswith("id,customer_type,name,")
    assert "'=cmd()" in row
    assert b"".join(partner.get(f"{LIST}?format=xlsx").streaming_content)[:2] == b"PK"


def test_another_companys_customer_does_not_exist() -> None:
    stranger = story.a_customer(story.a_company())
    company = story.a_company()
    partner = a_partner(company)
    for answer in (partner.get(at(stranger.pk)), partner.put(at(stranger.pk), {}), partner.delete(at(stranger.pk))):
        assert answer.status_code == 404
    terms = PaymentTerms.everywhere.filter(company=stranger.company).first()
    assert set(refused(partner.post(LIST, an_organisation(payment_terms_id=terms.pk)))) == {"payment_terms_id"}
    assert partner.get(at(10**18)).status_code == 404


def test_a_viewer_reads_and_a_key_does_what_its_scopes_say() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    viewer = a_partner(company, Role.VIEWER)
    assert viewer.get(LIST).status_code == viewer.get("/api/payment-terms").status_code == 200
    for answer in (viewer.post(LIST, {}), viewer.put(at(customer.pk), {}), viewer.delete(at(customer.pk))):
        assert answer.status_code == 403
    reader = a_machine(company, "customers.read")
    assert reader.get(at(customer.pk)).status_code == 200
    assert reader.put(at(customer.pk), {"phone": "1"}).status_code == 403
    assert a_machine(company, "invoices.read").get(LIST).status_code == 403
    assert a_machine(company, "customers.edit").put(at(customer.pk), {"phone": "1"}).status_code == 200


def test_a_change_on_an_old_reading_is_refused() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    partner = a_partner(company)
    tag = partner.get(at(customer.pk))["ETag"]
    first = partner.put(at(customer.pk), {"phone": "1"}, If_Match=tag)
    assert first.status_code == 200
    assert partner.put(at(customer.pk), {"phone": "2"}, If_Match=tag).status_code == 412
    assert partner.put(at(customer.pk), {"phone": "2"}, If_Match=first["ETag"]).status_code == 200
    assert partner.delete(at(customer.pk), If_Match=tag).status_code == 412


def test_the_same_key_makes_one_customer_and_another_body_is_refused() -> None:
    partner, body = a_partner(story.a_company()), an_organisation()
    first, again = partner.post(LIST, body, key="k"), partner.post(LIST, body, key="k")
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert partner.post(LIST, {**body, "phone": "1"}, key="k").status_code == 422
    assert Customer.everywhere.count() == 1


def test_the_payment_terms_are_listed_from_the_shortest() -> None:
    company = story.a_company()
    found = json_of(a_partner(company).get("/api/payment-terms"))
    assert [one["days"] for one in found] == [0, 30, 30, 60]
    with company_scope(company):
        assert {one["id"] for one in found} == set(PaymentTerms.objects.values_list("pk", flat=True))
