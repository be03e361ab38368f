"""Read the parties of a CII document: BG-4, BG-7, BG-10, BG-11, and the addresses."""

from __future__ import annotations

from dataclasses import replace

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.cii.vocabulary import NS, SIREN, SIRET


def _identifier(element: _Element | None) -> model.Identifier | None:
    if element is None or not element.text:
        return None
    return model.Identifier(element.text, element.get("schemeID", ""))


def read_identifiers(element: _Element | None) -> list[model.Identifier]:
    """BT-29, BT-46, BT-60, BT-71."""
    found = (*NS.all(element, "ram:ID"), *NS.all(element, "ram:GlobalID"))
    return [identifier for identifier in map(_identifier, found) if identifier]


def read_party(element: _Element | None) -> model.Party:
    """BG-4, and what BG-7 shares with it."""
    identifiers = read_identifiers(element)
    siret = next((item for item in identifiers if item.scheme == SIRET), None)
    legal = _identifier(NS.find(element, "ram:SpecifiedLegalOrganization/ram:ID"))
    siren = legal.value if legal and legal.scheme == SIREN else ""
    address = _identifier(NS.find(element, "ram:URIUniversalCommunication/ram:URIID"))
    taxes = {
        item.get("schemeID", ""): item.text or "" for item in NS.all(element, "ram:SpecifiedTaxRegistration/ram:ID")
    }
    return model.Party(
        name=NS.text(element, "ram:Name"),
        trade_name=NS.text(element, "ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
        siren=siren,
        legal_identifier=None if siren else legal,
        siret=siret.value if siret else "",
        identifiers=tuple(item for item in identifiers if item is not siret),
        vat_number=taxes.get("VA", ""),
        tax_number=taxes.get("FC", ""),
        legal_information=NS.text(element, "ram:Description"),
        electronic_address=address.value if address else "",
        electronic_scheme=address.scheme if address else "",
        address=read_address(element),
        contact=_contact(NS.find(element, "ram:DefinedTradeContact")),
    )


def read_buyer(element: _Element | None) -> model.Party:
    """BG-7, which has neither another tax number (BT-32) nor a legal form (BT-33)."""
    return replace(read_party(element), tax_number="", legal_information="")


def _contact(element: _Element | None) -> model.Contact | None:
    if element is None:
        return None
    found = model.Contact(
        name=NS.text(element, "ram:PersonName") or NS.text(element, "ram:DepartmentName"),
        phone=NS.text(element, "ram:TelephoneUniversalCommunication/ram:CompleteNumber"),
        email=NS.text(element, "ram:EmailURIUniversalCommunication/ram:URIID"),
    )
    return None if found == model.Contact() else found


def read_address(party: _Element | None) -> model.Address | None:
    """BG-5, BG-8, BG-12, BG-15, inside its party."""
    element = NS.find(party, "ram:PostalTradeAddress")
    if element is None:
        return None
    return model.Address(
        line_one=NS.text(element, "ram:LineOne"),
        line_two=NS.text(element, "ram:LineTwo"),
        line_three=NS.text(element, "ram:LineThree"),
        postcode=NS.text(element, "ram:PostcodeCode"),
        city=NS.text(element, "ram:CityName"),
        subdivision=NS.text(element, "ram:CountrySubDivisionName"),
        country=NS.text(element, "ram:CountryID"),
    )


def read_payee(element: _Element | None) -> model.Payee | None:
    """BG-10."""
    if element is None:
        return None
    return model.Payee(
        name=NS.text(element, "ram:Name"),
        identifier=next(iter(read_identifiers(element)), None),
        legal_identifier=_identifier(NS.find(element, "ram:SpecifiedLegalOrganization/ram:ID")),
    )


def read_representative(element: _Element | None) -> model.TaxRepresentative | None:
    """BG-11."""
    if element is None:
        return None
    return model.TaxRepresentative(
        name=NS.text(element, "ram:Name"),
        vat_number=NS.text(element, "ram:SpecifiedTaxRegistration/ram:ID"),
        address=read_address(element),
    )
