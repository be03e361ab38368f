"""Invoices in other currencies: the rate is frozen, VAT is told in euros, and the books balance to the cent in both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import DocumentKind, Invoice, InvoiceStatus, JournalEntry, JournalLine
from billing.pdf import render_pdf
from billing.services.correcting import draft_correction
from billing.services.crediting import CreditedPart, draft_credit_note
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.invoices import CurrencyFollows, save_draft
from billing.services.issuable import NotInUnits
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from config.kernel import chain
from config.kernel.errors import Invalid
from config.kernel.exchange import UnknownRate, save_rate
from config.kernel.models import Company
from config.kernel.scope import across_companies, company_scope
from einvoicing.services.documents import _issued_document, ensure_document, preflight
from tests.billing.test_pdf import text_of
from tests.factories import story
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 16)
RATES = {"USD": "1.0845", "CHF": "0.9350", "GBP": "0.8712", "JPY": "170.12"}
THREE_RATES = [
    story.a_line("Conseil", quantity=Decimal(3), unit_price=Decimal("333.33"), is_service=True),
    story.a_line("Livre", quantity=Decimal(7), unit_price=Decimal("19.99"), vat_rate=Decimal("5.5")),
    story.a_line("Transport", unit_price=Decimal("77.77"), vat_rate=Decimal(10), is_service=True),
]


@pytest.fixture
def company(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    made = story.a_company()
    with company_scope(made):
        rates_of_the_day(made)
        yield made


def rates_of_the_day(company: Company, day: date = MONDAY, **other: str) -> None:
    for currency, rate in {**RATES, **other}.items():
        save_rate(
            company=company,
            base="EUR",
            currency=currency,
            day=day,
            rate=Decimal(rate),
            source="BCE",
            actor=ACTOR,
            at=AT,
        )


@pytest.fixture
def customer(company: Company) -> Any:
    return story.a_customer(company)


def a_draft(customer: Any, currency: str, lines: Sequence[LineInput] = THREE_RATES) -> Invoice:
    return save_draft(invoice=None, customer=customer, values={"currency": currency}, lines=lines, actor=ACTOR, at=AT)


def an_invoice(customer: Any, currency: str = "USD", lines: Sequence[LineInput] = THREE_RATES) -> Invoice:
    return issue_invoice(invoice=a_draft(customer, currency, lines), actor=ACTOR, at=AT)


def booked(*documents: Invoice) -> dict[str, tuple[Decimal, Decimal]]:
    """By account: what is booked in euros and in the currency of the documents, debits positive."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in JournalLine.everywhere.filter(entry__source__in=[document.subject for document in documents]):
        sums[line.account][0] += line.debit - line.credit
        sums[line.account][1] += line.currency_amount if line.currency else Decimal(0)
    return {account: (euros, foreign) for account, (euros, foreign) in sums.items()}


def breaks(company: Company) -> list[Any]:
    with across_companies():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        return list(chain.verify(company))


def test_the_rate_of_the_day_is_frozen_with_its_source(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer)
    assert (invoice.currency, invoice.accounting_currency) == ("USD", "EUR")
    assert (invoice.exchange_rate, invoice.exchange_day, invoice.exchange_source) == (Decimal("1.0845"), MONDAY, "BCE")
    rates_of_the_day(company, USD="1.2")
    invoice.refresh_from_db()
    assert invoice.exchange_rate == Decimal("1.0845")
    for column in ("exchange_rate", "accounting_vat"):
        with pytest.raises(DatabaseError), transaction.atomic():
            Invoice.everywhere.filter(pk=invoice.pk).update(**{column: Decimal("9")})
    assert breaks(company) == []


def test_vat_is_told_in_euros_per_rate_and_rounded_once(customer: Any) -> None:
    invoice = an_invoice(customer)
    of_rates = [row.amount for row in invoice.vat_subtotals.all()]
    assert invoice.accounting_vat == sum(round(amount / Decimal("1.0845"), 2) for amount in of_rates)


