"""CDAR bytes of a platform, read into a status message."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing.formats import xml
from einvoicing.formats.cdar.message import Characteristic, StatusDetail, StatusMessage, StatusParty
from einvoicing.formats.cdar.vocabulary import NS, PARIS, ROOT

_MAX_BYTES = 2 * 1024 * 1024


class NotCdar(Invalid):
    """The bytes are XML but not a life-cycle message with one invoice in it."""

    code = "not_cdar"
    message = "Le fichier n’est pas un message de cycle de vie (CDAR)."


def parse(data: bytes) -> StatusMessage:
    """Read a message from a platform. Raises Invalid; an unknown status code is kept as it came."""
    root = parse_untrusted(data, max_bytes=_MAX_BYTES)
    if root.tag != NS.tag(f"rsm:{ROOT}"):
        raise NotCdar
    context = NS.find(root, "rsm:ExchangedDocumentContext")
    document = NS.find(root, "rsm:ExchangedDocument")
    acknowledgement = NS.find(root, "rsm:AcknowledgementDocument")
    references = list(NS.all(acknowledgement, "ram:ReferenceReferencedDocument"))
    created_at = _time(NS.text(document, "ram:IssueDateTime/udt:DateTimeString"))
    if len(references) != 1 or created_at is None:
        raise NotCdar
    reference = references[0]
    status_code = NS.text(reference, "ram:ProcessConditionCode")
    number = NS.text(reference, "ram:IssuerAssignedID")
    if not status_code or not number:
        raise NotCdar
    return StatusMessage(
        message_id=NS.text(document, "ram:ID"),
        name=NS.text(document, "ram:Name"),
        business_process=NS.text(context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"),
        guideline=NS.text(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
        created_at=created_at,
        sender=_party(NS.find(document, "ram:SenderTradeParty")),
        issuer=_party(NS.find(document, "ram:IssuerTradeParty")),
        recipients=tuple(_party(party) for party in NS.all(document, "ram:RecipientTradeParty")),
        phase=NS.text(acknowledgement, "ram:TypeCode"),
        status_at=_time(NS.text(acknowledgement, "ram:IssueDateTime/udt:DateTimeString")),
        invoice_number=number,
        untdid_status=NS.text(reference, "ram:StatusCode"),
        invoice_type=NS.text(reference, "ram:TypeCode"),
        invoice_received_at=_time(NS.text(reference, "ram:ReceiptDateTime/udt:DateTimeString")),
        reference_type=NS.text(reference, "ram:ReferenceTypeCode"),
        invoice_date=xml.read_date(NS.text(reference, "ram:FormattedIssueDateTime/qdt:DateTimeString")),
        status_code=status_code,
        status_label=NS.text(reference, "ram:ProcessCondition"),
        seller_siren=NS.text(reference, "ram:IssuerTradeParty/ram:GlobalID"),
        details=_details(reference),
    )


def _details(reference: etree._Element) -> tuple[StatusDetail, ...]:
    found = NS.all(reference, "ram:SpecifiedDocumentStatus")
    return tuple(_detail(item, position) for position, item in enumerate(found, start=1))


def _detail(element: etree._Element, position: int) -> StatusDetail:
    sequence = NS.number(element, "ram:SequenceNumeric")
    return StatusDetail(
        sequence=position if sequence is None else int(sequence),
        reason_code=NS.text(element, "ram:ReasonCode"),
        reason=NS.text(element, "ram:Reason"),
        action_code=NS.text(element, "ram:RequestedActionCode"),
        action=NS.text(element, "ram:RequestedAction"),
        notes=tuple(note.text or "" for note in NS.all(element, "ram:IncludedNote/ram:Content")),
        characteristics=tuple(_characteristic(item) for item in NS.all(element, "ram:SpecifiedDocumentCharacteristic")),
    )


def _characteristic(element: etree._Element) -> Characteristic:
    changed = NS.text(element, "ram:ValueChangedIndicator/udt:IndicatorString") or NS.text(
        element, "ram:ValueChangedIndicator/udt:Indicator"
    )
    amount = NS.find(element, "ram:ValueAmount")
    return Characteristic(
        type_code=NS.text(element, "ram:TypeCode"),
        term=NS.text(element, "ram:ID"),
        changed=None if not changed else changed.strip() in {"true", "1"},
        name=NS.text(element, "ram:Name"),
        location=NS.text(element, "ram:Location"),
        value=NS.text(element, "ram:Value"),
        amount=NS.number(element, "ram:ValueAmount"),
        currency="" if amount is None else amount.get("currencyID", ""),
        value_date=xml.read_date(NS.text(element, "ram:ValueDateTime/udt:DateTimeString")),
        percent=NS.number(element, "ram:ValuePercent"),
    )


def _party(element: etree._Element | None) -> StatusParty:
    identifier = NS.find(element, "ram:GlobalID")
    address = NS.find(element, "ram:URIUniversalCommunication/ram:URIID")
    return StatusParty(
        role=NS.text(element, "ram:RoleCode"),
        identifier=NS.text(element, "ram:GlobalID"),
        scheme="" if identifier is None else identifier.get("schemeID", ""),
        name=NS.text(element, "ram:Name"),
        electronic_address=NS.text(element, "ram:URIUniversalCommunication/ram:URIID"),
        electronic_scheme="" if address is None else address.get("schemeID", ""),
    )


def _time(text: str) -> datetime | None:
    stripped = text.strip()
    if not stripped:
        return None
    try:
        # some platforms leave the seconds, or the time, out of format 204
        return datetime.strptime(stripped.ljust(14, "0")[:14], "%Y%m%d%H%M%S").replace(tzinfo=PARIS)
    except ValueError as error:
        raise Invalid("« %(text)s » n’est pas une date.", text=stripped[:40]) from error
