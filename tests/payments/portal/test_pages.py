"""The customer's page says what its invoice says and what is due now, and never asks for money that came."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Invoice, InvoiceDocument
from billing.services.deposits import choose_deposits
from billing.services.issuing import issue_invoice
from config.kernel.clock import local_day
from config.kernel.kept import check_kept
from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.services.documents import ensure_facturx
from payments.models import CustomerLink
from payments.portal.links import NotForCustomers
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.payments.portal.conftest import a_link, a_statement_link, path_to

pytestmark = pytest.mark.django_db
Seen = Callable[..., str]
ASKS = 'id="pay"'


def test_the_page_shows_the_invoice_and_how_to_pay_it(invoice: Invoice, seen: Seen) -> None:
    html = seen(a_link(invoice))
    assert invoice.number in html
    assert "Chaise Bistrot" in html
    assert "1 440,00 €" in html
    assert "À payer au plus tard le 16/12/2026." in html or "Échue depuis" in html
    assert "FR76 3000 6000 0112 3456 7890 189" in html
    assert "<svg" in html
    assert "RF" in html


def test_a_paid_invoice_asks_for_nothing(invoice: Invoice, seen: Seen) -> None:
    money.a_payment(invoice.customer, "1440.00", [(invoice, "1440.00")])
    html = seen(a_link(invoice))
    assert "Elle est réglée" in html
    assert ASKS not in html


def test_what_was_paid_in_part_is_asked_for_no_more(invoice: Invoice, seen: Seen) -> None:
    link = a_link(invoice)
    money.a_payment(invoice.customer, "440.00", [(invoice, "440.00")])
    html = seen(link)
    assert "Payer 1 000,00 €" in html
    assert "EUR1440" not in html


def test_money_that_came_and_pays_nothing_yet_is_not_asked_for_again(invoice: Invoice, seen: Seen) -> None:
    money.a_payment(invoice.customer, "1440.00")
    html = seen(a_link(invoice))
    assert "Votre règlement est reçu" in html
    assert ASKS not in html


def test_a_credited_invoice_asks_for_nothing_and_its_credit_note_neither(invoice: Invoice, seen: Seen) -> None:
    link = a_link(invoice)
    with company_scope(invoice.company_id):
        note = credit_invoice(invoice=invoice, parts=None, reason="Retour", actor=story.ACTOR, at=timezone.now())
    html = seen(link)
    assert "Un avoir l’annule" in html
    assert note.number in html
    assert ASKS not in html
    note_page = seen(a_link(note))
    assert "il n’y a rien à payer" in note_page
    assert ASKS not in note_page


def test_a_deposit_is_paid_as_an_invoice_and_deducted_from_the_last_one(company: Company, seen: Seen) -> None:
    customer = story.a_customer(company)
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    with company_scope(company):
        draft = choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=story.ACTOR, at=story.AT)
        final = issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)
    assert "Payer 144,00 €" in seen(a_link(deposit))
    html = seen(a_link(final))
    assert "Acomptes déduits" in html
    assert "Payer 1 296,00 €" in html


def test_a_draft_has_no_page(company: Company) -> None:
    with pytest.raises(NotForCustomers):
        a_link(story.a_draft(story.a_customer(company)))
    assert not CustomerLink.everywhere.exists()


def test_names_with_html_are_shown_as_they_are_typed(company: Company, seen: Seen) -> None:
    customer = story.a_customer(company, name="<script>alert(1)</script> & Fils")
    html = seen(a_link(story.an_issued_invoice(customer, [story.a_line("<img src=x onerror=alert(2)>")])))
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Fils" in html


def test_who_is_billed_abroad_reads_english_and_may_choose(company: Company, visitor: Client) -> None:
    customer = story.a_customer(
        company, name="Light House Ltd", siret="", vat_number="DE136695976", address={"country": "DE", "city": "Berlin"}
    )
    link = a_link(story.an_issued_invoice(customer))
    english = visitor.get(path_to(link)).content.decode()
    assert '<html lang="en">' in english
    assert "€1," in english
    assert "À payer" not in english
    french = visitor.get(path_to(link) + "?lang=fr").content.decode()
    assert '<html lang="fr">' in french
    assert "payer" in french


def test_files_are_the_legal_bytes(invoice: Invoice, visitor: Client, seen: Seen) -> None:
    link = a_link(invoice)
    assert "Les fichiers sont en préparation" in seen(link)
    assert visitor.get(path_to(link, invoice.number, "pdf")).status_code == 503
    with company_scope(invoice.company_id):
        ensure_facturx(invoice=invoice, actor=story.ACTOR, at=story.AT)
    html = seen(link)
    for kind, media_type in (("pdf", "application/pdf"), ("xml", "application/xml")):
        answer = visitor.get(path_to(link, invoice.number, kind))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media_type
        document = next(row for row in InvoiceDocument.everywhere.filter(invoice=invoice) if kind in row.file.name)
        assert answer.content == check_kept(document)
        assert document.sha256[:17] in html
    with Path(document.file.path).open("ab") as file:
        file.write(b"x")
    assert visitor.get(path_to(link, invoice.number, "xml")).status_code == 503


def test_a_statement_lists_all_that_is_open_in_the_same_number_of_queries(company: Company, visitor: Client) -> None:
    customer = story.a_customer(company)
    first = story.an_issued_invoice(customer)
    link = a_statement_link(customer)
    visitor.get(path_to(link))
    with CaptureQueriesContext(connection) as few:
        visitor.get(path_to(link))
    for _turn in range(11):
        story.an_issued_invoice(customer)
    with CaptureQueriesContext(connection) as many:
        html = visitor.get(path_to(link)).content.decode()
    assert len(many) == len(few)
    assert html.count("/c/") >= 12
    money.a_payment(customer, "1440.00", [(first, "1440.00")])
    assert first.number not in visitor.get(path_to(link)).content.decode()


def test_a_statement_opens_each_of_its_invoices_and_no_link_opens_another_one(
    company: Company, visitor: Client, seen: Seen
) -> None:
    customer = story.a_customer(company)
    one, two = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    stranger = story.an_issued_invoice(story.a_customer(company))
    statement, link = a_statement_link(customer), a_link(one)
    assert two.number in seen(statement, two.number)
    assert visitor.get(path_to(statement, stranger.number)).status_code == 404
    assert visitor.get(path_to(link, two.number)).status_code == 404
    assert one.number in seen(link, one.number)


def test_no_key_of_ours_is_on_a_page(invoice: Invoice, seen: Seen) -> None:
    link, statement = a_link(invoice), a_statement_link(invoice.customer)
    for html in (seen(link), seen(statement), seen(link, invoice.number, "paid")):
        assert not re.search(r"\d{15,16}(?!\d)", re.sub(r'value="[^"]*"', "", html))


def test_the_overdue_say_since_when(company: Company, seen: Seen) -> None:
    due = local_day(timezone.now()) - timedelta(days=3)
    at = timezone.now() - timedelta(days=40)
    invoice = story.an_issued_invoice(story.a_customer(company), at=at, due_date=due)
    assert "Échue depuis 3 jours." in seen(a_link(invoice))
