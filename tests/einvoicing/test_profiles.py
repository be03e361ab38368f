"""The profiles of Factur-X: each rendered as its own rules want it, losing what it must and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
from lxml import etree

from billing.pdf_engine import make_pdf
from einvoicing import document as model
from einvoicing.formats import cii, facturx, pdfa, ubl
from einvoicing.formats.cii import profiles
from einvoicing.validation import FRENCH, PROFILE, SCHEMA, artefacts, check
from tests.einvoicing import documents

XSD = "{http://www.w3.org/2001/XMLSchema}"
LEVELS = ("MINIMUM", "BASIC WL", "BASIC", "EN 16931", "EXTENDED", "EXTENDED")
each_profile = pytest.mark.parametrize("profile", profiles.PROFILES, ids=lambda profile: profile.rpartition(":")[2])


def without_rounding() -> model.Invoice:
    document = documents.full_invoice()
    return replace(document, totals=replace(document.totals, rounding=Decimal(0), payable=Decimal(1000)))


def paid_by_card() -> model.Invoice:
    """In dollars, with its tax in euros, a date of tax, and paid by card."""
    card = model.Payment(means_code="48", card_number="1234", card_holder="C. Petit", terms="Payé")
    totals = replace(documents.standard_invoice().totals, vat_in_tax_currency=Decimal("185.50"))
    return replace(
        documents.standard_invoice(),
        payment=card,
        currency="USD",
        tax_currency="EUR",
        totals=totals,
        vat_point_code="",
        vat_point_date=documents.standard_invoice().issue_date,
    )


DOCUMENTS = (
    documents.standard_invoice,
    documents.credit_note,
    documents.public_invoice,
    without_rounding,
    paid_by_card,
)


@each_profile
@pytest.mark.parametrize("build", DOCUMENTS)
def test_each_profile_is_valid_by_its_own_rules(build, profile):
    report = check(cii.render(build(), profile=profile), rules=(SCHEMA, PROFILE))
    assert [violation for violation in report.violations if violation.severity == "fatal"] == []
    assert (report.profile, report.checks, report.valid) == (profile, ("xsd", "en16931"), True)


@each_profile
@pytest.mark.parametrize("build", DOCUMENTS)
def test_the_french_rules_take_every_profile_but_minimum(build, profile):
    assert check(cii.render(build(), profile=profile), rules=(FRENCH,)).valid is (profile != profiles.MINIMUM)


@each_profile
@pytest.mark.parametrize("build", DOCUMENTS)
def test_what_a_profile_keeps_is_read_back(build, profile):
    data = cii.render(build(), profile=profile)
    document = cii.parse(data)
    assert document == profiles.reduce_to(build(), profile)
    assert cii.render(document) == data


def _allowed(profile: str) -> set[str]:
    """The paths of elements that the schema of a profile lets through."""
    types, elements = {}, {}
    schemas = [artefacts.locate(artefacts.ARTEFACTS["CrossIndustryInvoice", profile].schema)]
    for path in schemas:
        schema = etree.parse(str(path)).getroot()
        schemas.extend(found for found in _imports(path, schema) if found not in schemas)
        space = schema.get("targetNamespace")
        types.update({(space, item.get("name")): item for item in schema.iterfind(f"{XSD}complexType")})
        elements.update({item.get("name"): item for item in schema.iterfind(f"{XSD}element")})
    return set(_paths(elements["CrossIndustryInvoice"], types, ""))


def _imports(path: Path, schema: etree._Element) -> list[Path]:
    return [path.parent / item.get("schemaLocation") for item in schema.iterfind(f"{XSD}import")]


def _paths(element: etree._Element, types: dict, before: str) -> Iterator[str]:
    prefix, _, name = element.get("type").rpartition(":")
    kind = types.get((element.nsmap[prefix or None], name))
    for child in () if kind is None else kind.iter(f"{XSD}element"):
        if child.get("name") and child.get("type"):
            path = f"{before}/{child.get('name')}"
            yield path
            yield from _paths(child, types, path)


def _written(data: bytes) -> set[str]:
    found = set()
    for element in etree.fromstring(data).iter(etree.Element):
        steps = [etree.QName(step).localname for step in (*reversed(list(element.iterancestors())), element)]
        found.add("/".join(["", *steps[1:]]))
    return found


# what the schema would take and the schematron of the profile refuses, or what means nothing alone
REFUSED = {
    profiles.MINIMUM: {"BuyerTradeParty/PostalTradeAddress", "BuyerTradeParty/SpecifiedTaxRegistration"},
    profiles.BASIC_WL: {"BuyerTradeParty/SpecifiedLegalOrganization/TradingBusinessName"},
    profiles.BASIC: {
        "BuyerTradeParty/SpecifiedLegalOrganization/TradingBusinessName",
        "SpecifiedLineTradeSettlement/SpecifiedTradeAllowanceCharge/CalculationPercent",
        "SpecifiedLineTradeSettlement/SpecifiedTradeAllowanceCharge/BasisAmount",
    },
}


@pytest.mark.parametrize("profile", [profiles.MINIMUM, profiles.BASIC_WL, profiles.BASIC])
def test_a_profile_loses_only_what_its_rules_do_not_take(profile):
    whole = _written(cii.render(without_rounding(), profile=model.EN16931))
    kept = _written(cii.render(without_rounding(), profile=profile))
    lost = (whole - kept) & _allowed(profile)
    assert {path for path in lost if not any(refused in path for refused in REFUSED[profile])} == set()
    assert lost != set()


@pytest.mark.parametrize("profile", [profiles.BASIC_WL, profiles.BASIC])
def test_a_profile_that_cannot_carry_a_rounding_refuses_it(profile):
    with pytest.raises(ValueError, match="BT-114"):
        cii.render(documents.full_invoice(), profile=profile)


def test_a_document_keeps_its_own_profile_unless_another_is_asked():
    document = cii.parse(cii.render(documents.standard_invoice(), profile=profiles.BASIC))
    assert document.profile == profiles.BASIC
    assert cii.parse(cii.render(document)).profile == profiles.BASIC
    assert cii.parse(cii.render(document, profile=model.EN16931)).profile == model.EN16931


@pytest.mark.parametrize(("profile", "level"), list(zip(profiles.PROFILES, LEVELS, strict=True)))
def test_the_file_says_the_level_and_the_relationship_of_its_xml(profile, level):
    pdf = make_pdf(
        "<html lang='fr'><title>Facture</title><p>1 200,00 €</p></html>", stylesheet="invoice.css", identifier=b"0" * 16
    )
    xml = cii.render(documents.standard_invoice(), profile=profile)
    whole = facturx.embed(pdf, xml, number="F-1", issued_at=datetime(2026, 11, 20, tzinfo=UTC), seller="Durand")
    assert pdfa.check(whole) == ()
    assert f"<fx:ConformanceLevel>{level}</fx:ConformanceLevel>".encode() in whole
    with pikepdf.Pdf.open(io.BytesIO(whole)) as document:
        relationship = str(document.Root.AF[0].AFRelationship)
    assert relationship == ("/Data" if level in {"MINIMUM", "BASIC WL"} else "/Alternative")


def test_an_xml_that_is_not_in_a_profile_of_factur_x_is_not_embedded():
    peppol = replace(documents.standard_invoice(), profile=f"{model.EN16931}#compliant#urn:fdc:peppol.eu:2017")
    for xml in (cii.render(peppol), ubl.render(documents.standard_invoice())):
        with pytest.raises(ValueError, match="not a profile"):
            facturx.embed(b"", xml, number="F-1", issued_at=datetime(2026, 11, 20, tzinfo=UTC), seller="Durand")
