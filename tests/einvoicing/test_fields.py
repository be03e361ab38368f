"""Every rule of the official sheets names a field that a partner can mend."""

from __future__ import annotations

import re

import pytest

from billing.api.invoices.bodies import InvoiceBody
from einvoicing.problems.fields import field_of
from einvoicing.validation.artefacts import ARTEFACTS, locate
from einvoicing.validation.schematron import _TERM as TERM
from einvoicing.validation.sentences import SENTENCES

SHEETS = sorted({name for artefact in ARTEFACTS.values() for name in (artefact.profile, artefact.french) if name})
KNOWN = {*InvoiceBody().fields, "company", "customer"}
ID = re.compile(r'<xsl:attribute name="id">([^<]+)<')


@pytest.mark.parametrize("sheet", [*SHEETS, "own:EN16931-CII-validation.xslt"])
def test_every_rule_names_a_field_that_exists(sheet):
    rules = set(ID.findall(locate(sheet).read_text("utf-8"))) | set(SENTENCES)
    for rule in rules:
        term = TERM.search(rule.partition("_")[2])
        assert field_of(rule, term[1] if term else "") in KNOWN, rule


@pytest.mark.parametrize("group", ["BT", "BG"])
def test_every_term_names_a_field_that_exists(group):
    assert {field_of("", f"{group}-{number}") for number in range(1, 200)} <= KNOWN


@pytest.mark.parametrize(
    ("rule", "location", "field"),
    [
        ("BR-IC-12", "", "delivery_address"),
        ("BR-IC-11", "", "supply_date"),
        ("BR-FR-05", "", "company"),
        ("BR-FR-11", "", "customer"),
        ("FX-SCH-A-000100", "/CrossIndustryInvoice/SupplyChainTradeTransaction/X/BuyerTradeParty/Name", "customer"),
        ("BR-CO-10", "", "items"),
        ("XSD", "ligne 3", "items"),
    ],
)
def test_it_is_the_right_one(rule, location, field):
    assert field_of(rule, "", location) == field
