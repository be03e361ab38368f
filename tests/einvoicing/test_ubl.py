"""UBL: the round trip of the whole model, and documents the official rules accept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from config.kernel.errors import Invalid
from einvoicing import document as model
from einvoicing.formats import cii, ubl
from einvoicing.formats.ubl.vocabulary import NS, ROOTS
from einvoicing.validation import check
from tests.einvoicing import documents

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = (
    documents.standard_invoice,
    documents.credit_note,
    documents.individual_invoice,
    documents.public_invoice,
    documents.full_invoice,
    documents.full_credit_note,
)


@pytest.mark.parametrize("name", ["standard_invoice", "credit_note", "full_invoice"])
def test_the_bytes_of_a_document_are_those_of_its_golden_file(name):
    assert ubl.render(getattr(documents, name)()) == (GOLDEN / f"{name}.ubl.xml").read_bytes()


@pytest.mark.parametrize("build", DOCUMENTS)
def test_what_is_rendered_is_read_back_identical(build):
    document = build()
    assert ubl.parse(ubl.render(document)) == document


@pytest.mark.parametrize("build", DOCUMENTS)
def test_every_document_satisfies_the_schema_the_standard_and_the_french_rules(build):
    report = check(ubl.render(build()))
    assert report.violations == ()
    assert report.valid
    assert (report.syntax, report.checks) == ("UBL", ("xsd", "en16931", "br-fr"))


def test_a_buyer_of_several_identifiers_keeps_its_siret_or_the_first_for_ubl_has_one_place():
    several = (model.Identifier("A1", "0088"), model.Identifier("B2", "0060"))
    for siret, kept in ((documents.BUYER.siret, documents.BUYER.siret), ("", "A1")):
        buyer = replace(documents.BUYER, siret=siret, identifiers=several)
        data = ubl.render(replace(documents.standard_invoice(), buyer=buyer))
        assert check(data).violations == ()
        assert f">{kept}</cbc:ID></cac:PartyIdentification>" in "".join(data.decode().split())


def test_the_same_document_gives_the_same_bytes():
    assert ubl.render(documents.full_invoice()) == ubl.render(documents.full_invoice())


@pytest.mark.parametrize(("type_code", "kind"), [("380", "Invoice"), ("384", "Invoice"), ("381", "CreditNote")])
def test_a_credit_note_is_a_document_of_its_own(type_code, kind):
    document = replace(documents.credit_note(), type_code=type_code)
    assert ROOTS[etree.fromstring(ubl.render(document)).tag] == kind


@pytest.mark.parametrize(("point", "written"), [("5", "3"), ("29", "35"), ("72", "432")])
def test_the_moment_of_the_tax_is_written_with_the_codes_of_ubl(point, written):
    document = replace(documents.standard_invoice(), vat_point_code=point)
    data = ubl.render(document)
    assert NS.text(etree.fromstring(data), "cac:InvoicePeriod/cbc:DescriptionCode") == written
    assert ubl.parse(data) == document


def test_the_subject_code_of_a_note_is_written_before_its_text():
    root = etree.fromstring(ubl.render(documents.full_invoice()))
    written = [note.text for note in NS.all(root, "cbc:Note")]
    assert written[0] == f"#PMT#{documents.NOTES[0].text}"
    assert written[-1] == "Merci !"


def _with_note(text: str) -> bytes:
    root = etree.fromstring(ubl.render(replace(documents.standard_invoice(), notes=(model.Note("", "ICI"),))))
    for note in NS.all(root, "cbc:Note"):
        note.text = text
    return etree.tostring(root)


def test_several_notes_written_in_one_are_told_apart():
    notes = ubl.parse(_with_note("Merci #PMT#40 €#PMD#Trois fois#AAB#")).notes
    assert notes == (
        model.Note("", "Merci "),
        model.Note("PMT", "40 €"),
        model.Note("PMD", "Trois fois"),
        model.Note("AAB", ""),
    )


def test_a_note_without_subject_code_keeps_its_sharps():
    assert ubl.parse(_with_note("Devis #42# accepté")).notes == (model.Note("", "Devis #42# accepté"),)


def test_a_sales_order_without_purchase_order_survives():
    document = replace(documents.standard_invoice(), purchase_order="", sales_order="VTE-1")
    assert ubl.parse(ubl.render(document)) == document
    assert check(ubl.render(document)).violations == ()


def test_a_foreign_currency_carries_its_tax_in_euros():
    totals = replace(documents.standard_invoice().totals, vat_in_tax_currency=Decimal("185.50"))
    document = replace(documents.standard_invoice(), currency="USD", tax_currency="EUR", totals=totals)
    assert ubl.parse(ubl.render(document)) == document
    assert check(ubl.render(document)).violations == ()


def test_several_accounts_and_a_card_survive_the_round_trip():
    second = model.Account(iban="DE89370400440532013000", account_name="Durand GmbH", bic="COBADEFF")
    payment = replace(documents.standard_invoice().payment, other_accounts=(second,))
    document = replace(documents.standard_invoice(), payment=payment)
    assert ubl.parse(ubl.render(document)) == document
    card = model.Payment(means_code="48", card_number="1234", card_holder="C. Petit", terms="Payé")
    document = replace(document, payment=card)
    assert ubl.parse(ubl.render(document)) == document
    assert check(ubl.render(document)).violations == ()


def test_the_due_date_of_a_credit_note_survives_without_means_of_payment():
    document = replace(documents.credit_note(), due_date=date(2026, 12, 20))
    assert ubl.parse(ubl.render(document)) == document
    assert check(ubl.render(document)).violations == ()


def test_the_creditor_of_a_direct_debit_is_named_by_who_is_paid():
    document = documents.full_invoice()
    root = etree.fromstring(ubl.render(document))
    path = "cac:PartyIdentification/cbc:ID"
    assert "SEPA" in {item.get("schemeID") for item in NS.all(NS.find(root, "cac:PayeeParty"), path)}
    alone = replace(document, payee=None)
    seller = NS.find(etree.fromstring(ubl.render(alone)), "cac:AccountingSupplierParty/cac:Party")
    assert "SEPA" in {item.get("schemeID") for item in NS.all(seller, path)}
    assert ubl.parse(ubl.render(alone)) == alone


def test_a_discount_without_gross_price_gives_the_gross_price():
    root = etree.fromstring(ubl.render(documents.full_invoice()))
    discount = NS.find(root, "cac:InvoiceLine/cac:Price/cac:AllowanceCharge")
    discount.remove(NS.find(discount, "cbc:BaseAmount"))
    line = ubl.parse(etree.tostring(root)).lines[0]
    assert (line.unit_price, line.price_discount, line.gross_price) == (100, 10, 110)
    assert ubl.parse(ubl.render(ubl.parse(etree.tostring(root)))).lines[0] == line


def test_the_buyer_has_neither_a_legal_form_nor_another_tax_number():
    document = documents.standard_invoice()
    more = replace(document, buyer=replace(document.buyer, legal_information="SAS", tax_number="42"))
    assert ubl.parse(ubl.render(more)) == document
    assert cii.parse(cii.render(more)) == document


def _without(name: str) -> bytes:
    root = etree.fromstring(ubl.render(documents.standard_invoice()))
    for element in root.iter(etree.Element):
        if etree.QName(element).localname == name:
            element.getparent().remove(element)
            break
    return etree.tostring(root)


@pytest.mark.parametrize(
    "element", ["ID", "IssueDate", "LegalMonetaryTotal", "PayableAmount", "InvoicedQuantity", "PriceAmount"]
)
def test_a_document_without_a_vital_element_is_refused_with_a_sentence(element):
    with pytest.raises(Invalid) as refusal:
        ubl.parse(_without(element))
    assert str(refusal.value).endswith((".", ")."))


@pytest.mark.parametrize("text", ["20261120", "2026-13-01", "2026-11-31", "hier", "2026-11-20T10:00:00"])
def test_a_date_written_otherwise_is_refused(text):
    data = ubl.render(documents.standard_invoice()).replace(b">2026-11-20<", f">{text}<".encode())
    with pytest.raises(Invalid, match="n’est pas une date"):
        ubl.parse(data)


def test_a_date_with_a_time_zone_is_read():
    data = ubl.render(documents.standard_invoice()).replace(b">2026-11-20<", b">2026-11-20+01:00<")
    assert ubl.parse(data).issue_date == date(2026, 11, 20)


def test_a_broken_attachment_is_refused():
    data = ubl.render(documents.full_invoice()).replace(b'filename="bl.pdf">', b'filename="bl.pdf">A')
    with pytest.raises(Invalid, match="pièce jointe"):
        ubl.parse(data)


def test_another_document_is_refused():
    with pytest.raises(ubl.NotUbl):
        ubl.parse(b"<Order/>")