def test_the_books_are_in_euros_and_balance_with_the_foreign_amounts_beside(customer: Any) -> None:
    invoice = an_invoice(customer)
    sums = booked(invoice)
    assert sum(euros for euros, _foreign in sums.values()) == 0
    # VAT is owed in euros: its lines say nothing of dollars
    assert sum(foreign for _euros, foreign in sums.values()) == invoice.total_vat
    assert sums["411000"] == (round(invoice.total_gross / Decimal("1.0845"), 2), invoice.total_gross)
    assert -sum(euros for account, (euros, _f) in sums.items() if account.startswith("4457")) == invoice.accounting_vat
    assert set(JournalLine.everywhere.filter(entry__source=invoice.subject).values_list("currency", flat=True)) == {
        "USD",
        "",
    }


@pytest.mark.parametrize("currency", ["USD", "CHF", "GBP", "JPY"])
def test_each_legal_file_is_valid_by_the_official_rules(customer: Any, currency: str) -> None:
    lines = [story.a_line(quantity=Decimal(3), unit_price=Decimal(1250))] if currency == "JPY" else THREE_RATES
    draft = a_draft(customer, currency, lines)
    assert preflight(invoice=draft, at=AT).violations == ()
    invoice = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    for kind in (DocumentKind.FACTURX, DocumentKind.UBL):
        assert ensure_document(invoice=invoice, kind=kind, actor=ACTOR, at=AT).verdict["violations"] == []
    document = _issued_document(invoice)
    assert (document.currency, document.tax_currency) == (currency, "EUR")
    assert document.totals.vat_in_tax_currency == invoice.accounting_vat


def test_paper_says_the_vat_in_euros_and_the_rate(customer: Any) -> None:
    invoice = an_invoice(customer, "CHF")
    text = text_of(render_pdf(invoice))
    vat = f"{invoice.accounting_vat:,.2f}".replace(",", " ").replace(".", ",")
    assert f"TVA en EUR {vat} €" in text
    assert "1 EUR = 0,935 CHF, 16/11/2026 (BCE)" in text
    assert "TVA en EUR" not in text_of(render_pdf(an_invoice(customer, "EUR")))


def test_yen_have_no_cents(customer: Any) -> None:
    invoice = an_invoice(customer, "JPY", [story.a_line(quantity=Decimal(3), unit_price=Decimal("333.33"))])
    assert (invoice.total_net, invoice.total_vat, invoice.total_gross) == (1000, 200, 1200)
    assert booked(invoice)["411000"] == (Decimal("7.05"), Decimal(1200))
    assert "1 200 JPY" in text_of(render_pdf(invoice))


def test_what_would_give_a_part_of_a_yen_is_refused(customer: Any) -> None:
    invoice = an_invoice(customer, "JPY", [story.a_line(quantity=Decimal(3), unit_price=Decimal(1111))])
    note = draft_credit_note(invoice=invoice, parts=None, reason="Retour", actor=ACTOR, at=AT)
    line = note.lines.get()
    type(line).everywhere.filter(pk=line.pk).update(net_amount=Decimal("0.50"), credited_quantity=0)
    with pytest.raises(NotInUnits):
        issue_invoice(invoice=note, actor=ACTOR, at=AT)


def test_without_a_rate_nothing_is_issued_and_the_page_before_says_why(customer: Any) -> None:
    draft = a_draft(customer, "SEK")
    with pytest.raises(UnknownRate):
        preflight(invoice=draft, at=AT)
    with pytest.raises(UnknownRate):
        issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    draft.refresh_from_db()
    assert (draft.status, draft.number) == (InvoiceStatus.DRAFT, None)


def a_note(invoice: Invoice, share: str = "") -> Invoice:
    parts = None
    if share:
        line = invoice.lines.order_by("position").first()
        parts = [CreditedPart(line=line, quantity=Decimal(share))]
    draft = draft_credit_note(invoice=invoice, parts=parts, reason="Retour", actor=ACTOR, at=AT)
    return issue_invoice(invoice=draft, actor=ACTOR, at=AT)


