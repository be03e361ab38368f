"""A count says what its list shows: each line and figure of the home page, and the words above a list."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from billing.services.crediting import draft_credit_note
from billing.services.generating import generate_invoice
from billing.services.issuing import issue_invoice
from billing.services.orders import confirm_order, save_order, ship_order
from config.kernel.models import User
from config.kernel.scope import company_scope
from config.rehearsal import demo
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_line, an_issued_invoice

pytestmark = pytest.mark.django_db
COUNT = re.compile(r"\d[\d\u202f]*")


def first_count(words: str) -> int:
    found = COUNT.search(words)
    return int(found[0].replace("\u202f", "")) if found else 0


def test_what_the_home_page_counts_is_what_its_list_shows(db, settings, tmp_path, rules_say_yes):
    settings.MEDIA_ROOT = tmp_path
    demo.seed(at=timezone.now())
    client = Client()
    client.force_login(User.objects.get(email="claire@verone.example"))
    home = client.get("/", headers={"Accept-Language": "fr"})
    counted = {}
    for todo in home.context["todos"]:
        if "?" in todo.url:
            counted[todo.url] = first_count(todo.sentence)
    assert len(counted) >= 2, counted
    for address, count in counted.items():
        page = client.get(address, headers={"Accept-Language": "fr"})
        assert first_count(page.context["summary"]) == count, address


def test_orders_to_invoice_are_those_without_their_invoice(company, customer):
    with company_scope(company):
        for number in range(3):
            order = save_order(order=None, customer=customer, values={}, lines=[a_line()], actor=ACTOR, at=AT)
            ship_order(order=confirm_order(order=order, actor=ACTOR, at=AT), actor=ACTOR, at=AT)
            if not number:
                generate_invoice(order=order, actor=ACTOR, at=AT)
    client = signed_in(company)
    home = client.get("/", headers={"Accept-Language": "fr"})
    todo = next(todo for todo in home.context["todos"] if "à facturer" in todo.sentence)
    assert first_count(todo.sentence) == 2
    summary = client.get(todo.url, headers={"Accept-Language": "fr"}).context["summary"]
    assert first_count(summary) == 2


def test_a_credit_note_is_not_counted_as_an_invoice(company, customer):
    with company_scope(company):
        invoice = an_issued_invoice(customer)
        note = draft_credit_note(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=AT)
        issue_invoice(invoice=note, actor=ACTOR, at=AT)
    summary = signed_in(company).get("/invoices/", headers={"Accept-Language": "fr"}).context["summary"]
    assert summary.startswith("1 facture, 1 avoir · ")
