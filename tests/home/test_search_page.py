"""The search: a number opens its record; names, amounts, SIREN and IBAN are found; nothing of the neighbours."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.kernel.roles import Role
from tests.factories.money import a_credit, a_payment, bank_lines
from tests.factories.people import signed_in
from tests.factories.story import a_company, a_customer, a_draft, an_issued_invoice

pytestmark = pytest.mark.django_db
SEARCH = "/search"
PAYER = "FR7630001007941234567890185"


def titles(page):
    return {str(found.section.label): [hit.title for hit in found.hits] for found in page.context["sections"]}


@pytest.mark.parametrize("write", [str, str.lower, lambda number: f"  {number} "])
def test_a_number_opens_its_record(company, customer, write):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).get(SEARCH, {"q": write(invoice.number)})
    assert page.status_code == 302
    assert page.url == invoice.get_absolute_url()


def test_a_payment_is_opened_by_its_number(company, customer):
    payment = a_payment(customer, "100")
    assert signed_in(company).get(SEARCH, {"q": payment.number}).url == payment.get_absolute_url()


def test_a_part_of_a_number_a_name_and_an_amount_find_the_invoice(company, customer):
    invoice = an_issued_invoice(customer)
    client = signed_in(company)
    for text in (invoice.number[:-1], "lumière", "1 440,00", "1440 €"):
        assert titles(client.get(SEARCH, {"q": text}))["Factures"] == [invoice.number], text


def test_a_siren_typed_with_spaces_finds_the_customer(company, customer):
    typed = f"{customer.siren[:3]} {customer.siren[3:6]} {customer.siren[6:]}"
    assert titles(signed_in(company).get(SEARCH, {"q": typed})) == {"Clients": ["Maison Lumière"]}


def test_an_iban_finds_the_transfers_it_sent(company):
    bank_lines(company, [a_credit("12.00", counterparty_iban=PAYER), a_credit("13.00")])
    spaced = " ".join(PAYER[place : place + 4] for place in range(0, len(PAYER), 4))
    page = signed_in(company).get(SEARCH, {"q": spaced})
    assert [hit.amount[:5] for hit in page.context["sections"][0].hits] == ["12,00"]


def test_the_field_s_options_never_jump_to_a_record(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).get(SEARCH, {"q": invoice.number}, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert 'role="option"' in page.text
    assert "<html" not in page.text


def test_more_than_a_few_leads_to_the_list_with_the_same_words(company, customer):
    for _draft in range(7):
        a_draft(customer)
    page = signed_in(company).get(SEARCH, {"q": "lumière"})
    invoices = next(found for found in page.context["sections"] if found.section.label == "Factures")
    assert len(invoices.hits) == 6
    assert invoices.more == f"{reverse('billing:invoice-list')}?q=lumi%C3%A8re"


@pytest.mark.parametrize("text", ["", " ", "§"])
def test_next_to_nothing_asks_what_is_sought(company, customer, text):
    page = signed_in(company).get(SEARCH, {"q": text})
    assert page.status_code == 200
    assert "Que cherchez-vous" in page.text


def test_what_nobody_bears_is_said_and_hostile_text_is_only_text(company, customer):
    page = signed_in(company).get(SEARCH, {"q": "<script>alert(1)</script>%' OR 1=1 --\\"})
    assert "Rien ne répond" in page.text
    assert "<script>alert" not in page.text


def test_the_neighbours_records_are_not_found(company):
    stranger = an_issued_invoice(a_customer(a_company()))
    client = signed_in(company)
    for text in (stranger.number, "lumière", "1440"):
        page = client.get(SEARCH, {"q": text})
        assert page.status_code == 200
        assert page.context["sections"] == []


def test_the_search_costs_the_same_for_three_rows_and_thirty(company, customer):
    client = signed_in(company)
    counts = []
    for total in (3, 27):
        for _draft in range(total):
            a_draft(customer)
        with CaptureQueriesContext(connection) as queries:
            client.get(SEARCH, {"q": "lumière"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_typed_without_accents_finds_what_has_them(company):
    a_customer(company, name="Hôtel de l’Œuvre")
    client = signed_in(company)
    for text in ("hotel", "OEUVRE", "l'oeuvre"):
        assert titles(client.get(SEARCH, {"q": text})) == {"Clients": ["Hôtel de l’Œuvre"]}, text


def test_a_record_says_on_one_line_whose_it_is_its_state_and_its_amount(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company).get(SEARCH, {"q": "lumière"}, headers={"HX-Request": "true"})
    (hit,) = next(found for found in page.context["sections"] if found.section.label == "Factures").hits
    assert (hit.title, hit.detail, hit.state) == (invoice.number, "Maison Lumière", "À payer")
    assert hit.amount.startswith("1")


def test_pages_settings_and_acts_are_found_by_their_words_as_far_as_one_may_open_them(company):
    owner, viewer = signed_in(company), signed_in(company, Role.VIEWER)
    assert [place.label for place in owner.get(SEARCH, {"q": "nouvelle fac"}).context["places"]] == ["Nouvelle facture"]
    assert viewer.get(SEARCH, {"q": "nouvelle fac"}).context["places"] == []
    assert "Réglages · Plateformes" in {
        place.label for place in owner.get(SEARCH, {"q": "parametres"}).context["places"]
    }
    assert {"Accueil", "Factures"} <= {place.label for place in viewer.get(SEARCH).context["places"]}
