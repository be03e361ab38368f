"""Why a sale bears no VAT: the official list, chosen on line, product or customer, printed and written as chosen."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Any

import pypdfium2
import pytest
from django.forms import modelform_factory
from django.urls import reverse

from billing.forms.lines import LineForm, line_formset
from billing.forms.vat import VatField, read_vat, written_vat
from billing.models import InvoiceLine, VatSubtotal
from billing.pdf import render_pdf
from billing.services.crediting import draft_credit_note
from billing.services.lines import LineInput
from billing.services.orders import save_order
from billing.services.products import save_product
from config.kernel.errors import Invalid
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers import exemptions
from customers.admin import CustomerForm as AdminForm
from customers.forms import CustomerForm
from customers.models import Customer
from einvoicing import validation
from einvoicing.formats import cii, ubl
from einvoicing.services.documents import _issued_document
from einvoicing.validation.artefacts import ARTEFACTS, locate
from tests.api.client import a_partner, json_of
from tests.factories import story
from tests.factories.people import signed_in

CARE = "VATEX-FR-CGI261-4"


def test_the_list_is_the_official_one() -> None:
    sheet = locate(ARTEFACTS["Invoice", "urn:cen.eu:en16931:2017"].profile).read_text("utf-8")
    official = set(re.findall(r"VATEX-(?:EU|FR)-[A-Z0-9-]+", sheet))
    assert set(exemptions.MOTIVES) == official


def test_every_motive_has_its_sentence_and_its_source() -> None:
    assert all(motive.sentence and motive.source for motive in exemptions.MOTIVES.values())
    assert max(len(motive.sentence) for motive in exemptions.MOTIVES.values()) <= 200


@pytest.mark.django_db
def test_the_motive_of_a_line_is_written_on_its_invoice_and_its_credit_note() -> None:
    customer = story.a_customer(story.a_company())
    line = story.a_line("Soin", vat_category="E", vat_rate=Decimal(0), exemption_code=CARE)
    invoice = story.an_issued_invoice(customer, [line])
    row = VatSubtotal.everywhere.get(invoice=invoice)
    assert (row.exemption_code, "art. 261, 4 du CGI" in row.exemption_reason) == (CARE, True)
    with company_scope(customer.company_id):
        note = draft_credit_note(invoice=invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=story.AT)
    assert InvoiceLine.everywhere.get(invoice=note).exemption_code == CARE


@pytest.mark.django_db
def test_the_motive_of_a_product_comes_with_it_and_another_is_refused() -> None:
    company = story.a_company()
    values = {"reference": "S1", "name": "Soin", "unit_price": Decimal(50), "vat_category": "E", "vat_rate": Decimal(0)}

    def saved(code: str):
        more = values | {"exemption_code": code}
        return save_product(product=None, company_id=company.pk, values=more, actor=story.ACTOR, at=story.AT)

    with company_scope(company):
        assert LineInput.of_product(saved(CARE), Decimal(1)).exemption_code == CARE
        for wrong in ("VATEX-EU-G", "VATEX-XX", exemptions.FRANCHISE_CODE):
            with pytest.raises(Invalid) as refused:
                saved(wrong)
            assert "exemption_code" in refused.value.fields


def test_a_motive_of_another_category_gives_way_to_the_usual_one() -> None:
    assert not exemptions.is_motive(CARE, "AE")
    assert exemptions.default_code("S") == ""
    assert exemptions.default_code("AE") == "VATEX-EU-AE"


@pytest.mark.parametrize("code", ["", CARE, "VATEX-EU-132-1B"])
def test_the_sheet_keeps_the_motive_of_a_line(code: str) -> None:
    choice = written_vat("E", Decimal(0), code)
    assert read_vat(choice) == ("E", Decimal(0), code)
    assert VatField().clean(choice) == choice
    line = story.a_line(vat_category="E", vat_rate=Decimal(0), exemption_code=code)
    row = line_formset(company=Company(), rows=[line]).forms[0]
    assert f'value="{choice}" selected' in str(row["vat"])


def test_the_sheet_takes_no_motive_of_its_own_making() -> None:
    sent = {"description": "x", "quantity": "1", "unit_price": "1", "unit": "C62", "vat": "E:0:VATEX-XX"}
    assert "vat" in LineForm(sent, company=Company()).errors


TRAVEL = "VATEX-EU-D"


def exempt(**values: Any) -> LineInput:
    return story.a_line("Séance", vat_category="E", vat_rate=Decimal(0), **values)


@pytest.mark.django_db
@pytest.mark.parametrize(("own", "code"), [("", CARE), (TRAVEL, TRAVEL)])
def test_the_line_or_product_speaks_before_the_customer(own: str, code: str) -> None:
    customer = story.a_customer(story.a_company(), exemption_code=CARE)
    draft = story.a_draft(customer, [exempt(exemption_code=own), story.a_line()])
    codes = InvoiceLine.everywhere.filter(invoice=draft).order_by("position").values_list("exemption_code", flat=True)
    assert list(codes) == [code, ""]


@pytest.mark.django_db
def test_the_motive_of_a_customer_reaches_its_orders_pdf_and_xml_in_the_same_words() -> None:
    customer = story.a_customer(story.a_company(), exemption_code=CARE)
    with company_scope(customer.company_id):
        order = save_order(order=None, customer=customer, values={}, lines=[exempt()], actor=story.ACTOR, at=story.AT)
        assert order.lines.get().exemption_code == CARE
        invoice = story.an_issued_invoice(customer, [exempt()])
        with pypdfium2.PdfDocument(render_pdf(invoice)) as document:
            printed = " ".join(document[0].get_textpage().get_text_bounded().split())
        assert "art. 261, 4 du CGI" in printed
        for syntax in (cii, ubl):
            data = syntax.render(_issued_document(invoice))
            assert validation.check(data).valid
            vat = syntax.parse(data).vat[0]
            assert (vat.exemption_code, vat.exemption_reason) == (CARE, exemptions.mention(CARE))


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["VATEX-XX", "VATEX-EU-G", exemptions.FRANCHISE_CODE])
def test_a_customer_takes_no_motive_but_of_exempt_sales(wrong: str) -> None:
    company = story.a_company()
    with pytest.raises(Invalid) as refused:
        story.a_customer(company, exemption_code=wrong)
    assert "exemption_code" in refused.value.fields
    with company_scope(company):
        in_admin = modelform_factory(Customer, form=AdminForm, fields="__all__")
        for form in (partial(CustomerForm, company=company), in_admin):
            assert "exemption_code" in form({"exemption_code": wrong, "kind": "ORGANISATION"}).errors
            assert "exemption_code" not in form({"exemption_code": CARE, "kind": "ORGANISATION"}).errors
    answer = a_partner(company).post("/api/customers", A_CLINIC | {"exemption_code": wrong})
    assert (answer.status_code, list(json_of(answer)["fields"])) == (400, ["exemption_code"])


A_CLINIC = {
    "customer_type": "organisation",
    "name": "Clinique",
    "exemption_code": CARE,
    "billing_address": {"line": "1 rue", "postcode": "75001", "city": "Paris"},
}


@pytest.mark.django_db
def test_the_motive_of_a_customer_is_shown_wherever_the_customer_is() -> None:
    company = story.a_company()
    partner = a_partner(company)
    made = json_of(partner.post("/api/customers", A_CLINIC))
    assert made["exemption_code"] == CARE
    assert CARE in b"".join(partner.get("/api/customers?format=csv").streaming_content).decode()
    customer = Customer.everywhere.get(pk=made["id"])
    client = signed_in(company)
    assert exemptions.mention(CARE) in client.get(customer.get_absolute_url()).text
    assert f'value="{CARE}" selected' in client.get(reverse("customers:customer-edit", args=[customer.pk])).text
