"""What the simulated platform reads of a document: number, dates and parties, by XPath of its own.

It shares no code with our writers on purpose: a field written and read wrongly alike would go unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO

import pikepdf
from lxml import etree

from config.kernel.xml import UnreadableXml, parse_untrusted

_CII = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice"
_UBL = {
    "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice",
    "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote",
}
_CDAR = (
    "{urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100}"
    "CrossDomainAcknowledgementAndResponse"
)

_Paths = dict[str, str]
_CII_PARTY = "//*[local-name()='ApplicableHeaderTradeAgreement']/*[local-name()='%s']"
_CII_SIREN = "/*[local-name()='SpecifiedLegalOrganization']/*[local-name()='ID']"
_CII_ADDRESS = "/*[local-name()='URIUniversalCommunication']/*[local-name()='URIID']"
_UBL_PARTY = "/*/*[local-name()='%s']/*[local-name()='Party']"

_CII_PATHS: _Paths = {
    "number": "/*/*[local-name()='ExchangedDocument']/*[local-name()='ID']",
    "type_code": "/*/*[local-name()='ExchangedDocument']/*[local-name()='TypeCode']",
    "issued": "/*/*[local-name()='ExchangedDocument']/*[local-name()='IssueDateTime']/*",
    "seller_name": _CII_PARTY % "SellerTradeParty" + "/*[local-name()='Name']",
    "seller_siren": _CII_PARTY % "SellerTradeParty" + _CII_SIREN,
    "seller_address": _CII_PARTY % "SellerTradeParty" + _CII_ADDRESS,
    "buyer_name": _CII_PARTY % "BuyerTradeParty" + "/*[local-name()='Name']",
    "buyer_siren": _CII_PARTY % "BuyerTradeParty" + _CII_SIREN,
    "buyer_address": _CII_PARTY % "BuyerTradeParty" + _CII_ADDRESS,
}
_UBL_LEGAL = "/*[local-name()='PartyLegalEntity']/*[local-name()='%s']"
_UBL_PATHS: _Paths = {
    "number": "/*/*[local-name()='ID']",
    "type_code": "/*/*[local-name()='InvoiceTypeCode' or local-name()='CreditNoteTypeCode']",
    "issued": "/*/*[local-name()='IssueDate']",
    "seller_name": _UBL_PARTY % "AccountingSupplierParty" + _UBL_LEGAL % "RegistrationName",
    "seller_siren": _UBL_PARTY % "AccountingSupplierParty" + _UBL_LEGAL % "CompanyID",
    "seller_address": _UBL_PARTY % "AccountingSupplierParty" + "/*[local-name()='EndpointID']",
    "buyer_name": _UBL_PARTY % "AccountingCustomerParty" + _UBL_LEGAL % "RegistrationName",
    "buyer_siren": _UBL_PARTY % "AccountingCustomerParty" + _UBL_LEGAL % "CompanyID",
    "buyer_address": _UBL_PARTY % "AccountingCustomerParty" + "/*[local-name()='EndpointID']",
}


class Unreadable(Exception):
    """The file is not what its syntax says; `reason` is the standard's reason code."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Heading:
    """What names an invoice (BT-1, BT-2, BT-3) and its parties (BT-27, BT-30, BT-34, BT-44, BT-47, BT-49)."""

    number: str
    type_code: str
    issued_on: date | None
    seller_name: str
    seller_siren: str
    seller_address: str
    buyer_name: str
    buyer_siren: str
    buyer_address: str


def xml_of(data: bytes, syntax: str) -> bytes:
    """The structured part of the file: itself, or what a Factur-X carries."""
    if syntax != "Factur-X":
        return data
    try:
        with pikepdf.open(BytesIO(data)) as pdf:
            for name in ("factur-x.xml", "xrechnung.xml"):
                if name in pdf.attachments:
                    return bytes(pdf.attachments[name].get_file().read_bytes())
    except pikepdf.PdfError as error:
        raise Unreadable("FlowTypeError", "Le fichier n’est pas un PDF.") from error
    raise Unreadable("InvalidSchema", "Le PDF ne contient pas de fichier factur-x.xml.")


def heading(xml: bytes, syntax: str) -> Heading:
    """Read what names the invoice; raises Unreadable."""
    try:
        root = parse_untrusted(xml)
    except UnreadableXml as error:
        raise Unreadable("InvalidSchema", "Le document XML est mal formé.") from error
    if root.tag == _CII and syntax in {"CII", "Factur-X"}:
        paths = _CII_PATHS
    elif root.tag in _UBL and syntax == "UBL":
        paths = _UBL_PATHS
    else:
        raise Unreadable("FlowTypeError", "Le document ne correspond pas à la syntaxe annoncée.")
    found = {name: _text(root, path) for name, path in paths.items()}
    if not found["number"] or not (found["seller_siren"] or found["seller_name"]):
        raise Unreadable("InvalidSchema", "Le numéro ou le vendeur manque.")
    return Heading(
        number=found["number"],
        type_code=found["type_code"],
        issued_on=_day(found["issued"]),
        seller_name=found["seller_name"],
        seller_siren=found["seller_siren"],
        seller_address=found["seller_address"],
        buyer_name=found["buyer_name"],
        buyer_siren=found["buyer_siren"],
        buyer_address=found["buyer_address"],
    )


def is_lifecycle(xml: bytes) -> bool:
    """A CDAR message, as a client sends to tell a status of its own."""
    try:
        return bool(parse_untrusted(xml).tag == _CDAR)
    except UnreadableXml:
        return False


def is_of_buyer(xml: bytes) -> bool:
    """Whether the buyer of the invoice issues the CDAR message (MDT-40 BY)."""
    try:
        root = parse_untrusted(xml)
    except UnreadableXml:
        return False
    return _text(root, "//*[local-name()='IssuerTradeParty']/*[local-name()='RoleCode']") == "BY"


def _text(root: etree._Element, path: str) -> str:
    found = root.xpath(path)
    first = found[0] if isinstance(found, list) and found else None
    return str(getattr(first, "text", None) or "").strip()


def _day(text: str) -> date | None:
    """A day as CII or UBL writes it: 20261130, 2026-11-30."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
