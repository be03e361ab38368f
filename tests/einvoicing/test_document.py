"""The semantic model: frozen, decimal, and telling credit notes apart."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal

import pytest

from einvoicing import document as model
from einvoicing.validation import artefacts
from tests.einvoicing import documents


def test_a_float_is_refused_wherever_it_is_put():
    with pytest.raises(TypeError, match=r"VatSubtotal\.rate"):
        model.VatSubtotal(category="S", rate=20.0, base=Decimal(1), amount=Decimal(1))
    with pytest.raises(TypeError, match=r"Line\.unit_price"):
        replace(documents.standard_invoice().lines[0], unit_price=0.1)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_finite_is_refused(number):
    with pytest.raises(ValueError, match=r"Totals\.net"):
        replace(documents.standard_invoice().totals, net=Decimal(number))


def test_a_document_cannot_be_changed_after_it_is_made():
    invoice = documents.standard_invoice()
    with pytest.raises(FrozenInstanceError):
        invoice.number = "AUTRE"


def test_two_documents_with_the_same_content_are_equal():
    assert documents.full_invoice() == documents.full_invoice()
    assert documents.standard_invoice() != documents.credit_note()


@pytest.mark.parametrize(
    ("type_code", "gives_back"),
    [("380", False), ("384", False), ("386", False), ("381", True), ("503", True), ("81", True)],
)
def test_the_type_code_says_whether_money_is_given_back(type_code, gives_back):
    assert replace(documents.standard_invoice(), type_code=type_code).is_credit_note is gives_back


def test_a_credit_note_is_what_the_standard_lets_ubl_write_as_one():
    rules = artefacts.locate(artefacts.ARTEFACTS["CreditNote", model.EN16931].profile).read_text(encoding="utf-8")
    listed = re.search(r"self::cbc:CreditNoteTypeCode.{0,200}?contains\(' ([0-9 ]+) '", rules)
    assert listed
    assert frozenset(listed[1].split()) == model.CREDIT_NOTES
