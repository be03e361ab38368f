"""Whom an invoice is addressed to, read by paths of our own: SIRET (BT-46), service (BT-10), commitment (BT-13)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.timezone import localdate
from lxml import etree

from config.kernel.xml import parse_untrusted
from einvoicing.sandbox.chorus_pro.public_bodies import INTERNAL_SERVICE, body_of, knows_engagement

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
    """Why the recipient cannot take it: unknown, closed, or a reference is absent or wrong; '' when it may come."""
    body = body_of(recipient.siret)
    if body is None or not body.is_active:
        return "Le destinataire de la facture est inconnu de Chorus Pro ou inactif"
    service = body.service(recipient.service_code)
    if body.either and not (recipient.service_code or recipient.engagement):
        return "Le code service ou le numéro d’engagement est obligatoire pour ce destinataire"
    if body.wants_service and not recipient.service_code:
        return "Le code service est obligatoire pour ce destinataire"
    if (body.wants_engagement or (service and service.wants_engagement)) and not recipient.engagement:
        return "Le numéro d’engagement est obligatoire pour ce destinataire"
    if recipient.service_code == INTERNAL_SERVICE:
        return "Ce service est réservé aux factures entre entités publiques"
    if service and not service.is_open(localdate()):
        return "Le service destinataire n’est pas actif"
    if body.checks_engagement and recipient.engagement and not knows_engagement(recipient.engagement):
        return "Le numéro d’engagement est inconnu"
    return ""


def is_misrouted(recipient: Recipient) -> bool:
    """Addressed to a service the body does not have: the supplier is asked to recycle it."""
    body = body_of(recipient.siret)
    return bool(body and body.services and recipient.service_code and body.service(recipient.service_code) is None)
