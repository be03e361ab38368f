"""Whom an invoice is addressed to, read by paths of our own: SIRET (BT-46), service (BT-10), commitment (BT-13)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from config.kernel.xml import parse_untrusted
from einvoicing.sandbox.chorus_pro.public_bodies import INTERNAL_SERVICE, body_of

_SIRET = (
    "//*[local-name()='BuyerTradeParty']/*[local-name()='GlobalID'][@schemeID='0009']"
    " | //*[local-name()='AccountingCustomerParty']//*[local-name()='PartyIdentification']/*[@schemeID='0009']"
)
_SERVICE = (
    "//*[local-name()='ApplicableHeaderTradeAgreement']/*[local-name()='BuyerReference']"
    " | /*/*[local-name()='BuyerReference']"
)
_ENGAGEMENT = (
    "//*[local-name()='ApplicableHeaderTradeAgreement']/*[local-name()='BuyerOrderReferencedDocument']"
    "/*[local-name()='IssuerAssignedID'] | /*/*[local-name()='OrderReference']/*[local-name()='ID']"
)


@dataclass(frozen=True, slots=True)
class Recipient:
    siret: str
    service_code: str
    engagement: str


def read(xml: bytes) -> Recipient:
    root = parse_untrusted(xml)
    return Recipient(_text(root, _SIRET), _text(root, _SERVICE), _text(root, _ENGAGEMENT))


def _text(root: etree._Element, path: str) -> str:
    found = root.xpath(path)
    first = found[0] if isinstance(found, list) and found else None
    return str(getattr(first, "text", None) or "").strip()


def missing(recipient: Recipient) -> str:
    """What a known body wants and does not find, in words; '' when it may be written to.

    A body that is not in the list is taken: demonstrations invent theirs.
    """
    body = body_of(recipient.siret)
    if body is None:
        return ""
    wants_engagement = body.wants_engagement or dict(body.services).get(recipient.service_code, False)
    if body.either and not (recipient.service_code or recipient.engagement):
        return "Le code service ou le numéro d’engagement est obligatoire pour ce destinataire"
    if body.wants_service and not recipient.service_code:
        return "Le code service est obligatoire pour ce destinataire"
    if wants_engagement and not recipient.engagement:
        return "Le numéro d’engagement est obligatoire pour ce destinataire"
    if recipient.service_code == INTERNAL_SERVICE:
        return "Ce service est réservé aux factures entre entités publiques"
    return ""


def is_misrouted(recipient: Recipient) -> bool:
    """Addressed to a service the body does not have: the supplier is asked to recycle it."""
    body = body_of(recipient.siret)
    return bool(body and body.services and recipient.service_code not in {"", *dict(body.services)})
