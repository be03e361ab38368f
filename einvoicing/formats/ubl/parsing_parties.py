"""Read the parties of a UBL document: BG-4, BG-7, BG-10, BG-11, and the addresses."""

from __future__ import annotations

from dataclasses import replace

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.ubl.vocabulary import CREDITOR, NS, SIREN, SIRET, VAT


def read_identifier(element: _Element | None) -> model.Identifier | None:
    """An identifier with its scheme, None when the element is absent or empty."""
    if element is None or not element.text:
        return None
    return model.Identifier(element.text, element.get("schemeID", ""))


def _identifiers(element: _Element | None) -> list[model.Identifier]:
    """BT-29, BT-46, BT-60: the creditor's bank identifier (BT-90) is left out."""
    found = map(read_identifier, NS.all(element, "cac:PartyIdentification/cbc:ID"))
    return [identifier for identifier in found if identifier and identifier.scheme != CREDITOR]


def read_creditor(root: _Element) -> str:
    """BT-90, with the payee or with the seller."""
    for place in ("cac:PayeeParty", "cac:AccountingSupplierParty/cac:Party"):
        for item in NS.all(root, f"{place}/cac:PartyIdentification/cbc:ID"):
            if item.get("schemeID") == CREDITOR:
                return item.text or ""
    return ""


def read_party(element: _Element | None) -> model.Party:
    """BG-4, and what BG-7 shares with it."""
    identifiers = _identifiers(element)
    siret = next((identifier for identifier in identifiers if identifier.scheme == SIRET), None)
    others = [identifier for identifier in identifiers if identifier is not siret]
    legal = read_identifier(NS.find(element, "cac:PartyLegalEntity/cbc:CompanyID"))
    siren = legal.value if legal and legal.scheme == SIREN else ""
    address = read_identifier(NS.find(element, "cbc:EndpointID"))
    vat_number = tax_number = ""
    for item in NS.all(element, "cac:PartyTaxScheme"):
        if NS.text(item, "cac:TaxScheme/cbc:ID").strip() == VAT:
            vat_number = NS.text(item, "cbc:CompanyID")
        else:
            tax_number = NS.text(item, "cbc:CompanyID")
    return model.Party(
        name=NS.text(element, "cac:PartyLegalEntity/cbc:RegistrationName"),
        trade_name=NS.text(element, "cac:PartyName/cbc:Name"),
        siren=siren,
        legal_identifier=None if siren else legal,
        siret=siret.value if siret else "",
        # as CII orders them: those without a scheme first
        identifiers=tuple(sorted(others, key=lambda identifier: identifier.scheme != "")),
        vat_number=vat_number,
        tax_number=tax_number,
        legal_information=NS.text(element, "cac:PartyLegalEntity/cbc:CompanyLegalForm"),
        electronic_address=address.value if address else "",
        electronic_scheme=address.scheme if address else "",
        address=read_address(NS.find(element, "cac:PostalAddress")),
        contact=_contact(NS.find(element, "cac:Contact")),
    )


def read_buyer(element: _Element | None) -> model.Party:
    """BG-7, which has neither another tax number (BT-32) nor a legal form (BT-33)."""
    return replace(read_party(element), tax_number="", legal_information="")


def _contact(element: _Element | None) -> model.Contact | None:
    found = model.Contact(
        name=NS.text(element, "cbc:Name"),
        phone=NS.text(element, "cbc:Telephone"),
        email=NS.text(element, "cbc:ElectronicMail"),
    )
    return None if found == model.Contact() else found


def read_address(element: _Element | None) -> model.Address | None:
    """BG-5, BG-8, BG-12, BG-15."""
    if element is None:
        return None
    return model.Address(
        line_one=NS.text(element, "cbc:StreetName"),
        line_two=NS.text(element, "cbc:AdditionalStreetName"),
        line_three=NS.text(element, "cac:AddressLine/cbc:Line"),
        postcode=NS.text(element, "cbc:PostalZone"),
        city=NS.text(element, "cbc:CityName"),
        subdivision=NS.text(element, "cbc:CountrySubentity"),
        country=NS.text(element, "cac:Country/cbc:IdentificationCode"),
    )


def read_payee(element: _Element | None) -> model.Payee | None:
    """BG-10."""
    if element is None:
        return None
    return model.Payee(
        name=NS.text(element, "cac:PartyName/cbc:Name"),
        identifier=next(iter(_identifiers(element)), None),
        legal_identifier=read_identifier(NS.find(element, "cac:PartyLegalEntity/cbc:CompanyID")),
    )


def read_representative(element: _Element | None) -> model.TaxRepresentative | None:
    """BG-11."""
    if element is None:
        return None
    return model.TaxRepresentative(
        name=NS.text(element, "cac:PartyName/cbc:Name"),
        vat_number=NS.text(element, "cac:PartyTaxScheme/cbc:CompanyID"),
        address=read_address(NS.find(element, "cac:PostalAddress")),
    )
