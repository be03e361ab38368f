"""Render the parties of a UBL document: BG-4, BG-7, BG-10, BG-11, and the addresses."""

from __future__ import annotations

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.ubl.vocabulary import CREDITOR, NS, OTHER_TAX, SIREN, SIRET, VAT


def add_party(parent: _Element, party: model.Party, *, creditor: str = "", is_buyer: bool = False) -> None:
    """BG-4, BG-7. `creditor`: BT-90, which UBL keeps among the identifiers. A buyer has one at most (UBL-SR-16)."""
    element = NS.add(parent, "cac:Party")
    if party.electronic_address:
        NS.add(element, "cbc:EndpointID", party.electronic_address, schemeID=party.electronic_scheme)
    siret = (model.Identifier(party.siret, SIRET),) if party.siret else ()
    bank = (model.Identifier(creditor, CREDITOR),) if creditor else ()
    identifiers = (*siret, *party.identifiers, *bank)
    for identifier in identifiers[:1] if is_buyer else identifiers:
        add_identifier(element, "cac:PartyIdentification/cbc:ID", identifier)
    add_text(element, "cac:PartyName/cbc:Name", party.trade_name)
    add_address(element, party.address)
    for number, scheme in ((party.vat_number, VAT), (party.tax_number, OTHER_TAX)):
        if number:
            _add_tax_scheme(element, number, scheme)
    entity = NS.add(element, "cac:PartyLegalEntity")
    NS.add(entity, "cbc:RegistrationName", party.name)
    legal = model.Identifier(party.siren, SIREN) if party.siren else party.legal_identifier
    add_identifier(entity, "cbc:CompanyID", legal)
    add_text(entity, "cbc:CompanyLegalForm", party.legal_information)
    if party.contact:
        contact = NS.add(element, "cac:Contact")
        add_text(contact, "cbc:Name", party.contact.name)
        add_text(contact, "cbc:Telephone", party.contact.phone)
        add_text(contact, "cbc:ElectronicMail", party.contact.email)


def add_payee(root: _Element, payee: model.Payee, *, creditor: str = "") -> None:
    """BG-10."""
    element = NS.add(root, "cac:PayeeParty")
    add_identifier(element, "cac:PartyIdentification/cbc:ID", payee.identifier)
    if creditor:
        add_identifier(element, "cac:PartyIdentification/cbc:ID", model.Identifier(creditor, CREDITOR))
    NS.add(element, "cac:PartyName/cbc:Name", payee.name)
    add_identifier(element, "cac:PartyLegalEntity/cbc:CompanyID", payee.legal_identifier)


def add_tax_representative(root: _Element, representative: model.TaxRepresentative) -> None:
    """BG-11."""
    element = NS.add(root, "cac:TaxRepresentativeParty")
    NS.add(element, "cac:PartyName/cbc:Name", representative.name)
    add_address(element, representative.address)
    _add_tax_scheme(element, representative.vat_number, VAT)


def add_address(parent: _Element, address: model.Address | None, path: str = "cac:PostalAddress") -> None:
    """BG-5, BG-8, BG-12, BG-15."""
    if address is None:
        return
    element = NS.add(parent, path)
    for name, text in (
        ("cbc:StreetName", address.line_one),
        ("cbc:AdditionalStreetName", address.line_two),
        ("cbc:CityName", address.city),
        ("cbc:PostalZone", address.postcode),
        ("cbc:CountrySubentity", address.subdivision),
        ("cac:AddressLine/cbc:Line", address.line_three),
        ("cac:Country/cbc:IdentificationCode", address.country),
    ):
        add_text(element, name, text)


def add_identifier(parent: _Element, path: str, identifier: model.Identifier | None) -> None:
    """An identifier with its scheme, or nothing when there is none."""
    if identifier:
        NS.add(parent, path, identifier.value, schemeID=identifier.scheme)


def _add_tax_scheme(parent: _Element, number: str, scheme: str) -> None:
    element = NS.add(parent, "cac:PartyTaxScheme")
    NS.add(element, "cbc:CompanyID", number)
    NS.add(element, "cac:TaxScheme/cbc:ID", scheme)


def add_text(parent: _Element, path: str, text: str) -> None:
    """A text, or nothing when there is none."""
    if text:
        NS.add(parent, path, text)
