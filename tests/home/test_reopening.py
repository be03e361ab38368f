"""A session that ended or was reopened elsewhere: one comes back to the page, never to an address of buttons."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db
PAGE = "http://testserver/bank/?status=OPEN"
FRENCH = {"Accept-Language": "fr"}


@pytest.mark.parametrize("address", ["/bank/reconcile/", "/orders/1/confirm/", "/invoices/1/send/"])
def test_a_button_after_the_session_ended_leads_back_to_its_page(address):
    answer = Client().post(address, headers={"Referer": PAGE})
    assert answer.headers["Location"] == "/login/?next=/bank/%3Fstatus%3DOPEN"


@pytest.mark.parametrize("before", ["", "https://elsewhere.example/bank/", "//elsewhere.example"])
def test_a_page_that_is_not_ours_leads_home(before):
    answer = Client().post("/bank/reconcile/", headers={"Referer": before})
    assert answer.headers["Location"] == "/login/?next=/"


def test_a_page_still_leads_to_itself():
    assert Client().get("/bank/?q=x").headers["Location"] == "/login/?next=/bank/%3Fq%3Dx"


def test_a_part_is_refused_in_words_and_put_nowhere():
    answer = Client().post("/lines/totals/", headers={"HX-Request": "true", **FRENCH})
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (401, "none")
    assert "session" in answer.headers["HX-Trigger"]


def test_a_form_of_another_session_comes_back_to_be_sent_again(company):
    person = signed_in(company)
    person.handler.enforce_csrf_checks = True
    answer = person.post("/customers/new/", {"name": "X"}, headers={"Referer": "http://testserver/customers/new/"})
    assert answer.headers["Location"] == "/customers/new/"
    page = person.get("/customers/new/", headers=FRENCH).content.decode()
    assert "data-send-again" in page
    assert "Votre session a été rouverte" in page
    part = person.post("/lines/totals/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Reswap"]) == (403, "none")
    elsewhere = person.post("/customers/new/", {"name": "X"}, headers={"Referer": "https://evil.example/"})
    assert elsewhere.status_code == 403
