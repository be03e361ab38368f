"""The pages of invoices: what they show, who may act, and that nothing is written on refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice
from billing.services.invoices import close_dispute, open_dispute
from config.kernel.errors import TransitionRefused
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories.money import a_payment, credit_invoice
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT, a_company, a_customer, a_draft, an_issued_invoice

pytestmark = pytest.mark.django_db


def test_the_list_tells_late_invoices_by_their_days_and_sums_the_whole_filter(company, customer):
    an_issued_invoice(customer, at=timezone.now() - timedelta(days=90))
    a_draft(customer)
    page = signed_in(company).get(reverse("billing:invoice-list"), {"status": "overdue"})
    assert page.status_code == 200
    assert len(page.context["rows"]) == 1
    late = page.context["rows"][0]["late"]
    assert late > 0
    assert f"{late} jours de retard" in page.text
    assert "1 facture · HT 1" in page.text


def test_the_list_finds_by_number_name_and_amount(company, customer):
    invoice = an_issued_invoice(customer)
    client = signed_in(company)
    for text in (invoice.number, "lumière", "1 440,00", "1440"):
        page = client.get(reverse("billing:invoice-list"), {"q": text})
        assert [row["invoice"].pk for row in page.context["rows"]] == [invoice.pk], text
    assert not client.get(reverse("billing:invoice-list"), {"q": "1441"}).context["rows"]


def test_a_damaged_filter_shows_the_list_rather_than_an_error(company, customer):
    a_draft(customer)
    page = signed_in(company).get(
        reverse("billing:invoice-list"),
        {"status": "nonsense", "kind": "999", "customer": "x", "from": "hier", "cursor": "%%", "sort": "password"},
    )
    assert page.status_code == 200
    assert len(page.context["rows"]) == 1


def test_the_list_costs_the_same_for_three_rows_and_thirty(company, customer):
    client = signed_in(company)
    counts = []
    for total in (3, 30):
        while Invoice.everywhere.filter(company=company).count() < total:
            a_draft(customer)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse("billing:invoice-list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("make", [a_draft, an_issued_invoice])
def test_the_record_shows_the_document_its_figures_and_its_timeline(company, customer, make):
    invoice = make(customer)
    page = signed_in(company).get(reverse("billing:invoice-detail", args=[invoice.pk]))
    assert page.status_code == 200
    for words in ("Chaise Bistrot", "Maison Lumière", "Atelier Verone", "1 440,00", "Ce qui s’est passé"):
        assert words in page.text.replace("\u202f", " ").replace("\xa0", " "), words


def test_the_primary_action_is_what_moves_the_invoice_on(company, customer):
    client = signed_in(company)
    draft = client.get(reverse("billing:invoice-detail", args=[a_draft(customer).pk]))
    issued = client.get(reverse("billing:invoice-detail", args=[an_issued_invoice(customer).pk]))
    assert draft.context["primary"].label == "Émettre et envoyer"
    assert issued.context["primary"].label == "Enregistrer un paiement"


@pytest.mark.parametrize("name", ["detail", "preview", "notes", "dispute", "delete", "edit"])
def test_another_company_s_invoice_does_not_exist(company, name):
    stranger = a_draft(a_customer(a_company()))
    page = signed_in(company).get(reverse(f"billing:invoice-{name}", args=[stranger.pk]))
    assert page.status_code == 404


@pytest.mark.parametrize("name", ["notes", "dispute", "delete", "edit"])
def test_a_viewer_may_look_but_not_act(company, customer, name):
    draft = a_draft(customer)
    client = signed_in(company, Role.VIEWER)
    assert client.get(reverse("billing:invoice-detail", args=[draft.pk])).status_code == 200
    assert client.post(reverse(f"billing:invoice-{name}", args=[draft.pk])).status_code in {302, 403}
    assert client.get(reverse(f"billing:invoice-{name}", args=[draft.pk])).status_code == 403
    assert Invoice.everywhere.filter(pk=draft.pk, disputed_at=None).exists()


def test_a_dispute_without_a_reason_is_refused_at_the_field(company, customer):
    invoice = an_issued_invoice(customer)
    url = reverse("billing:invoice-dispute", args=[invoice.pk])
    page = signed_in(company).post(url, {"reason": " "})
    assert page.status_code == 422
    assert "reason" in page.context["form"].errors
    invoice.refresh_from_db()
    assert invoice.disputed_at is None


def test_a_dispute_is_opened_and_closed_from_the_record(company, customer):
    invoice = an_issued_invoice(customer)
    client = signed_in(company)
    client.post(reverse("billing:invoice-dispute", args=[invoice.pk]), {"reason": "Quantité livrée"})
    invoice.refresh_from_db()
    assert invoice.dispute_reason == "Quantité livrée"
    client.post(reverse("billing:invoice-dispute-close", args=[invoice.pk]))
    invoice.refresh_from_db()
    assert invoice.disputed_at is None


def test_only_what_is_issued_and_stands_can_be_contested(company, customer):
    """By the states table: a draft and what is cancelled are refused, in words; a payment may bounce."""
    draft, credited, paid = a_draft(customer), an_issued_invoice(customer), an_issued_invoice(customer)
    with company_scope(company):
        note = credit_invoice(invoice=credited, parts=None, reason="Retour", actor=ACTOR, at=AT)
    a_payment(customer, str(paid.total_gross), [(paid, str(paid.total_gross))])
    client = signed_in(company)
    for invoice, allowed in ((draft, False), (credited, False), (paid, True), (note, True)):
        url = reverse("billing:invoice-dispute", args=[invoice.pk])
        assert (url in client.get(invoice.get_absolute_url()).text) is allowed
        assert (client.get(url).status_code == 200) is allowed
        page = client.post(url, {"reason": "Quantité livrée"}, headers={"Accept-Language": "fr"})
        assert (page.status_code == 302) is allowed
        kept = Invoice.everywhere.get(pk=invoice.pk)
        assert (kept.disputed_at is not None) is allowed
        if not allowed:
            assert f"l’état « {kept.get_status_display()} »" in page.text
            with company_scope(company), pytest.raises(TransitionRefused):
                open_dispute(invoice=invoice, reason="Quantité", actor=ACTOR, at=AT)
            with company_scope(company):
                close_dispute(invoice=invoice, actor=ACTOR, at=AT)
    assert AuditEvent.everywhere.filter(company=company, tag__startswith="billing.invoice.dispute").count() == 2


def test_only_a_draft_can_be_deleted(company, customer):
    client = signed_in(company)
    draft, issued = a_draft(customer), an_issued_invoice(customer)
    assert client.get(reverse("billing:invoice-delete", args=[draft.pk])).status_code == 200
    for row in (draft, issued):
        client.post(reverse("billing:invoice-delete", args=[row.pk]))
    assert [row.pk for row in Invoice.everywhere.filter(company=company)] == [issued.pk]


def test_the_preview_of_a_draft_is_a_pdf_shown_in_place(company, customer):
    page = signed_in(company).get(reverse("billing:invoice-preview", args=[a_draft(customer).pk]))
    assert page["Content-Type"] == "application/pdf"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page.content.startswith(b"%PDF")
