"""Invoices made by others: read, written and read again they say the same, in their own syntax and in the other.

What EN 16931 does not know is left aside, as the standard asks of who reads: the sub-lines, third parties, second
notes of a line and exemption reasons of a line that EXTENDED adds, references without the type code that would
say what they are, and the names of a line's own orders and deliveries.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import pytest
from lxml import etree

from config.kernel.errors import Invalid
from einvoicing import document as model
from einvoicing.formats import cii, ubl
from einvoicing.formats.cii.profiles import EXTENDED, WITHOUT_LINES
from einvoicing.validation import PROFILE, SCHEMA, check
from tests.einvoicing import documents, samples

CII = (
    "cen/cii-examples/*.xml",
    "akretion/factur-x-*.xml",
)
UBL = (
    "cen/ubl-examples/*.xml",
    "cen/testfiles/*.xml",
    "akretion/ubl-21-*.xml",
)
OWN = (
    documents.standard_invoice,
    documents.credit_note,
    documents.individual_invoice,
    documents.public_invoice,
    documents.full_invoice,
    documents.full_credit_note,
)
# CEN gives only a piece of an invoice in these
PIECES = {"BR-CO-15-2", "BR-CO-17"}
# amounts of zero, which say nothing; fixed codes; references without a type, of which nobody knows what they are;
# a second base quantity of a price that has only one (BT-149); a tax number of the buyer that is not of VAT
LEFT_ASIDE = (
    "PrepaidAmount = 0",
    "RoundingAmount = 0",
    "AllowanceTotalAmount = 0",
    "ChargeTotalAmount = 0",
    "AppliedTradeAllowanceCharge/ActualAmount = 0",
    "AppliedTradeAllowanceCharge/ChargeIndicator/Indicator = false",
    "GrossPriceProductTradePrice/BasisQuantity",
    "PartyTaxScheme/TaxScheme/ID",
    "AccountingCustomerParty/Party/PartyTaxScheme/CompanyID = NO987654321MVA",
    "ChargeIndicator = 0",
    "UBLVersionID",
    "AdditionalReferencedDocument/IssuerAssignedID",
    "TaxCurrencyCode = EUR",
)


def each(*patterns: str) -> pytest.MarkDecorator:
    found = [path for pattern in patterns for path in samples.files(pattern) if path.stem not in PIECES]
    absent = pytest.param(None, marks=pytest.mark.skip(reason="no sample files"), id="absent")
    return pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in found] or [absent])


@each(*CII)
def test_a_cii_document_says_the_same_once_written_again(path):
    document = cii.parse(path.read_bytes())
    assert cii.parse(cii.render(document)) == document


@each(*UBL)
def test_a_ubl_document_says_the_same_once_written_again(path):
    document = ubl.parse(path.read_bytes())
    assert ubl.parse(ubl.render(document)) == document


@each(*CII)
def test_a_cii_document_says_the_same_in_ubl(path):
    document = cii.parse(path.read_bytes())
    # UBL has one identifier of the buyer at most (UBL-SR-16)
    siret, others = document.buyer.siret, document.buyer.identifiers
    document = replace(document, buyer=replace(document.buyer, identifiers=() if siret else others[:1]))
    assert ubl.parse(ubl.render(document)) == document


@each(*UBL)
def test_a_ubl_document_says_the_same_in_cii(path):
    document = ubl.parse(path.read_bytes())
    assert cii.parse(cii.render(document)) == document


@pytest.mark.parametrize("build", OWN)
def test_our_documents_say_the_same_through_both_syntaxes(build):
    document = build()
    assert cii.parse(cii.render(ubl.parse(ubl.render(document)))) == document
    assert ubl.parse(ubl.render(cii.parse(cii.render(document)))) == document


@each("cen/cii-examples/*.xml", "cen/ubl-examples/*.xml", "akretion/factur-x-*.xml", "akretion/ubl-21-*.xml")
def test_what_was_valid_is_valid_in_the_other_syntax(path):
    data = path.read_bytes()
    is_cii = b"CrossIndustryInvoice" in data
    document = cii.parse(data) if is_cii else ubl.parse(data)
    if document.profile in WITHOUT_LINES or document.profile == EXTENDED:
        pytest.skip("UBL has no invoice without lines, and EN 16931 takes less than EXTENDED")
    document = replace(document, profile=model.EN16931)
    report = check(ubl.render(document) if is_cii else cii.render(document), rules=(SCHEMA, PROFILE))
    assert {violation.rule for violation in report.violations if violation.severity == "fatal"} == set()


@each(*CII, *UBL)
def test_no_text_of_the_standard_is_lost_in_its_own_syntax(path):
    if "extended" in path.stem:
        pytest.skip("says more than EN 16931, which the model holds")
    data = path.read_bytes()
    again = cii.render(cii.parse(data)) if b"CrossIndustryInvoice" in data else ubl.render(ubl.parse(data))
    assert {text for text in _said(data) - _said(again) if not any(part in text for part in LEFT_ASIDE)} == set()


def _said(data: bytes) -> Counter[str]:
    """Each text of a document with its path."""
    found: Counter[str] = Counter()
    for element in etree.fromstring(data).iter(etree.Element):
        text = " ".join((element.text or "").split())
        if text and not len(element):
            steps = [etree.QName(step).localname for step in (*reversed(list(element.iterancestors())), element)]
            found["/".join(steps[1:]) + " = " + _plain(text)] += 1
    return found


def _plain(text: str) -> str:
    try:
        return format(Decimal(text).normalize(), "f")
    except InvalidOperation:
        return text


@pytest.mark.parametrize("spoil", ["remove", "empty", "garble", "double"])
@pytest.mark.parametrize("syntax", [cii, ubl], ids=["cii", "ubl"])
def test_a_document_spoilt_anywhere_is_read_or_refused_and_nothing_else(syntax, spoil):
    data = syntax.render(documents.full_invoice())
    for place in range(1, sum(1 for _ in etree.fromstring(data).iter()), 3):
        with suppress(Invalid):
            syntax.render(syntax.parse(_spoilt(data, place, spoil)))


def _spoilt(data: bytes, place: int, spoil: str) -> bytes:
    root = etree.fromstring(data)
    element = list(root.iter())[place]
    if spoil == "remove":
        element.getparent().remove(element)
    elif spoil == "double":
        element.addnext(deepcopy(element))
    else:
        element[:] = []
        element.text = "" if spoil == "empty" else "?é 1"
    return etree.tostring(root)
