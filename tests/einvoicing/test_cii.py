"""CII: golden bytes, the round trip of the whole model, and numbers as the French rules want them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from config.kernel.errors import Invalid
from einvoicing import document as model
from einvoicing.formats import cii
from einvoicing.formats.xml import amount, decimal, read_number
from einvoicing.validation import check
from tests.einvoicing import documents, samples

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = (
    documents.standard_invoice,
    documents.credit_note,
    documents.individual_invoice,
    documents.public_invoice,
    documents.full_invoice,
)


@pytest.mark.parametrize("name", ["standard_invoice", "credit_note"])
def test_the_bytes_of_a_document_are_those_of_its_golden_file(name):
    assert cii.render(getattr(documents, name)()) == (GOLDEN / f"{name}.xml").read_bytes()


@pytest.mark.parametrize("build", DOCUMENTS)
def test_what_is_rendered_is_read_back_identical(build):
    document = build()
    assert cii.parse(cii.render(document)) == document


@pytest.mark.parametrize("build", DOCUMENTS)
def test_every_document_satisfies_the_schema_the_profile_and_the_french_rules(build):
    report = check(cii.render(build()))
    assert report.violations == ()
    assert report.valid
    assert report.checks == ("xsd", "en16931", "br-fr")


def test_the_full_document_leaves_no_field_of_the_model_empty():
    document = documents.full_invoice()
    unused = {"tax_currency", "vat_point_date"}  # the first needs a foreign currency, BT-7 excludes BT-8
    assert {name for name in model.Invoice.__slots__ if not getattr(document, name)} == unused


def test_a_foreign_currency_carries_its_tax_in_euros():
    totals = replace(documents.standard_invoice().totals, vat_in_tax_currency=Decimal("185.50"))
    document = replace(documents.standard_invoice(), currency="USD", tax_currency="EUR", totals=totals)
    assert cii.parse(cii.render(document)) == document
    assert check(cii.render(document)).violations == ()


def test_several_accounts_survive_the_round_trip():
    second = model.Account(iban="DE89370400440532013000", account_name="Durand GmbH", bic="COBADEFF")
    local = model.Account(iban="12345-678", account_name="Compte local")
    payment = replace(documents.standard_invoice().payment, other_accounts=(second, local))
    document = replace(documents.standard_invoice(), payment=payment)
    assert cii.parse(cii.render(document)) == document


@samples.each("akretion/factur-x-*.xml")
def test_real_factur_x_files_are_read_and_written_without_loss_to_the_model(path):
    document = cii.parse(path.read_bytes())
    assert document.number
    assert document.seller.siren
    assert cii.parse(cii.render(document)) == document


@samples.each("cen/cii-examples/*.xml")
def test_the_official_examples_are_read(path):
    document = cii.parse(path.read_bytes())
    assert document.lines
    assert document.totals.payable is not None


def test_amounts_have_two_decimals_and_no_exponent():
    assert amount(Decimal("1E+3")) == "1000.00"
    assert amount(Decimal("-0.5")) == "-0.50"
    assert amount(Decimal("12345678901234567890123.45")) == "12345678901234567890123.45"
    with pytest.raises(ValueError, match="more than 2 decimals"):
        amount(Decimal("0.005"))


def test_prices_have_two_to_six_decimals_and_quantities_at_most_four():
    assert decimal(Decimal("100"), most=6, least=2) == "100.00"
    assert decimal(Decimal("0.123456"), most=6, least=2) == "0.123456"
    assert decimal(Decimal("1E-4"), most=4) == "0.0001"
    assert decimal(Decimal("1E+2"), most=4) == "100"
    with pytest.raises(ValueError, match="more than 4 decimals"):
        decimal(Decimal("0.00001"), most=4)


@pytest.mark.parametrize("text", ["1E9999999", "NaN", "١٢", "1,5", "1_000", "0x10", "9" * 41])
def test_a_number_in_no_decimal_notation_is_refused(text):
    with pytest.raises(Invalid):
        read_number(text)


def test_control_characters_of_a_text_never_reach_the_xml():
    line = replace(documents.standard_invoice().lines[0], name="Vis\x00 6\x0b mm\ud800")
    document = replace(documents.standard_invoice(), lines=(line,))
    assert cii.parse(cii.render(document)).lines[0].name == "Vis 6 mm"


def _without(path: str) -> bytes:
    root = etree.fromstring(cii.render(documents.standard_invoice()))
    for element in root.iter():
        if etree.QName(element).localname == path:
            element.getparent().remove(element)
            break
    return etree.tostring(root)


@pytest.mark.parametrize(
    "element",
    [
        "IssueDateTime",
        "GrandTotalAmount",
        "DuePayableAmount",
        "BilledQuantity",
        "ApplicableHeaderTradeSettlement",
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        "ExchangedDocument",
    ],
)
def test_a_document_without_a_vital_element_is_refused_with_a_sentence(element):
    with pytest.raises(Invalid) as refusal:
        cii.parse(_without(element))
    assert str(refusal.value).endswith((".", ")."))
