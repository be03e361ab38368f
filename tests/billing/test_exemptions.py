"""Why a sale bears no VAT: the official list, chosen on the line or the product, printed and written as chosen."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billing import exemptions
from billing.forms.lines import LineForm, line_formset
from billing.forms.vat import VatField, read_vat, written_vat
from billing.models import InvoiceLine, VatSubtotal
from billing.services.crediting import draft_credit_note
from billing.services.lines import LineInput
from billing.services.products import save_product
from config.kernel.errors import Invalid
from config.kernel.scope import company_scope
from einvoicing.validation.artefacts import ARTEFACTS, locate
from tests.factories import story

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
    row = line_formset(rows=[story.a_line(vat_category="E", vat_rate=Decimal(0), exemption_code=code)]).forms[0]
    assert f'value="{choice}" selected' in str(row["vat"])


def test_the_sheet_takes_no_motive_of_its_own_making() -> None:
    sent = {"description": "x", "quantity": "1", "unit_price": "1", "unit": "C62", "vat": "E:0:VATEX-XX"}
    assert "vat" in LineForm(sent).errors
