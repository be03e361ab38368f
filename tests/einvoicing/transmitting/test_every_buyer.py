"""An invoice to each kind of buyer: issued, judged by the official rules, and taken by a platform that checks words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, InvoiceDocument, VatSubtotal
from config.kernel.identifiers import vat
from customers.models import CustomerKind
from einvoicing.models import Transmission, TransmissionStatus
from einvoicing.sandbox.models import SandboxFlow
from tests.factories import platforms, story
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db

PERSON: dict[str, Any] = {"kind": CustomerKind.INDIVIDUAL}
GOODS = story.a_line()
SERVICE = story.a_line("Audit", is_service=True)


def abroad(vat_number: str = "") -> dict[str, Any]:
    return {"siret": "", "vat_number": vat_number, "electronic_address": ""}


def overseas(country: str, postcode: str) -> dict[str, Any]:
    return {"country": country, "postcode": postcode, "city": "Chef-lieu"}


def untaxed(category: str, **values: Any) -> Any:
    return story.a_line(vat_category=category, vat_rate=Decimal(0), **values)


BERLIN = {"country": "DE", "postcode": "10115", "city": "Berlin"}
NEW_YORK = {"country": "US", "postcode": "10001", "city": "New York"}
# columns of the customer, its address, a line, and the processingRule and BAR note that follow
BUYERS: dict[str, tuple[dict[str, Any], dict[str, str], Any, str, str]] = {
    "a company in France": ({}, {}, GOODS, "B2B", "B2B"),
    "a consumer in France": (PERSON, {}, GOODS, "B2C", "B2C"),
    "a public body": ({"is_public_body": True}, {}, GOODS, "B2G", "B2B"),
    "a company in the Union, goods": (abroad("DE136695976"), BERLIN, untaxed("K"), "B2BInt", "B2BINT"),
    "a company in the Union, services": (
        abroad("DE136695976"), BERLIN, untaxed("AE", is_service=True), "B2BInt", "B2BINT",
    ),
    "a consumer in the Union": (PERSON, BERLIN, GOODS, "B2C", "B2CINT"),
    "an export": (abroad(), NEW_YORK, untaxed("G"), "B2BInt", "B2BINT"),
    "a consumer outside the Union": (PERSON, NEW_YORK, untaxed("G"), "B2C", "B2CINT"),
    "a company in Guadeloupe": ({}, overseas("GP", "97110"), story.a_line(vat_rate=Decimal("8.5")), "B2B", "B2B"),
    "a company in Martinique": ({}, overseas("MQ", "97200"), GOODS, "B2B", "B2B"),
    "a consumer in Réunion": (PERSON, overseas("RE", "97400"), GOODS, "B2C", "B2C"),
    "a company in Guyane": ({}, overseas("GF", "97300"), untaxed("G"), "B2BInt", "B2BINT"),
    "a company in Mayotte": ({}, overseas("YT", "97600"), untaxed("G"), "B2BInt", "B2BINT"),
    "a company in Polynesia": (abroad(), overseas("PF", "98714"), untaxed("G"), "B2BInt", "B2BINT"),
    "a company in Monaco": (abroad("FR83404833048"), overseas("MC", "98000"), GOODS, "B2BInt", "B2BINT"),
}  # fmt: skip


def document_of(invoice: Invoice) -> tuple[dict[str, Any], str]:
    row = InvoiceDocument.everywhere.get(invoice=invoice, kind="CII")
    with row.file.open("rb") as file:
        return row.verdict, file.read().decode()


@pytest.mark.parametrize("kind", list(BUYERS))
def test_the_platform_takes_the_invoice_under_its_own_word(sandbox, kind):
    values, address, line, rule, note = BUYERS[kind]
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    siret = story.a_siret(story.a_siren())
    usual = {} if values.get("kind") or "siret" in values else {"siret": siret, "electronic_address": siret[:9]}
    invoice = story.an_issued_invoice(story.a_customer(company, address=address, **usual | values), [line])
    drain(at=story.AT)
    row = Transmission.everywhere.get(invoice=invoice)
    assert (row.status, row.last_error) == (TransmissionStatus.DEPOSITED, "")
    flow = SandboxFlow.objects.get(seller=company.siren, invoice_number=invoice.number)
    assert (flow.processing_rule, flow.ack_status) == (rule, "Pending")
    _verdict, xml = document_of(invoice)
    assert f"<ram:Content>{note}</ram:Content>" in xml
    assert not any(f">{code}</ram:CountryID>" in xml for code in ("GP", "MQ", "RE"))


@pytest.mark.parametrize("country", ["GP", "MQ", "RE"])
def test_a_seller_in_an_overseas_department_is_judged_as_in_france(sandbox, country):
    company = story.a_company(country=country, postcode="97100", city="Chef-lieu")
    platforms.a_platform_account(company, sandbox)
    siret = story.a_siret(story.a_siren())
    invoice = story.an_issued_invoice(story.a_customer(company, siret=siret, electronic_address=siret[:9]))
    drain(at=story.AT)
    verdict, xml = document_of(invoice)
    assert "br-fr" in verdict["checks"]
    assert f">{country}<" not in xml


def test_monaco_is_as_the_installation_says(sandbox, settings):
    settings.MONACO_IS_DOMESTIC = True
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    siret = story.a_siret(story.a_siren())
    customer = story.a_customer(company, siret=siret, electronic_address=siret[:9], address=overseas("MC", "98000"))
    invoice = story.an_issued_invoice(customer)
    drain(at=story.AT)
    assert SandboxFlow.objects.get(seller=company.siren, invoice_number=invoice.number).processing_rule == "B2B"


@pytest.mark.parametrize("category", ["G", "O"])
@pytest.mark.parametrize("country", ["GF", "YT"])
def test_what_is_sold_to_guyane_and_mayotte_cites_article_294(category, country):
    company = story.a_company()
    customer = story.a_customer(company, address=overseas(country, "97300"))
    invoice = story.an_issued_invoice(customer, [untaxed(category)])
    assert "art. 294 du CGI" in VatSubtotal.everywhere.get(invoice=invoice).exemption_reason


def test_what_a_seller_in_guyane_sells_cites_article_294(sandbox):
    company = story.a_company(country="GF", postcode="97300", city="Cayenne", vat_number="")
    invoice = story.an_issued_invoice(story.a_customer(company), [untaxed("O")])
    assert VatSubtotal.everywhere.get(invoice=invoice).exemption_reason == "TVA non applicable, art. 294 du CGI"


def test_what_is_outside_the_scope_is_valid_from_a_company_with_a_vat_number(sandbox):
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    siret = story.a_siret(story.a_siren())
    customer = story.a_customer(
        company, siret=siret, electronic_address=siret[:9], vat_number=vat.from_siren(siret[:9])
    )
    invoice = story.an_issued_invoice(customer, [untaxed("O")])
    drain(at=story.AT)
    row = Transmission.everywhere.get(invoice=invoice)
    assert (row.status, row.last_error) == (TransmissionStatus.DEPOSITED, "")
    assert invoice.seller["vat_number"] == company.vat_number  # the paper prints it (CGI ann. II 242 nonies A)
