"""Many drafts issued at once: the rows are those of issuing them one by one, and a refused one stops no other."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, InvoiceStatus, JournalEntry, JournalLine, NumberSequence, VatSubtotal
from billing.services.correcting import draft_correction
from billing.services.invoices import InvoiceIssued
from billing.services.issuable import AmountNotPositive
from billing.services.issuing import NothingToIssue, issue_invoice, issue_invoices
from config.kernel import chain
from config.kernel.errors import Stale
from config.kernel.models import AuditEvent, Company, WebhookEndpoint, WebhookEvent
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import Transmission
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db
ACT: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}


def some_drafts(company: Company) -> list[Invoice]:
    """Of several customers, rates, lengths and kinds; one of zero, which is paid at once."""
    one = story.a_customer(company, name="Maison Lumière", siret="73282932000074")
    brest = {"line": "1 quai", "postcode": "29200", "city": "Brest"}
    other = story.a_customer(company, kind="INDIVIDUAL", delivery=brest)
    rates = [story.a_line(vat_rate=Decimal(rate), is_service=rate == "10") for rate in ("20", "10", "5.5", "20")]
    free = [story.a_line(), story.a_line(quantity=Decimal(-10))]
    return [
        story.a_draft(one, rates),
        story.a_draft(other, notes="Merci", delivery={**brest, "line": "2 rue", "country": "FR"}),
        story.a_draft(one, free, purchase_order="BC-1"),
        story.a_draft(other, rates[1:2], kind="386"),
        story.a_draft(one, rates[:3], service_code="SRV"),
    ]


def a_listening_company() -> Company:
    company = story.a_company()
    platforms.a_platform_account(company, "http://127.0.0.1:1")
    WebhookEndpoint.everywhere.create(
        company=company, url="https://example.com", events=["invoice.issued"], created_at=story.AT
    )
    return company


ROWS = (Invoice, VatSubtotal, JournalEntry, JournalLine, NumberSequence, Transmission, AuditEvent, WebhookEvent)
# other in each company, or in each order of writing; and what is queued many at once goes after the rest
OWN = {
    "id", "company_id", "customer_id", "invoice_id", "entry_id", "account_id", "tracking_id", "digest", "content_hash",
    "sequence", "previous_hash", "hash", "created_at", "priority", "order_id",
}  # fmt: skip


def rows_of(company: Company, drafts: list[Invoice]) -> dict[str, list[str]]:
    """What is stored of a company, without what is its own: keys are told by their place."""
    places = {str(draft.pk): f"draft {place}" for place, draft in enumerate(drafts)}
    numbers = {company.siret: "its SIRET", company.vat_number: "its VAT number", company.siren: "its SIREN"}

    def as_text(row: Any) -> str:
        text = repr(sorted((name, value) for name, value in chain.columns(row).items() if name not in OWN))
        for number, name in numbers.items():
            text = text.replace(number, name)
        return re.sub(r"\d{16}", lambda key: places.get(key[0], "a key"), text)

    return {model.__name__: sorted(map(as_text, model.everywhere.filter(company=company))) for model in ROWS}


def test_the_rows_are_those_of_issuing_one_by_one() -> None:
    found = []
    for at_once in (False, True):
        company = a_listening_company()
        drafts = some_drafts(company)
        with company_scope(company):
            if at_once:
                issued = issue_invoices(invoices=drafts, **ACT)
            else:
                issued = [issue_invoice(invoice=draft, **ACT) for draft in drafts]
        assert [invoice.number for invoice in issued] == [
            "FAC-2026-00001",
            "FAC-2026-00002",
            "FAC-2026-00003",
            "ACO-2026-00001",
            "FAC-2026-00004",
        ]
        for invoice in issued:
            stored = Invoice.everywhere.get(pk=invoice.pk)
            assert chain.columns(invoice) == chain.columns(stored), "in memory as stored"
        connection.check_constraints()
        assert chain.verify(company) == []
        found.append(rows_of(company, drafts))
    for name in found[0]:
        assert found[0][name], f"{name} is written"
        assert found[0][name] == found[1][name], name


def test_who_is_refused_is_told_why_and_the_others_leave_no_gap(company: Company, customer: Customer) -> None:
    with company_scope(company):
        good, issued, gone, last = (story.a_draft(customer) for _draft in range(4))
        empty, negative = story.a_draft(customer), story.a_draft(customer)
        empty.lines.all().delete()
        negative.lines.update(quantity=-1)
        issue_invoice(invoice=issued, **ACT)
        gone_key = gone.pk
        gone.delete()
        gone.pk = gone_key
        outcomes = issue_invoices(invoices=[empty, good, issued, negative, gone, last], **ACT)
    refused = [type(outcome) for outcome in outcomes if not isinstance(outcome, Invoice)]
    assert refused == [NothingToIssue, InvoiceIssued, AmountNotPositive, Stale]
    assert [outcome.number for outcome in outcomes if isinstance(outcome, Invoice)] == [
        "FAC-2026-00002",
        "FAC-2026-00003",
    ]
    assert {Invoice.everywhere.get(pk=draft.pk).status for draft in (empty, negative)} == {InvoiceStatus.DRAFT}
    connection.check_constraints()
    assert chain.verify(company) == []


def test_many_take_no_more_statements_than_a_few(company: Company, customer: Customer) -> None:
    counts = []
    for count in (2, 20):
        drafts = [story.a_draft(customer) for _draft in range(count)]
        with company_scope(company), CaptureQueriesContext(connection) as queries:
            assert len(issue_invoices(invoices=drafts, **ACT)) == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_settles_another_invoice_is_issued_on_its_own(company: Company, customer: Customer) -> None:
    with company_scope(company):
        original = story.an_issued_invoice(customer)
        corrected = draft_correction(invoice=original, reason="Adresse erronée", **ACT)
        with pytest.raises(ValueError, match="on its own"):
            issue_invoices(invoices=[story.a_draft(customer), corrected], **ACT)
        assert issue_invoices(invoices=[corrected], **ACT) == [corrected]
