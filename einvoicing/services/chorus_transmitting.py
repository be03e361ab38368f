"""A partner has our issued invoice transmitted to Chorus Pro: what it states of it is compared, then it is queued.

Nothing of the partner's is sent: the file is our legal one, and its figures must be those the partner has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from billing.models import Invoice
from config.kernel import outside, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Sentence
from config.kernel.models import Company
from einvoicing.formats import cii, facturx
from einvoicing.models import Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.chorus_pro.structures import BodyAnswer
from einvoicing.problems import public_rules
from einvoicing.services.documents import ensure_facturx, recipient_of
from einvoicing.services.public_bodies import NoChorusPro, SiretInvalid, checked_siret
from einvoicing.services.routing import carrier_for, is_public
from einvoicing.services.transmissions import AlreadyTransmitted, queue_transmission
from einvoicing.validation.report import FATAL

UNKNOWN_NUMBER = "Aucune facture émise de cette société ne porte ce numéro."
CARRIES_NONE = "La facture émise n’en porte pas."
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
    kind: str = ""  # FACTURE, ACOMPTE or AVOIR
    service_code: str = ""
    engagement: str = ""
    purchase_order: str = ""
    contract: str = ""
    document: bytes | None = None


# how the module names what Chorus Pro's answer forbids
REFUSALS: Mapping[str, tuple[type[Invalid], str]] = {
    public_rules.BODY: (SiretInvalid, "recipientSiret"),
    public_rules.SERVICE: (ServiceNotFound, "serviceReference.serviceCode"),
    public_rules.ENGAGEMENT: (EngagementMissing, "engagement.engagementNumber"),
}


@outside.atomic
def queue_to_chorus_pro(*, company: Company, stated: StatedInvoice, actor: Actor, at: datetime) -> Transmission:
    """Queue our invoice of that number to Chorus Pro, which is asked first about its recipient.

    Raises Invalid at each field that says something else than what was issued, SiretInvalid, ServiceNotFound,
    EngagementMissing, NotForChorusPro, NoChorusPro, DuplicateInvoice, DocumentInvalid.
    """
    _check_numbers(stated)
    rows = Invoice.everywhere.issued().filter(company=company, number=stated.number)
    invoice: Invoice | None = (
        rows.select_for_update(no_key=True, of=("self",)).select_related("customer", "company").first()
    )
    if invoice is None:
        raise Invalid(fields={"invoiceData.invoiceNumber": UNKNOWN_NUMBER})
    answer, other_file = outside.all_of(
        partial(recipient_of, invoice, at), partial(_other_file, invoice, stated.document, actor, at)
    )
    wrong = dict(_differences(invoice, stated))
    if wrong or other_file:
        raise Invalid(fields=wrong | ({"document": other_file} if other_file else {}))
    account = carrier_for(invoice)
    if account is None or answer is None:
        raise NoChorusPro if is_public(invoice) else NotForChorusPro
    _check_recipient(invoice, answer, at)
    try:
        return queue_transmission(invoice=invoice, account=account, actor=actor, at=at)
    except AlreadyTransmitted:
        live = Transmission.everywhere.filter(invoice=invoice, account=account, kind=TransmissionKind.INVOICE)
        raise DuplicateInvoice(live.exclude(status=TransmissionStatus.REJECTED).latest("created_at").pk) from None


def _check_numbers(stated: StatedInvoice) -> None:
    """Raises SiretInvalid, at each field."""
    wrong: dict[str, str] = {}
    for name, number in (("supplierSiret", stated.supplier_siret), ("recipientSiret", stated.recipient_siret)):
        try:
            checked_siret(number, f"invoiceData.{name}")
        except SiretInvalid as error:
            wrong |= error.fields
    if wrong:
        raise SiretInvalid(fields=wrong)


def _differences(invoice: Invoice, stated: StatedInvoice) -> Iterator[tuple[str, Sentence | str]]:
    """What the partner states otherwise than the issued invoice, by its field."""
    kind = "AVOIR" if invoice.is_credit_note else "ACOMPTE" if invoice.is_deposit else "FACTURE"
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
        "purchaseOrder": (stated.purchase_order or invoice.purchase_order, invoice.purchase_order),
        "contractReference": (stated.contract or invoice.contract_reference, invoice.contract_reference),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            shown = _shown(ours, invoice.currency)
            yield f"invoiceData.{name}", Sentence(DIFFERS, {"ours": shown}) if shown else CARRIES_NONE


def _shown(value: Any, currency: str) -> str:
    if isinstance(value, Decimal):
        return typography.money(value, currency)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _check_recipient(invoice: Invoice, answer: BodyAnswer, at: datetime) -> None:
    """By what the invoice carries; what could not be asked stops nothing: the queue asks as long as it takes."""
    references = {"service_code": invoice.service_code, "engagement": invoice.purchase_order}
    found = public_rules.check(answer, **references, day=local_day(at))
    broken = [violation for violation in found if violation.severity == FATAL]
    if broken:
        error, _field = REFUSALS[broken[0].rule]
        raise error(fields={f"invoiceData.{REFUSALS[item.rule][1]}": item.text for item in broken})


def _other_file(invoice: Invoice, data: bytes | None, actor: Actor, at: datetime) -> Sentence | str:
    """Why this file is not our legal one; '' when it is, or none was sent."""
    if data is None:
        return ""
    ours = ensure_facturx(invoice=invoice, actor=actor, at=at)
    if hashlib.sha256(data).hexdigest() == ours.sha256:
        return ""
    try:
        number = cii.parse(facturx.extract(data)).number
    except Invalid as error:
        return error.sentence
    return ANOTHER_FILE if number == invoice.number else Sentence(ANOTHER_NUMBER, {"number": number})
