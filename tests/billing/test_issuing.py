"""Issuing: the moment a draft becomes a legal document (CGI ann. II 242 nonies A, C. com. L441-9)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import (
    Email,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    JournalEntry,
    JournalLine,
    NumberSequence,
    VatSubtotal,
)
from billing.numbering import ClockAhead, ClockBehind, DateGoesBack, next_number
from billing.services.deposits import DepositTooSmall
from billing.services.invoices import InvoiceIssued, TotalNegative, annotate_invoice, delete_draft, save_draft
from billing.services.issuable import DueBeforeIssue, PublicBodyNeeds
from billing.services.issuing import NothingToIssue, issue_invoice
from billing.services.orders import save_order
from billing.services.snapshots import NoBillingAddress
from config.kernel.clock import local_day
from config.kernel.identifiers import creditor_reference
from config.kernel.models import AuditEvent, Company, VatRegime
from config.kernel.scope import company_scope
from customers.models import Address, Customer
from tests.factories import story
from tests.factories.money import credit_invoice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

TODAY = local_day(story.AT)


def issue(draft, at=story.AT):
    return issue_invoice(invoice=draft, actor=story.ACTOR, at=at)


def book(source):
    lines = JournalLine.objects.filter(entry__source=source.subject).order_by("account")
    return [(line.account, line.debit, line.credit) for line in lines]


def refused(draft, error, at=story.AT):
    """The refusal; nothing was written, and no number was taken."""
    counted = (AuditEvent, JournalEntry, VatSubtotal, NumberSequence, Email)
    before = [model.objects.count() for model in counted]
    with pytest.raises(error) as caught:
        issue(draft, at)
    assert [model.objects.count() for model in counted] == before
    draft.refresh_from_db()
    assert (draft.status, draft.number) == (InvoiceStatus.DRAFT, None)
    return caught.value


def test_the_seeds_own_invoice_is_issued_to_the_cent(customer):
    draft = story.a_draft(customer, [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))])
    assert (draft.number, draft.issue_date) == (None, None)
    invoice = issue(draft)
    assert (invoice.number, invoice.status, invoice.issue_date) == ("FAC-2026-00001", "ISSUED", TODAY)
    assert (invoice.total_net, invoice.total_vat, invoice.total_gross) == (1000, 200, 1200)
    (row,) = invoice.vat_subtotals.all()
    assert (row.category, row.rate, row.base, row.amount) == ("S", 20, 1000, 200)
    assert (invoice.balance, invoice.issued_at, invoice.supply_date) == (1200, story.AT, TODAY)


def test_the_reference_to_quote_is_a_creditor_reference_of_the_number(customer):
    invoice = story.an_issued_invoice(customer)
    assert creditor_reference.validate(invoice.payment_reference) == invoice.payment_reference
    assert "20260" in invoice.payment_reference
    assert invoice.payment_reference.startswith("RF")


def test_what_the_seller_and_the_buyer_become_later_does_not_change_the_document(company, customer):
    invoice = story.an_issued_invoice(customer)
    Company.objects.filter(pk=company.pk).update(name="Autre nom", city="Lyon", iban="FR00")
    Customer.objects.filter(pk=customer.pk).update(name="Racheté SA", siret="")
    Address.objects.filter(customer=customer).update(line="ailleurs")
    stored = Invoice.objects.get(pk=invoice.pk)
    assert (stored.seller["name"], stored.seller["address"]["city"], stored.seller["iban"]) == (
        "Atelier Verone",
        "Paris",
        story.IBAN,
    )
    assert (stored.buyer["name"], stored.buyer["address"]["line"]) == ("Maison Lumière", "2 avenue Foch")
    assert stored.buyer["siret"] == customer.siret
    assert stored.buyer_name == "Maison Lumière"


def test_the_buyers_delivery_address_is_copied_too(company):
    there = {"line": "Quai 3", "postcode": "13002", "city": "Marseille"}
    invoice = story.an_issued_invoice(story.a_customer(company, delivery=there))
    assert invoice.buyer["delivery_address"]["city"] == "Marseille"


def test_a_professional_reads_the_mandatory_mentions(company, customer):
    mentions = story.an_issued_invoice(customer).mentions
    assert "40 €" in mentions["PMT"]
    assert "L441-10" in mentions["PMD"]
    assert mentions["AAB"] == company.discount_mention
    assert (mentions["nature"], mentions["nature_label"]) == ("B", "Livraison de biens")


def test_an_individual_is_not_told_of_forty_euros(company):
    mentions = story.an_issued_invoice(story.a_customer(company, kind="INDIVIDUAL")).mentions
    assert mentions["PMT"] == mentions["PMD"] == "Sans objet : client particulier."


@pytest.mark.parametrize(("services", "nature"), [([True], "S"), ([False], "B"), ([True, False], "M")])
def test_the_nature_of_the_operation_is_told(customer, services, nature):
    lines = [story.a_line(is_service=is_service) for is_service in services]
    assert story.an_issued_invoice(customer, lines).mentions["nature"] == nature


def test_the_due_date_follows_the_customers_terms(customer):
    invoice = story.an_issued_invoice(customer)
    assert invoice.due_date == customer.terms.due_date(TODAY) > TODAY


def test_a_due_date_agreed_by_hand_is_kept_and_one_in_the_past_is_refused(customer):
    agreed = TODAY + timedelta(days=3)
    assert story.an_issued_invoice(customer, due_date=agreed).due_date == agreed
    error = refused(story.a_draft(customer, due_date=TODAY - timedelta(days=1)), DueBeforeIssue)
    assert set(error.fields) == {"due_date"}


@pytest.mark.parametrize(
    ("needs", "given", "missing"),
    [
        ({"requires_service_code": True}, {}, {"service_code"}),
        ({"requires_commitment": True}, {}, {"purchase_order"}),
        ({"requires_service_code": True, "requires_commitment": True}, {}, {"service_code", "purchase_order"}),
        ({"requires_service_code": True, "requires_commitment": True}, {"service_code": "S1"}, {"purchase_order"}),
    ],
)
def test_a_public_body_gets_no_invoice_without_the_references_it_asks_for(company, needs, given, missing):
    body = story.a_customer(company, is_public_body=True, service_code="S0", **needs)
    # the record lost its code since: issuing looks again
    Customer.objects.filter(pk=body.pk).update(service_code="")
    body.refresh_from_db()
    assert set(refused(story.a_draft(body, **given), PublicBodyNeeds).fields) == missing


def test_with_its_references_the_public_body_is_invoiced(company):
    body = story.a_customer(
        company, is_public_body=True, requires_service_code=True, requires_commitment=True, service_code="SERVICE-9"
    )
    invoice = story.an_issued_invoice(body, purchase_order="EJ-2026-1")
    assert (invoice.service_code, invoice.purchase_order) == ("SERVICE-9", "EJ-2026-1")


def test_under_the_franchise_no_vat_is_charged_and_the_law_is_named():
    company = story.a_company(vat_regime=VatRegime.FRANCHISE, vat_number="")
    customer = story.a_customer(company)
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
        (row,) = invoice.vat_subtotals.all()
        assert (invoice.total_vat, invoice.total_gross, row.category, row.rate) == (0, invoice.total_net, "E", 0)
        assert (row.exemption_code, row.exemption_reason) == (
            "VATEX-FR-FRANCHISE",
            "TVA non applicable, art. 293 B du CGI",
        )
        assert invoice.mentions["franchise"] is True
        assert book(invoice) == [("411000", 1200, 0), ("707000", 0, 1200)]


def test_goods_services_and_rates_are_booked_apart(customer):
    lines = [
        story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("100")),
        story.a_line("Pose", quantity=Decimal(1), unit_price=Decimal("50"), is_service=True, vat_rate=Decimal("10")),
        story.a_line("Livre", quantity=Decimal(1), unit_price=Decimal("20"), vat_rate=Decimal("5.5")),
    ]
    invoice = story.an_issued_invoice(customer, lines)
    assert invoice.total_gross == Decimal("196.10")
    assert book(invoice) == [
        ("411000", Decimal("196.10"), 0),
        ("445711", 0, 20),
        ("445713", 0, Decimal("1.10")),
        ("445742", 0, 5),
        ("706000", 0, 50),
        ("707000", 0, 120),
    ]
    entry = JournalEntry.objects.get(source=invoice.subject)
    assert (entry.journal, entry.number, entry.day, entry.piece) == ("VE", "VE-2026-00001", TODAY, "FAC-2026-00001")


def test_each_kind_has_a_series_of_its_own_and_each_company_too(company, customer):
    first = story.an_issued_invoice(customer)
    deposit = story.an_issued_invoice(customer, kind="386")
    note = credit_invoice(
        invoice=first, parts=story.a_return(first, 1), reason="Retour", actor=story.ACTOR, at=story.AT
    )
    second = story.an_issued_invoice(customer)
    corrected = story.an_issued_invoice(customer, kind="384", corrects=second)
    assert [row.number for row in (first, deposit, note, second, corrected)] == [
        "FAC-2026-00001",
        "ACO-2026-00001",
        "AVO-2026-00001",
        "FAC-2026-00002",
        "FAC-2026-00003",
    ]
    assert story.an_issued_invoice(story.a_customer(story.a_company())).number == "FAC-2026-00001"


@pytest.mark.parametrize(
    ("instant", "day", "number"),
    [
        ("2026-11-16T22:59:59+00:00", date(2026, 11, 16), "FAC-2026-00001"),
        ("2026-11-16T23:00:00+00:00", date(2026, 11, 17), "FAC-2026-00001"),
        ("2026-12-31T23:30:00+00:00", date(2027, 1, 1), "FAC-2027-00001"),
    ],
)
def test_the_day_is_the_day_in_paris(customer, instant, day, number):
    invoice = story.an_issued_invoice(customer, at=datetime.fromisoformat(instant))
    assert (invoice.issue_date, invoice.number) == (day, number)


def test_the_date_never_goes_back(customer):
    story.an_issued_invoice(customer)
    yesterday = story.AT - timedelta(days=1)
    error = refused_for_date(story.a_draft(customer), yesterday)
    assert f"{TODAY:%d/%m/%Y}" in str(error)
    assert story.an_issued_invoice(customer).number == "FAC-2026-00002"


def refused_for_date(draft, at):
    with pytest.raises(DateGoesBack) as caught:
        issue(draft, at)
    draft.refresh_from_db()
    assert draft.number is None
    return caught.value


def test_an_empty_draft_is_not_issued(customer):
    draft = save_draft(invoice=None, customer=customer, values={}, lines=[], actor=story.ACTOR, at=story.AT)
    refused(draft, NothingToIssue)


@pytest.mark.parametrize("back", ["0", "-10"])
def test_a_total_of_nothing_is_issued_and_settled_at_once(customer, back):
    """EN 16931 allows it; no account moves."""
    lines = [story.a_line(unit_price=Decimal(0) if back == "0" else Decimal(120))]
    if back != "0":
        lines.append(story.a_line("Reprise", quantity=Decimal(back)))
    invoice = story.an_issued_invoice(customer, lines)
    assert (invoice.total_gross, invoice.balance, invoice.status) == (0, 0, InvoiceStatus.PAID)
    assert not JournalEntry.objects.filter(source=invoice.subject).exists()


def test_a_deposit_of_nothing_is_not_issued(customer):
    refused(story.a_draft(customer, [story.a_line(unit_price=Decimal(0))], kind="386"), DepositTooSmall)


def test_a_draft_whose_total_would_be_negative_is_refused_in_words(customer):
    with pytest.raises(TotalNegative):
        story.a_draft(customer, [story.a_line(quantity=Decimal(-1))])
    assert not Invoice.objects.exists()


def test_without_a_billing_address_nothing_is_issued(customer):
    Address.objects.filter(customer=customer).delete()
    refused(story.a_draft(customer), NoBillingAddress)


def test_an_issued_invoice_is_neither_issued_again_nor_changed_nor_deleted(customer):
    invoice = story.an_issued_invoice(customer)
    for attempt in (
        lambda: issue(invoice),
        lambda: save_draft(
            invoice=invoice,
            customer=customer,
            values={"notes": "autre"},
            lines=[story.a_line()],
            actor=story.ACTOR,
            at=story.AT,
        ),
        lambda: delete_draft(invoice=invoice, actor=story.ACTOR, at=story.AT),
    ):
        with pytest.raises(InvoiceIssued, match="FAC-2026-00001"):
            attempt()
    assert Invoice.objects.get(pk=invoice.pk).notes == ""


def test_the_notes_nobody_prints_may_change(customer):
    invoice = story.an_issued_invoice(customer)
    annotate_invoice(invoice=invoice, internal_notes="Rappeler lundi", actor=story.ACTOR, at=story.AT)
    assert Invoice.objects.get(pk=invoice.pk).internal_notes == "Rappeler lundi"


def test_a_deleted_draft_leaves_no_gap_and_its_trace(customer):
    draft = story.a_draft(customer)
    subject = draft.subject
    delete_draft(invoice=draft, actor=story.ACTOR, at=story.AT)
    assert not InvoiceLine.objects.exists()
    assert AuditEvent.objects.filter(tag="billing.invoice.draft_deleted", subjects__0=subject).count() == 1
    assert story.an_issued_invoice(customer).number == "FAC-2026-00001"


def test_a_clock_ahead_takes_no_number_and_closes_no_series(settings, customer):
    settings.MAX_CLOCK_GAP = timedelta(minutes=10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    draft = story.a_draft(customer)
    with company_scope(customer.company):
        # a day and the allowed gap: a day alone is allowed in the last minutes before midnight
        for ahead in (timedelta(days=2), timedelta(days=1, minutes=10), timedelta(days=400)):
            with pytest.raises(ClockAhead, match="Remettez l’horloge du serveur à l’heure"):
                issue_invoice(invoice=draft, actor=story.ACTOR, at=now + ahead)
        draft.refresh_from_db()
        assert draft.is_draft
        assert not NumberSequence.objects.filter(series="FAC").exists()
        assert issue_invoice(invoice=draft, actor=story.ACTOR, at=now).number == f"FAC-{local_day(now).year}-00001"


def test_a_clock_behind_dates_no_invoice_before_its_day(settings, customer):
    settings.MAX_CLOCK_GAP, settings.PRODUCTION = timedelta(minutes=10), True
    draft, now = story.a_draft(customer), timezone.now()
    with company_scope(customer.company):
        for behind in (timedelta(days=1), timedelta(days=400)):
            with pytest.raises(ClockBehind, match="L’horloge du serveur retarde"):
                issue_invoice(invoice=draft, actor=story.ACTOR, at=now - behind)
        assert not NumberSequence.objects.filter(series="FAC").exists()
        assert issue_invoice(invoice=draft, actor=story.ACTOR, at=now).issue_date == local_day(now)


def test_no_order_nor_payment_takes_a_number_by_a_clock_ahead(settings, customer):
    settings.MAX_CLOCK_GAP = timedelta(minutes=10)
    later = timezone.now() + timedelta(days=2)
    with company_scope(customer.company), pytest.raises(ClockAhead):
        save_order(order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=later)
    with transaction.atomic(), pytest.raises(ClockAhead):
        next_number(company_id=customer.company_id, series="ENC", on=local_day(later))
