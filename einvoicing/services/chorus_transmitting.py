"""A partner has our issued invoice transmitted to Chorus Pro: what it states of it is compared, then it is queued.

Nothing of the partner's is sent: the file is our legal one, and its figures must be those the partner has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.models import Invoice
from config.kernel import outside, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, Sentence
from config.kernel.models import Company
from einvoicing.formats import cii, facturx
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.chorus_pro.structures import Requirements, Structure
from einvoicing.services.documents import ensure_facturx
from einvoicing.services.public_bodies import SiretInvalid, checked_siret
from einvoicing.services.routing import CHORUS_PRO, carrier_for
from einvoicing.services.transmissions import AlreadyTransmitted, queue_transmission

UNKNOWN_NUMBER = "Aucune facture émise de cette société ne porte ce numéro."
UNKNOWN_BODY = "Chorus Pro ne connaît aucune entité publique sous ce SIRET."
UNKNOWN_SERVICE = "Cette entité publique n’a pas de service actif sous ce code."
NEEDS_SERVICE = "Cette entité publique exige un code service : la facture n’en porte pas."
NEEDS_ENGAGEMENT = "Cette entité publique exige un numéro d’engagement : la facture n’en porte pas."
NEEDS_EITHER = "Cette entité publique exige un code service ou un numéro d’engagement : la facture n’en porte aucun."
DIFFERS = "La facture émise porte « %(ours)s »."
ANOTHER_FILE = (
    "Ce fichier n’est pas le Factur-X légal de cette facture : téléchargez celui-là "
    "(GET /api/invoices/{id}/documents/facturx), ou n’en joignez aucun."
)
ANOTHER_NUMBER = "Ce fichier porte la facture %(number)s."


class ServiceNotFound(Invalid):
    code = "SERVICE_INTROUVABLE"
    message = "Ce service de l’entité publique est introuvable."
    more = {"message": "Service code not found for this entity"}


class EngagementMissing(Invalid):
    code = "ENGAGEMENT_ABSENT"
    message = "Le numéro d’engagement manque."
    more = {"message": "Engagement number required for this entity"}


class DuplicateInvoice(DomainError):
    code = "FACTURE_DOUBLON"
    message = "Cette facture est déjà déposée, ou en file, vers Chorus Pro."

    def __init__(self, chorus_invoice_id: int) -> None:
        super().__init__()
        self.more = {"message": "Invoice already submitted", "chorusInvoiceId": str(chorus_invoice_id)}


class NotForChorusPro(DomainError):
    code = "not_for_chorus_pro"
    message = "Cette facture ne passe pas par Chorus Pro : son client n’est pas une entité publique."


@dataclass(frozen=True, slots=True)
class StatedInvoice:
    """What the partner states of the invoice. '' and None: not stated. Amounts in its currency, with two decimals."""

    number: str
    issued_on: date
    supplier_siret: str
    recipient_siret: str
    net: Decimal
    vat: Decimal
    gross: Decimal
    kind: str = ""  # FACTURE or AVOIR
    service_code: str = ""
    engagement: str = ""
    document: bytes | None = None


@dataclass(frozen=True, slots=True)
class BodyAnswer:
    """What Chorus Pro answers about the recipient; `is_known` False when it could not be asked."""

    is_known: bool = False
    body: Structure | None = None
    needs: Requirements | None = None


def check_numbers(stated: StatedInvoice) -> None:
    """Raises SiretInvalid, at the field."""
    for name, number in (("supplierSiret", stated.supplier_siret), ("recipientSiret", stated.recipient_siret)):
        checked_siret(number, f"invoiceData.{name}")


@outside.atomic
def queue_to_chorus_pro(
    *, company: Company, stated: StatedInvoice, body_answer: BodyAnswer, actor: Actor, at: datetime
) -> Transmission:
    """Queue our invoice of that number to Chorus Pro.

    Raises Invalid where what is stated is not what was issued, SiretInvalid, ServiceNotFound, EngagementMissing,
    NotForChorusPro, DuplicateInvoice, DocumentInvalid.
    """
    rows = Invoice.everywhere.issued().filter(company=company, number=stated.number)
    invoice: Invoice | None = (
        rows.select_for_update(no_key=True, of=("self",)).select_related("customer", "company").first()
    )
    if invoice is None:
        raise Invalid(fields={"invoiceData.invoiceNumber": UNKNOWN_NUMBER})
    if wrong := dict(_differences(invoice, stated)):
        raise Invalid(fields=wrong)
    account = carrier_for(invoice)
    if account is None or account.kind != CHORUS_PRO:
        raise NotForChorusPro
    if body_answer.is_known:
        _check_body(invoice, body_answer)
    if stated.document is not None:
        _check_document(invoice, stated.document, actor, at)
    try:
        return queue_transmission(invoice=invoice, account=account, actor=actor, at=at)
    except AlreadyTransmitted:
        live = Transmission.everywhere.filter(invoice=invoice, account=account, kind=TransmissionKind.INVOICE)
        raise DuplicateInvoice(live.exclude(status=TransmissionStatus.REJECTED).latest("created_at").pk) from None


def _differences(invoice: Invoice, stated: StatedInvoice) -> Iterator[tuple[str, Sentence]]:
    """What the partner states otherwise than the issued invoice, by its field."""
    kind = "AVOIR" if invoice.is_credit_note else "FACTURE"
    pairs: Mapping[str, tuple[Any, Any]] = {
        "invoiceType": (stated.kind or kind, kind),
        "invoiceDate": (stated.issued_on, invoice.issue_date),
        "supplierSiret": (stated.supplier_siret, invoice.seller.get("siret")),
        "recipientSiret": (stated.recipient_siret, invoice.buyer.get("siret")),
        "amountExcludingTax": (stated.net, invoice.total_net),
        "vatAmount": (stated.vat, invoice.total_vat),
        "amountIncludingTax": (stated.gross, invoice.total_gross),
        "serviceReference.serviceCode": (stated.service_code or invoice.service_code, invoice.service_code),
        "engagement.engagementNumber": (stated.engagement or invoice.purchase_order, invoice.purchase_order),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            yield f"invoiceData.{name}", Sentence(DIFFERS, {"ours": _shown(ours, invoice.currency)})


def _shown(value: Any, currency: str) -> str:
    if isinstance(value, Decimal):
        return typography.money(value, currency)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _check_body(invoice: Invoice, body_answer: BodyAnswer) -> None:
    if body_answer.body is None:
        raise SiretInvalid(fields={"invoiceData.recipientSiret": UNKNOWN_BODY})
    code, field = invoice.service_code, "invoiceData.serviceReference.serviceCode"
    service = body_answer.body.service(code) if code else None
    if code and (service is None or not service.is_active):
        raise ServiceNotFound(fields={field: UNKNOWN_SERVICE})
    needs = body_answer.needs or body_answer.body.requirements
    missing = needs.missing(service_code=code, engagement=invoice.purchase_order)
    if "service_code" in missing:
        raise ServiceNotFound(fields={field: NEEDS_SERVICE})
    if missing:
        sentence = NEEDS_EITHER if "either" in missing else NEEDS_ENGAGEMENT
        raise EngagementMissing(fields={"invoiceData.engagement.engagementNumber": sentence})


def _check_document(invoice: Invoice, data: bytes, actor: Actor, at: datetime) -> None:
    ours = ensure_facturx(invoice=invoice, actor=actor, at=at)
    if hashlib.sha256(data).hexdigest() == ours.sha256:
        return
    try:
        number = cii.parse(facturx.extract(data)).number
    except Invalid as error:
        raise Invalid(fields={"document": error.sentence}) from error
    same = number == invoice.number
    raise Invalid(fields={"document": ANOTHER_FILE if same else Sentence(ANOTHER_NUMBER, {"number": number})})
