"""Peppol BIS Billing 3 as a profile: what changes on the way there, and what it would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from einvoicing import document as model
from einvoicing import validation
from einvoicing.formats import peppol, ubl
from tests.einvoicing import documents


def rules(invoice):
    return [problem.rule.removeprefix("PEPPOL-EN16931-") for problem in peppol.problems(invoice)]


@pytest.fixture
def bis():
    return peppol.to_bis(documents.standard_invoice())


def line(bis, **changes):
    return replace(bis, lines=(replace(bis.lines[0], **changes),))


def test_the_profile_and_the_process_are_peppol_s(bis):
    assert bis.profile == "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    assert bis.business_process == "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
    assert rules(bis) == []


def test_a_french_invoice_as_it_is_would_be_refused():
    assert rules(documents.standard_invoice()) == ["R004", "R007", "R002"]


def test_the_three_french_notes_become_one_and_no_mention_is_lost(bis):
    (note,) = bis.notes
    assert note.subject_code == ""
    for mention in documents.NOTES:
        assert mention.text in note.text
    assert "B2B" not in note.text


def test_an_invoice_without_notes_gets_none():
    assert peppol.to_bis(replace(documents.standard_invoice(), notes=())).notes == ()


def test_nothing_else_is_touched(bis):
    original = documents.standard_invoice()
    same = replace(bis, profile=original.profile, business_process=original.business_process, notes=original.notes)
    assert same == original


def test_french_addresses_are_written_in_lower_case():
    party = replace(documents.BUYER, electronic_address="552100554_STATUTS")
    bis = peppol.to_bis(replace(documents.standard_invoice(), buyer=party))
    assert (bis.buyer.electronic_scheme, bis.buyer.electronic_address) == ("0225", "552100554_statuts")
    assert peppol.participant(party) == "0225:552100554_statuts"


def test_a_company_without_an_address_is_reached_by_its_siren():
    party = replace(documents.BUYER, electronic_address="", electronic_scheme="")
    assert peppol.participant(party) == "0225:552100554"
    assert peppol.participant(documents.INDIVIDUAL) == ""


def test_other_schemes_keep_their_letters():
    party = replace(documents.BUYER, electronic_address="DE123ABC", electronic_scheme="9930")
    bis = peppol.to_bis(replace(documents.standard_invoice(), buyer=party))
    assert bis.buyer.electronic_address == "DE123ABC"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"buyer_reference": "", "purchase_order": ""}, ["R003"]),
        ({"type_code": "389"}, ["P0100"]),
        ({"type_code": "384"}, ["P0112"]),
        ({"type_code": "261"}, ["P0101"]),
        ({"tax_currency": "EUR"}, ["R005"]),
        ({"buyer": documents.INDIVIDUAL}, ["CL008"]),
        ({"buyer": replace(documents.INDIVIDUAL, electronic_address="")}, ["R010"]),
        ({"seller": replace(documents.SELLER, electronic_scheme="")}, ["CL008"]),
        ({"payment": model.Payment(means_code="59")}, ["R061"]),
        ({"allowances": (model.AllowanceCharge(amount=Decimal(10), percent=Decimal(10)),)}, ["R041"]),
        ({"charges": (model.AllowanceCharge(amount=Decimal(10), base=Decimal(10)),)}, ["R042"]),
        (
            {"charges": (model.AllowanceCharge(amount=Decimal(10), base=Decimal(10), percent=Decimal(10)),)},
            ["R040"],
        ),
    ],
)
def test_what_peppol_refuses_is_told_with_its_rule(bis, changes, expected):
    assert rules(replace(bis, **changes)) == expected


def test_a_corrected_invoice_between_germans_is_admitted(bis):
    germany = model.Address(city="Kehl", country="DE")
    between = replace(
        bis,
        type_code="384",
        seller=replace(bis.seller, address=germany),
        buyer=replace(bis.buyer, address=germany),
    )
    assert rules(between) == []


def test_the_amount_of_a_line_is_its_quantity_by_its_price(bis):
    assert rules(line(bis, net=Decimal("1000.02"))) == []
    assert rules(line(bis, net=Decimal("1000.03"))) == ["R120"]
    assert rules(line(bis, price_base_quantity=Decimal(10), net=Decimal(100))) == []
    assert rules(line(bis, price_base_quantity=Decimal(0))) == ["R121"]
    assert rules(line(bis, price_base_quantity=Decimal(1), price_base_unit="DAY")) == ["R130"]


def test_a_line_s_period_lies_within_the_invoice_s(bis):
    november = model.Period(date(2026, 11, 1), date(2026, 11, 30))
    inside = replace(line(bis, period=model.Period(date(2026, 11, 5), date(2026, 11, 6))), period=november)
    outside = replace(line(bis, period=model.Period(date(2026, 10, 31), None)), period=november)
    assert (rules(inside), rules(outside)) == ([], ["R110"])


@pytest.mark.parametrize("make", [documents.standard_invoice, documents.credit_note, documents.full_invoice])
def test_it_passes_the_official_rules_of_the_norm_as_ubl(make):
    data = ubl.render(peppol.to_bis(make()))
    report = validation.check(data, rules=[validation.SCHEMA, validation.PROFILE])
    assert report.fatal == ()
    assert len(etree.fromstring(data).findall("{*}Note")) == 1


def test_the_verdict_says_plainly_what_was_not_checked():
    assert "n’ont pas été appliquées" in peppol.NOT_CHECKED
