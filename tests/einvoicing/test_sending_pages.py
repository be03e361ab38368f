"""Issuing, sending, crediting and transmissions as a person meets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Email, Invoice, InvoiceDocument, InvoiceLine, InvoiceStatus
from config.kernel.actor import Actor
from config.kernel.roles import Role
from einvoicing.models import PlatformAccount, Transmission, TransmissionStatus
from einvoicing.services.transmissions import queue_transmission
from tests.factories.people import signed_in
from tests.factories.story import a_company, a_customer, a_draft, an_issued_invoice

pytestmark = pytest.mark.django_db


def a_platform(company):
    return PlatformAccount.everywhere.create(
        company=company,
        kind="afnor",
        name="Plateforme d’essai",
        base_url="http://127.0.0.1:1",
        token_url="http://127.0.0.1:1/token",
        client_id="verone",
        sends_automatically=False,
    )


def a_transmission(company, customer=None):
    account = PlatformAccount.everywhere.filter(company=company).first() or a_platform(company)
    invoice = an_issued_invoice(customer or a_customer(company))
    at = timezone.now()
    row = queue_transmission(invoice=invoice, actor=Actor.system("test"), at=at)
    assert row.account == account
    return row


def issue_url(invoice):
    return reverse("einvoicing:invoice-issue", args=[invoice.pk])


def test_issuing_first_shows_what_will_be_frozen_and_sent(company, customer):
    draft = a_draft(customer)
    page = signed_in(company).get(issue_url(draft))
    assert page.status_code == 200
    assert not page.context["blocked"]
    assert page.context["series"] in page.text
    assert "compta@client.example" in page.text
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.DRAFT


def test_issuing_and_sending_gives_the_number_and_queues_the_message(company, customer):
    draft = a_draft(customer)
    client = signed_in(company)
    foreseen = client.get(issue_url(draft)).context["series"]
    client.post(issue_url(draft), {"send": "yes"})
    draft.refresh_from_db()
    assert draft.number == foreseen
    assert [email.recipient for email in Email.everywhere.filter(invoice=draft)] == ["compta@client.example"]


@pytest.mark.parametrize("send", ["yes", "no"])
def test_what_was_saved_since_it_was_shown_is_not_issued_but_shown_again(company, customer, send):
    draft, browser = a_draft(customer), signed_in(company)
    version = browser.get(issue_url(draft)).context["version"]
    InvoiceLine.everywhere.filter(invoice=draft).update(description="Fauteuil")
    page = browser.post(issue_url(draft), {"send": send, "version": version})
    assert page.status_code == 422
    assert "Modifiée depuis" in page.text
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.DRAFT
    browser.post(issue_url(draft), {"send": send, "version": page.context["version"]})
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.ISSUED


def test_issuing_without_mail_queues_none(company, customer):
    draft = a_draft(customer)
    signed_in(company).post(issue_url(draft), {"send": "no"})
    draft.refresh_from_db()
    assert draft.number
    assert not Email.everywhere.filter(invoice=draft).exists()


def test_a_draft_that_would_be_refused_is_not_issued_and_leads_to_the_field(company):
    customer = a_customer(company)
    type(customer).everywhere.filter(pk=customer.pk).update(electronic_address="")
    draft = a_draft(customer)
    page = signed_in(company).post(issue_url(draft), {"send": "yes"})
    assert page.status_code == 422
    assert page.context["blocked"]
    assert any(
        rule.url == reverse("customers:customer-edit", args=[customer.pk]) for rule in page.context["broken_rules"]
    )
    draft.refresh_from_db()
    assert draft.number is None


def test_a_customer_without_address_for_mail_stops_the_sending_before_the_issue(company):
    draft = a_draft(a_customer(company, email=""))
    page = signed_in(company).post(issue_url(draft), {"send": "yes"})
    assert page.status_code == 422
    assert page.context["refused"]
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.DRAFT


@pytest.mark.parametrize("name", ["invoice-issue", "invoice-send", "invoice-transmit"])
def test_a_viewer_neither_issues_nor_sends(company, customer, name):
    draft = a_draft(customer)
    page = signed_in(company, Role.VIEWER).post(reverse(f"einvoicing:{name}", args=[draft.pk]))
    assert page.status_code == 403
    assert Invoice.everywhere.get(pk=draft.pk).number is None


@pytest.mark.parametrize("name", ["einvoicing:invoice-issue", "einvoicing:invoice-send", "einvoicing:invoice-credit"])
def test_another_company_s_invoice_cannot_be_reached(company, name):
    stranger = an_issued_invoice(a_customer(a_company()))
    assert signed_in(company).get(reverse(name, args=[stranger.pk])).status_code == 404


def test_a_wrong_address_is_said_at_the_field_and_nothing_is_queued(company, customer):
    invoice = an_issued_invoice(customer)
    url = reverse("einvoicing:invoice-send", args=[invoice.pk])
    page = signed_in(company).post(url, {"addresses": "ada@verone.example, nowhere"})
    assert page.status_code == 422
    assert "nowhere" in page.context["problem"]
    assert "ada@verone.example, nowhere" in page.text
    assert not Email.everywhere.filter(invoice=invoice).exists()


def test_the_invoice_goes_again_to_whom_one_says_once_each(company, customer):
    invoice = an_issued_invoice(customer)
    url = reverse("einvoicing:invoice-send", args=[invoice.pk])
    assert signed_in(company).get(url).status_code == 200
    signed_in(company, Role.SALES).post(url, {"addresses": "ada@verone.example; ada@verone.example bob@verone.example"})
    assert sorted(email.recipient for email in Email.everywhere.filter(invoice=invoice)) == [
        "ada@verone.example",
        "bob@verone.example",
    ]


def test_the_legal_file_is_downloaded_as_it_is_kept(company, customer, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    invoice = an_issued_invoice(customer)
    client = signed_in(company)
    for kind, start in (("facturx", b"%PDF"), ("cii", b"<?xml")):
        page = client.get(reverse("einvoicing:document-download", args=[invoice.pk, kind]))
        assert page["Content-Disposition"].startswith("attachment")
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page.content.startswith(start)
    record = client.get(reverse("billing:invoice-detail", args=[invoice.pk]))
    digests = [document.sha256 for document in InvoiceDocument.everywhere.filter(invoice=invoice)]
    assert len(digests) == 2
    assert all(digest in record.text for digest in digests)


def test_an_unknown_kind_of_document_does_not_exist(company, customer):
    url = reverse("einvoicing:document-download", args=[an_issued_invoice(customer).pk, "exe"])
    assert signed_in(company).get(url).status_code == 404


def test_transmissions_are_listed_and_told_in_words(company):
    transmission = a_transmission(company)
    client = signed_in(company)
    listed = client.get(reverse("einvoicing:transmission-list"))
    assert transmission.invoice.number in listed.text
    shown = client.get(transmission.get_absolute_url())
    assert "À transmettre" in shown.text


def test_the_list_of_transmissions_costs_the_same_for_three_rows_and_ten(company, customer):
    client = signed_in(company)
    counts = []
    for total in (3, 10):
        while Transmission.everywhere.filter(company=company).count() < total:
            a_transmission(company, customer)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("einvoicing:transmission-list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_stopped_transmission_goes_back_to_the_queue_with_a_reason_only(company):
    transmission = a_transmission(company)
    broken = [{"rule": "BR-FR-12", "severity": "fatal", "text": "L’adresse manque.", "term": "BT-49", "location": ""}]
    Transmission.everywhere.filter(pk=transmission.pk).update(status=TransmissionStatus.INVALID, violations=broken)
    client, url = signed_in(company), reverse("einvoicing:transmission-retry", args=[transmission.pk])
    shown = client.get(transmission.get_absolute_url())
    assert reverse("customers:customer-edit", args=[transmission.invoice.customer_id]) in shown.text
    assert client.post(url, {"reason": ""}).status_code == 422
    transmission.refresh_from_db()
    assert transmission.status == TransmissionStatus.INVALID
    client.post(url, {"reason": "Adresse complétée"})
    transmission.refresh_from_db()
    assert transmission.status == TransmissionStatus.PENDING


def test_another_company_s_transmission_does_not_exist(company):
    stranger = a_transmission(a_company())
    assert signed_in(company).get(stranger.get_absolute_url()).status_code == 404


def test_a_whole_credit_note_cancels_the_invoice(company, customer):
    invoice = an_issued_invoice(customer, at=timezone.now() - timedelta(days=1))
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk])
    client = signed_in(company)
    assert client.get(url).status_code == 200
    drafted = client.post(url, {"scope": "whole", "reason": "Commande annulée"})
    note = Invoice.everywhere.get(corrects=invoice)
    assert (drafted.url, note.status) == (issue_url(note), InvoiceStatus.DRAFT)
    assert client.get(issue_url(note)).status_code == 200
    client.post(issue_url(note))
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.CREDITED
    assert Invoice.everywhere.get(corrects=invoice).credit_reason == "Commande annulée"


def test_quantities_typed_beside_the_whole_are_asked_about_and_nothing_is_credited(company, customer):
    invoice = an_issued_invoice(customer)
    line = InvoiceLine.everywhere.get(invoice=invoice)
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk])
    page = signed_in(company).post(url, {"scope": "whole", "reason": "Retour", f"quantity_{line.pk}": "2"})
    assert page.status_code == 422
    assert not Invoice.everywhere.filter(corrects=invoice).exists()


def test_the_total_of_a_credit_note_follows_what_is_typed(company, customer):
    invoice = an_issued_invoice(customer)
    line = InvoiceLine.everywhere.get(invoice=invoice)
    typed = {"scope": "part", f"quantity_{line.pk}": "2,5"}
    part = signed_in(company).post(reverse("einvoicing:credit-total", args=[invoice.pk]), typed)
    assert "360,00" in part.text


def test_a_credit_note_that_would_be_refused_stays_a_draft(company, customer):
    invoice = an_issued_invoice(customer)
    type(customer).everywhere.filter(pk=customer.pk).update(electronic_address="")
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk])
    client = signed_in(company)
    client.post(url, {"scope": "whole", "reason": "Retour"})
    note = Invoice.everywhere.get(corrects=invoice)
    client.post(issue_url(note))
    note.refresh_from_db()
    invoice.refresh_from_db()
    assert (note.status, invoice.amount_credited) == (InvoiceStatus.DRAFT, 0)


def test_an_invoice_whose_message_cannot_be_queued_is_not_issued(company, customer, monkeypatch):
    draft = a_draft(customer)
    monkeypatch.setattr("einvoicing.services.sending.queue_email", lambda **_values: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        signed_in(company).post(issue_url(draft), {"send": "yes"})
    draft.refresh_from_db()
    assert (draft.number, draft.status) == (None, InvoiceStatus.DRAFT)


def test_a_part_is_credited_by_the_quantities_chosen(company, customer):
    invoice = an_issued_invoice(customer)
    line = InvoiceLine.everywhere.get(invoice=invoice)
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk])
    client = signed_in(company)
    client.post(url, {"scope": "part", "reason": "Retour", f"quantity_{line.pk}": "2,5"})
    client.post(issue_url(Invoice.everywhere.get(corrects=invoice)))
    invoice.refresh_from_db()
    assert invoice.amount_credited == invoice.total_gross / 4


@pytest.mark.parametrize("quantity", ["", "11", "-1", "deux"])
def test_a_quantity_that_cannot_be_credited_is_refused_and_nothing_is_written(company, customer, quantity):
    invoice = an_issued_invoice(customer)
    line = InvoiceLine.everywhere.get(invoice=invoice)
    url = reverse("einvoicing:invoice-credit", args=[invoice.pk])
    page = signed_in(company).post(url, {"scope": "part", "reason": "Retour", f"quantity_{line.pk}": quantity})
    assert page.status_code == 422
    assert not Invoice.everywhere.filter(corrects=invoice).exists()


def test_sales_may_not_credit(company, customer):
    invoice = an_issued_invoice(customer)
    page = signed_in(company, Role.SALES).get(reverse("einvoicing:invoice-credit", args=[invoice.pk]))
    assert page.status_code == 403


def test_all_that_was_never_transmitted_is_queued_at_once_and_its_progress_told(company, customer):
    invoices = [an_issued_invoice(customer) for _ in range(3)]
    an_issued_invoice(a_customer(company, kind="INDIVIDUAL"))
    a_platform(company)
    client = signed_in(company)
    url = reverse("einvoicing:transmission-list")
    assert "3 factures émises ne sont confiées à aucune plateforme" in client.get(url).text
    assert client.post(reverse("einvoicing:transmit-many")).status_code == 302
    assert not Transmission.everywhere.filter(invoice__in=invoices).exists(), "nothing leaves that was not shown"
    asked = client.get(reverse("einvoicing:transmit-many")).text
    assert all(f'value="{invoice.pk}"' in asked and str(invoice.number) in asked for invoice in invoices)
    chosen = {"invoice": [invoice.pk for invoice in invoices]}
    page = client.post(reverse("einvoicing:transmit-many"), chosen, follow=True)
    assert "3 factures mises en file." in page.text
    assert Transmission.everywhere.filter(invoice__in=invoices).count() == 3
    assert "ne sont confiées à aucune" not in page.text
    part = client.get(reverse("einvoicing:queue-progress")).text
    assert "3 factures partent vers la plateforme" in part
    assert "every 2s" in part
    Transmission.everywhere.update(status="DEPOSITED")
    assert "every 2s" not in client.get(reverse("einvoicing:queue-progress")).text


def test_a_viewer_transmits_nothing_in_bulk(company, customer):
    an_issued_invoice(customer)
    a_platform(company)
    client = signed_in(company, Role.VIEWER)
    assert client.post(reverse("einvoicing:transmit-many")).status_code == 403
    assert "Tout transmettre" not in client.get(reverse("einvoicing:transmission-list")).text
    assert not Transmission.everywhere.filter(company=company).exists()


@pytest.mark.parametrize(
    ("status", "error_class", "words"),
    [
        ("DEAD", "AUTH", "Corrigez l’identifiant et le secret"),
        ("DEAD", "NETWORK", "n’a pas répondu malgré tous les essais"),
        ("INVALID", "VALIDATION", "n’est pas conforme"),
        ("REJECTED", "", "elle n’est pas chez le client"),
    ],
)
def test_a_stopped_transmission_says_what_to_do(company, status, error_class, words):
    row = a_transmission(company)
    Transmission.everywhere.filter(pk=row.pk).update(status=status, error_class=error_class)
    assert words in signed_in(company).get(row.get_absolute_url()).text


def test_the_letter_is_written_otherwise_before_it_leaves(company, customer):
    invoice, client = an_issued_invoice(customer), signed_in(company)
    url = reverse("einvoicing:invoice-send", args=[invoice.pk])
    typed = {"addresses": "a@client.example", "subject_line": "Votre facture", "body": "Bonjour Ada,\n{lien}"}
    before = Email.everywhere.count()
    shown = client.post(url, {**typed, "preview": "1"})
    assert "Bonjour Ada" in shown.text
    assert Email.everywhere.count() == before
    client.post(url, typed)
    sent = Email.everywhere.latest("created_at")
    assert (sent.subject_line, sent.body) == ("Votre facture", "Bonjour Ada,\n{lien}\n")
    assert client.post(url, {**typed, "body": ""}).status_code == 422