def test_credit_notes_take_the_rate_of_their_invoice_and_leave_nothing_of_it(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer)
    rates_of_the_day(company, USD="1.3")
    notes = [a_note(invoice, "1"), a_note(invoice, "1"), a_note(invoice)]
    assert {note.exchange_rate for note in notes} == {Decimal("1.0845")}
    sums = booked(invoice, *notes)
    assert sums["411000"] == (0, 0)
    assert all(abs(euros) <= Decimal("0.02") and not foreign for euros, foreign in sums.values())
    assert sum(euros for euros, _foreign in sums.values()) == 0


def test_a_corrected_invoice_keeps_the_rate_and_undoes_the_first_entry_exactly(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer)
    rates_of_the_day(company, USD="1.3")
    draft = draft_correction(invoice=invoice, reason="Adresse", actor=ACTOR, at=AT)
    corrected = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    assert corrected.exchange_rate == Decimal("1.0845")
    assert set(booked(invoice).values()) == {(0, 0)}
    assert booked(corrected)["411000"][1] == corrected.total_gross


def test_a_deposit_keeps_the_value_of_its_day_in_the_final_invoice(company: Company, customer: Any) -> None:
    draft = a_draft(customer, "USD")
    part = (draft.total_gross * 30 / 100).quantize(Decimal("0.01"))
    asked = draft_deposit(source=draft, gross=part, description="Acompte", actor=ACTOR, at=AT)
    deposit = issue_invoice(invoice=asked, actor=ACTOR, at=AT)
    assert (deposit.currency, deposit.exchange_rate) == ("USD", Decimal("1.0845"))
    rates_of_the_day(company, USD="1.25")
    draft = choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=AT)
    final = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    assert final.exchange_rate == Decimal("1.25")
    sums = booked(deposit, final)
    assert sums["419100"] == (0, 0)
    assert sum(euros for euros, _foreign in sums.values()) == 0
    vat = -sum(euros for account, (euros, _f) in sums.items() if account.startswith("4457"))
    assert vat == final.accounting_vat
    for kind in (DocumentKind.FACTURX, DocumentKind.UBL):
        assert ensure_document(invoice=final, kind=kind, actor=ACTOR, at=AT).verdict["violations"] == []
    assert breaks(company) == []


def test_a_currency_that_is_none_and_one_that_follows_a_document_are_refused(customer: Any) -> None:
    with pytest.raises(Invalid) as refused:
        a_draft(customer, "XYZ")
    assert "currency" in refused.value.fields
    invoice = an_invoice(customer)
    draft = draft_correction(invoice=invoice, reason="Adresse", actor=ACTOR, at=AT)
    with pytest.raises(CurrencyFollows):
        save_draft(invoice=draft, customer=customer, values={"currency": "CHF"}, lines=THREE_RATES, actor=ACTOR, at=AT)


def test_an_invoice_in_euros_says_nothing_of_rates(company: Company, customer: Any) -> None:
    invoice = an_invoice(customer, "EUR")
    assert (invoice.exchange_rate, invoice.exchange_day, invoice.accounting_vat) == (1, None, None)
    lines = JournalLine.everywhere.filter(entry__source=invoice.subject)
    assert set(lines.values_list("currency", flat=True)) == {""}
    assert JournalEntry.everywhere.filter(source=invoice.subject).count() == 1
    assert breaks(company) == []


def test_a_swiss_customer_with_a_uid_is_billed_in_francs_by_valid_files(company: Company) -> None:
    place = {"line": "Bahnhofstrasse 7", "postcode": "8001", "city": "Zürich", "country": "CH"}
    export = [story.a_line(vat_category="G", vat_rate=Decimal(0))]
    swiss = story.a_customer(company, address=place, siren="", siret="", vat_number="CHE-123.456.788 TVA")
    assert swiss.vat_number == "CHE123456788TVA"
    invoice = an_invoice(swiss, "CHF", export)
    for kind in (DocumentKind.FACTURX, DocumentKind.UBL):
        assert ensure_document(invoice=invoice, kind=kind, actor=ACTOR, at=AT).verdict["violations"] == []
    assert _issued_document(invoice).buyer.vat_number == "CHE123456788TVA"
