"""The home page: what waits, each line with its one action, and four figures that are right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Email, Invoice
from config.kernel.clock import local_day
from config.kernel.models import Heartbeat
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from config.pages.home import todos
from tests.factories.money import a_credit, a_payment, bank_lines
from tests.factories.people import read, signed_in
from tests.factories.story import AT, a_company, a_customer, a_draft, an_issued_invoice

pytestmark = pytest.mark.django_db
HOME = "/"


def sentences_of(page):
    return [todo.sentence.replace("\u202f", " ").replace("\xa0", " ") for todo in page.context["todos"]]


def test_a_new_company_gets_its_first_steps_and_no_figures(company):
    page = signed_in(company).get(HOME)
    assert page.status_code == 200
    assert page.context["figures"] == []
    assert [done for _step, done in page.context["steps"]] == [False] * 5
    assert "Vos premiers pas" in page.text


def test_a_step_that_is_done_is_ticked(company, customer):
    page = signed_in(company).get(HOME)
    assert [done for _step, done in page.context["steps"]] == [True, False, False, False, False]


def test_the_steps_give_way_to_the_figures_once_an_invoice_is_issued(company, customer):
    now = timezone.now()
    an_issued_invoice(customer, at=now)
    page = signed_in(company).get(HOME)
    assert page.context["steps"] == []
    assert "1 440,00 €" in read(page)


def test_the_figures_say_what_is_owed_late_received_and_billed(company, customer):
    now = timezone.now()
    late = an_issued_invoice(customer, at=now - timedelta(days=90))
    paid_in_part = an_issued_invoice(customer, at=now)
    a_payment(customer, "440", [(paid_in_part, "440")], paid_on=local_day(now), at=now)
    page = signed_in(company).get(HOME)
    shown = [figure.value.replace("\u202f", " ").replace("\xa0", " ") for figure in page.context["figures"]]
    assert late.total_gross + paid_in_part.total_gross - 440 == 2440
    assert shown == ["2 440,00 €", "1 440,00 €", "440,00 €", "1 440,00 €"]


def test_a_draft_alone_is_opened_and_several_are_listed(company, customer):
    client = signed_in(company)
    draft = a_draft(customer)
    assert reverse("billing:invoice-detail", args=[draft.pk]) in client.get(HOME).text
    a_draft(customer)
    page = client.get(HOME)
    assert "2 brouillons à émettre" in sentences_of(page)
    assert f"{reverse('billing:invoice-list')}?status=draft" in page.text


def test_late_invoices_open_lines_and_unused_credits_are_asked_for(company, customer):
    now = timezone.now()
    an_issued_invoice(customer, at=now - timedelta(days=90))
    a_payment(customer, "100", paid_on=local_day(now), at=now)
    bank_lines(company, [a_credit("77.00")], at=now)
    asked = sentences_of(signed_in(company).get(HOME))
    assert asked == ["1 virement à rapprocher", "1 facture en retard", "1 encaissement à affecter"]


def test_old_bank_data_is_said_because_it_holds_reminders_back(company, customer):
    an_issued_invoice(customer)
    bank_lines(company, [a_credit("77.00")], at=timezone.now() - timedelta(days=3))
    assert "Relevé bancaire de plus de 24 heures" in sentences_of(signed_in(company).get(HOME))


def test_a_refused_email_is_asked_for(company, customer):
    invoice = an_issued_invoice(customer)
    Email.everywhere.create(
        company=company,
        kind="INVOICE",
        status="FAILED",
        invoice=invoice,
        recipient="x@client.example",
        subject_line="Facture",
        body="…",
        next_attempt_at=AT,
        created_at=AT,
    )
    assert "1 e-mail refusé" in sentences_of(signed_in(company).get(HOME))


def test_a_viewer_is_asked_for_nothing_they_may_not_do(company, customer):
    a_draft(customer)
    an_issued_invoice(customer)
    bank_lines(company, [a_credit("77.00")], at=timezone.now())
    for todo in signed_in(company, Role.VIEWER).get(HOME).context["todos"]:
        assert "en retard" in todo.sentence


def test_the_neighbours_work_is_not_mine(company):
    stranger = a_customer(a_company())
    a_draft(stranger)
    an_issued_invoice(stranger)
    page = signed_in(company).get(HOME)
    assert page.context["todos"] == []
    assert page.context["steps"]


def test_the_page_costs_the_same_for_three_invoices_and_thirty(company, customer):
    client = signed_in(company)
    an_issued_invoice(customer)
    client.get(HOME)
    counts = []
    for total in (3, 30):
        while Invoice.everywhere.filter(company=company).count() < total:
            a_draft(customer)
        with CaptureQueriesContext(connection) as queries:
            client.get(HOME)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 41


def test_the_work_of_today_is_found_in_few_queries(company, customer, django_assert_max_num_queries):
    an_issued_invoice(customer)
    with company_scope(company), django_assert_max_num_queries(33):
        todos(Today(AT, user_id=1, role=Role.OWNER), Role.OWNER)


def test_who_of_the_background_stopped_is_told_to_owners_and_superusers(company):
    assert sentences_of(signed_in(company).get(HOME)) == []
    Heartbeat.objects.filter(name="sync").update(seen_at=timezone.now() - timedelta(hours=2))
    Heartbeat.objects.filter(name="beat").delete()
    told = "À l’arrêt : lecture des plateformes et des banques, horloge"
    page = signed_in(company).get(HOME)
    assert sentences_of(page) == [told]
    assert "« make run »" in read(page)
    assert page.context["todos"][0].url == reverse("operations")
    assert sentences_of(signed_in(company, Role.SALES).get(HOME)) == []
    with company_scope(company):
        assert [todo.sentence for todo in todos(Today(timezone.now()), Role.SALES, is_superuser=True)] == [told]


def test_what_happened_last_leads_to_its_record(company, customer):
    page = signed_in(company).get(HOME)
    assert "Client créé" in page.text
    assert page.context["recent"][0].proof_url == customer.get_absolute_url()
