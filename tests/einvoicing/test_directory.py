"""The directory: what it answers over real HTTP, what it leaves unknown, and the look-up on the customer's form."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
import requests
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from requests.adapters import HTTPAdapter

from config.kernel.errors import RemoteError
from config.kernel.roles import Role
from config.sandbox.accounts import CLIENT_SECRET
from customers.models import Customer
from einvoicing.models import PlatformAccount
from einvoicing.platforms.afnor.directory import AfnorDirectory
from einvoicing.platforms.base import PlatformSettings
from einvoicing.services.directory import NO_PLATFORM, Reach, look_up, reachability
from tests.einvoicing.loopback import answer, free_port, serving
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db

AT = story.AT
URL = reverse("einvoicing:directory-lookup")
PART = {"HX-Request": "true"}
BUYER, TOWN, CLOSED, NOBODY = "732829320", "217500016", "404833048", "552049447"
TOKEN = answer("200 OK", b'{"access_token": "t", "token_type": "bearer", "expires_in": 300}')


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


@pytest.fixture
def company(sandbox):
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    return company


def account_of(company) -> PlatformAccount:
    return PlatformAccount.everywhere.get(company=company)


def fails(sandbox, company, kind, *, times=1, operation="read") -> None:
    fault = {"kind": kind, "value": "", "operation": operation, "client_id": account_of(company).client_id}
    requests.post(f"{sandbox}/sandbox/faults", json={**fault, "remaining": times}, timeout=5)


def a_directory(address: str, **values) -> AfnorDirectory:
    return AfnorDirectory(
        PlatformSettings(
            kind="afnor",
            base_url=address,
            token_url=f"{address}/oauth/token",
            client_id=f"demo-{story.a_siren()}",
            client_secret=CLIENT_SECRET,
            connect_timeout=2,
            read_timeout=3,
            connections=HTTPAdapter,
            **values,
        )
    )


def json_answer(status: str, value) -> object:
    return answer(status, json.dumps(value).encode(), Content_Type="application/json")


# -- the client --------------------------------------------------------------------------------------------------------


def test_a_company_is_found_by_its_siren(sandbox):
    unit = a_directory(sandbox).by_siren(BUYER)
    assert unit is not None
    assert (unit.name, unit.is_public, unit.is_closed) == ("Atelier Durand", False, False)


def test_a_public_body_says_what_it_wants(sandbox):
    unit = a_directory(sandbox).by_siret("21750001600019")
    assert unit is not None
    assert (unit.is_public, unit.needs_service_code, unit.needs_commitment) == (True, True, True)


def test_an_address_is_found_with_its_status_and_its_code(sandbox):
    line = a_directory(sandbox).line(f"{TOWN}_21750001600019_SRV01")
    assert line is not None
    assert (line.status, line.siret, line.routing_code, line.platform_type) == (
        "Enabled",
        "21750001600019",
        "SRV01",
        "WK",
    )


def test_whom_the_directory_does_not_know_is_none(sandbox):
    directory = a_directory(sandbox)
    assert directory.by_siren(NOBODY) is None
    assert directory.by_siret(f"{NOBODY}00014") is None
    assert directory.line(NOBODY) is None


def test_a_mistyped_service_name_does_not_make_everybody_unknown_to_the_directory(sandbox):
    with pytest.raises(RemoteError):
        a_directory(sandbox, directory_name="directory").by_siren(BUYER)


def test_a_token_turned_down_is_replaced_once():
    refused = json_answer("401 Unauthorized", {"errorCode": "EXPIRED_TOKEN"})
    found = json_answer("200 OK", {"siren": BUYER, "businessName": "Atelier Durand"})
    with serving(TOKEN, refused, TOKEN, found) as there:
        unit = a_directory(there.url).by_siren(BUYER)
    assert unit is not None
    assert unit.name == "Atelier Durand"


def test_a_search_gives_the_lines_of_that_company_alone_upcoming_ones_too():
    rows = [
        {"addressingIdentifier": BUYER, "siren": BUYER, "directoryLineStatus": "Enabled"},
        {
            "addressingIdentifier": f"{BUYER}_ACHATS",
            "siren": BUYER,
            "directoryLineStatus": "Upcoming",
            "addressingSuffix": "ACHATS",
        },
        {"addressingIdentifier": TOWN, "siren": TOWN, "directoryLineStatus": "Enabled"},
    ]
    with serving(TOKEN, json_answer("200 OK", {"results": rows})) as there:
        lines = a_directory(there.url).lines_of(BUYER)
    assert lines is not None
    assert [(one.addressing_identifier, one.suffix, one.status) for one in lines] == [
        (BUYER, "", "Enabled"),
        (f"{BUYER}_ACHATS", "ACHATS", "Upcoming"),
    ]
    assert b'"op": "strict"' in there.requests[1]


def test_a_search_that_finds_nothing_is_empty_and_one_not_offered_is_none():
    with serving(TOKEN, answer("204 No Content")) as there:
        assert a_directory(there.url).lines_of(BUYER) == ()
    with serving(TOKEN, json_answer("501 Not Implemented", {"errorCode": "NOT_IMPLEMENTED"})) as there:
        assert a_directory(there.url).lines_of(BUYER) is None


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"results": 3}', b'{"results": [{"siren": "732829320"}]}'])
def test_an_unreadable_answer_is_a_failure_not_an_absence(body):
    with serving(TOKEN, answer("200 OK", body)) as there, pytest.raises(RemoteError):
        a_directory(there.url).lines_of(BUYER)


# -- reachable, unreachable, unknown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "reach"), [(BUYER, Reach.REACHABLE), (CLOSED, Reach.UNREACHABLE), (NOBODY, Reach.UNREACHABLE)]
)
def test_an_address_is_reachable_when_its_line_is_enabled(company, address, reach):
    assert reachability(company=company, electronic_address=address, at=AT).reach is reach


def test_a_directory_that_is_down_says_nothing_of_anybody(company, sandbox):
    fails(sandbox, company, "503", times=5)
    answer = reachability(company=company, electronic_address=BUYER, at=AT)
    assert (answer.reach, answer.line) == (Reach.UNKNOWN, None)
    assert "indisponible" in answer.problem


def test_a_directory_nobody_listens_at_says_nothing_either():
    company = story.a_company()
    platforms.a_platform_account(company, f"http://127.0.0.1:{free_port()}")
    assert reachability(company=company, electronic_address=BUYER, at=AT).reach is Reach.UNKNOWN


def test_without_a_platform_or_with_one_offline_nothing_is_asked(company, sandbox):
    alone = reachability(company=story.a_company(), electronic_address=BUYER, at=AT)
    assert (alone.reach, alone.problem) == (Reach.UNKNOWN, NO_PLATFORM)
    PlatformAccount.everywhere.filter(company=company).update(is_offline=True)
    assert reachability(company=company, electronic_address=BUYER, at=AT).reach is Reach.UNKNOWN


def test_an_answer_is_kept_a_day_and_keeps_its_age(company, sandbox):
    first = reachability(company=company, electronic_address=BUYER, at=AT)
    fails(sandbox, company, "500", times=9)
    later = reachability(company=company, electronic_address=BUYER, at=AT + timedelta(hours=23))
    assert (later.reach, later.asked_at) == (Reach.REACHABLE, first.asked_at)
    after = reachability(company=company, electronic_address=BUYER, at=AT + timedelta(hours=25))
    assert after.reach is Reach.UNKNOWN


def test_a_failure_is_not_kept(company, sandbox):
    fails(sandbox, company, "500", times=2)
    assert reachability(company=company, electronic_address=BUYER, at=AT).reach is Reach.UNKNOWN
    assert reachability(company=company, electronic_address=BUYER, at=AT).reach is Reach.REACHABLE


def test_a_look_up_where_searches_are_not_offered_asks_for_the_usual_addresses(company):
    found = look_up(company=company, siren=TOWN, siret="21750001600019", service_code="SRV01", at=AT)
    assert [line.addressing_identifier for line in found.lines] == [
        TOWN,
        f"{TOWN}_21750001600019",
        f"{TOWN}_21750001600019_SRV01",
    ]
    assert found.unit is not None
    assert (found.unit.siren, found.unit.kind, found.unit.administrative_status) == (TOWN, "Public", "A")


# -- the look-up on the form -------------------------------------------------------------------------------------------


def test_the_part_shows_the_name_the_addresses_and_a_button_that_fills(company):
    page = signed_in(company).get(URL, {"siret": "732 829 320 00074"}, headers=PART)
    assert "Atelier Durand" in page.text
    assert "Active" in page.text
    assert "<html" not in page.text
    assert "&quot;electronic_address&quot;: &quot;732829320&quot;" in page.text
    assert f"Réponse de l’annuaire du {timezone.localtime():%d/%m/%Y}" in read(page)


def test_the_needs_of_a_public_body_are_told(company):
    page = read(signed_in(company).get(URL, {"siret": "21750001600019", "service_code": "SRV01"}, headers=PART))
    for words in ("Commune de Belleville", "Entité publique", "code service est exigé", "engagement est exigé"):
        assert words in page


def test_a_public_body_that_takes_either_reference_is_said_to(company):
    establishment = {"siret": "21750001600019", "b2gAdditionalData": {"managesLegalCommitmentOrServiceCode": True}}
    line = {"addressingIdentifier": TOWN, "siren": TOWN, "directoryLineStatus": "Upcoming"}
    answers = (
        TOKEN,
        json_answer("200 OK", {"siren": TOWN, "businessName": "Belleville", "entityType": "Public"}),
        json_answer("200 OK", establishment),
        json_answer("200 OK", {"results": [line]}),
    )
    with serving(*answers) as there:
        PlatformAccount.everywhere.filter(company=company).update(
            base_url=there.url, token_url=f"{there.url}/oauth/token", client_id=f"demo-{story.a_siren()}"
        )
        page = read(signed_in(company).get(URL, {"siret": "21750001600019"}, headers=PART))
    assert "Un code service ou un numéro d’engagement est exigé" in page
    assert "À venir" in page
    assert "Reporter sur la fiche" in page


def test_nothing_is_asked_twice_in_a_day_nor_a_query_spent_on_it(company, django_assert_num_queries):
    with django_assert_num_queries(1):
        look_up(company=company, siren=BUYER, at=AT)
    PlatformAccount.everywhere.filter(company=company).update(token_url=platforms.NOBODY)
    with django_assert_num_queries(1):
        assert look_up(company=company, siren=BUYER, at=AT).lines


def test_a_closed_company_is_said_to_be_closed_and_offers_no_address(company):
    page = read(signed_in(company).get(URL, {"siren": CLOSED}, headers=PART))
    assert "Fermée" in page
    assert "Sans plateforme" in page
    assert 'name="fill"' not in page


def test_a_company_the_directory_does_not_know_is_absent(company):
    assert "Absent de l’annuaire" in read(signed_in(company).get(URL, {"siren": NOBODY}, headers=PART))


def test_a_directory_that_does_not_answer_is_said_to_be_so_not_the_customer(company, sandbox):
    fails(sandbox, company, "503", times=5)
    page = read(signed_in(company).get(URL, {"siren": BUYER}, headers=PART))
    assert "n’a pas pu être consulté" in page
    assert "Absent" not in page


def test_without_a_platform_the_page_says_where_to_set_one_up():
    page = read(signed_in(story.a_company()).get(URL, {"siren": BUYER}, headers=PART))
    assert "Aucune plateforme reliée" in page
    assert reverse("platform-settings") in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"siret": "73282932000075"}, "clé de ce numéro SIRET est fausse"),
        ({"siren": "732829321"}, "clé de ce numéro SIREN est fausse"),
        ({}, "Indiquez d’abord un SIRET ou un SIREN"),
    ],
)
def test_a_wrong_number_is_refused_without_asking_anybody(company, typed, words):
    # nobody listens there: a request would show
    PlatformAccount.everywhere.filter(company=company).update(base_url=platforms.NOBODY)
    page = read(signed_in(company).get(URL, typed, headers=PART))
    assert words in page
    assert "consulté" not in page


def test_an_establishment_of_la_poste_passes_the_local_check(company):
    page = read(signed_in(company).get(URL, {"siret": "35600000049837"}, headers=PART))
    assert "La Poste" in page
    assert "Cet établissement n’est pas dans l’annuaire" in page


def test_without_javascript_the_form_comes_back_as_it_was_typed_with_the_answer(company):
    typed = {
        "kind": "ORGANISATION",
        "name": "Durand et fils",
        "siret": "73282932000074",
        "billing_city": "Lyon",
        "notes": "ne rien perdre",
        "is_public_body": "on",
    }
    page = signed_in(company).post(URL, typed)
    assert page.status_code == 200
    assert f'action="{reverse("customers:customer-new")}"' in page.text
    for words in ("Atelier Durand", "Durand et fils", "Lyon", "ne rien perdre"):
        assert words in page.text
    assert page.context["form"]["is_public_body"].value() == "on"
    assert "errorlist" not in page.text
    assert not Customer.everywhere.filter(company=company).exists()


def test_without_javascript_one_click_fills_the_address_of_the_customer_one_edits(company):
    customer = story.a_customer(company, siret="73282932000074")
    typed = {"siret": customer.siret, "fill": json.dumps({"electronic_address": "732829320_ACHATS", "notes": "pirate"})}
    page = signed_in(company).post(f"{URL}?customer={customer.pk}", {"name": "Durand", **typed})
    assert f'action="{reverse("customers:customer-edit", args=[customer.pk])}"' in page.text
    assert page.context["form"]["electronic_address"].value() == "732829320_ACHATS"
    assert page.context["form"]["name"].value() == "Durand"


@pytest.mark.parametrize("fill", ["{", "[]", "3", '"electronic_address"'])
def test_a_tampered_button_fills_nothing(company, fill):
    assert signed_in(company).post(URL, {"siret": "73282932000074", "fill": fill}).status_code == 200


def test_a_stranger_s_customer_is_not_shown(company):
    other = story.a_customer(story.a_company())
    assert signed_in(company).get(f"{URL}?customer={other.pk}").status_code == 404


def test_who_may_not_edit_customers_may_not_look_up(company):
    assert signed_in(company, Role.VIEWER).get(URL, {"siren": BUYER}, headers=PART).status_code == 403


def test_the_form_offers_the_look_up_and_enter_still_saves(company):
    page = signed_in(company).get(reverse("customers:customer-new")).text
    assert "Vérifier dans l’annuaire" in page
    assert page.index("<button hidden>") < page.index("formaction=")


def filled(page, button: str) -> dict[str, str]:
    """What the button of that label puts into the form."""
    value = re.search(rf'value="([^"]*)"[^>]*>\s*{button}', page.text)
    assert value
    return json.loads(html.unescape(value[1]))


def test_the_look_up_fills_the_name_the_address_and_the_vat_number(company):
    client = signed_in(company)
    values = filled(client.get(URL, {"siret": "73282932000074"}, headers=PART), "Reprendre le nom")
    assert values == {
        "name": "Atelier Durand",
        "vat_number": "FR44732829320",
        "billing_line": "8 rue du Port",
        "billing_postcode": "44000",
        "billing_city": "Nantes",
        "billing_country": "FR",
    }
    page = client.post(URL, {"siret": "73282932000074", "fill": json.dumps(values)})
    assert {name: page.context["form"][name].value() for name in values} == values


def test_it_warns_of_a_customer_of_that_siren_and_of_another_name(company):
    customer = story.a_customer(company, siret="73282932000074", name="Durand Frères")
    client = signed_in(company)
    page = client.get(URL, {"siren": BUYER, "name": "Durand Frères"}, headers=PART)
    assert "Un client a déjà ce SIREN" in page.text
    assert customer.get_absolute_url() in page.text
    assert "L’annuaire l’appelle « Atelier Durand »" in page.text
    own = client.get(URL, {"siren": BUYER, "name": "ATELIER-DURAND", "customer": customer.pk}, headers=PART)
    assert "déjà ce SIREN" not in own.text
    assert "l’appelle" not in own.text


def test_it_warns_when_the_customer_is_the_seller_itself(company):
    page = signed_in(company).get(URL, {"siren": company.siren}, headers=PART)
    assert "le SIREN de votre société" in page.text
