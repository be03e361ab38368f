"""CDAR D22B: the message that carries one life-cycle status of one invoice (flux 6, XP Z12-012, MDT- numbers).

Format 204 carries no time zone: the times of a message are Europe/Paris civil times (G7.40). Here they are aware.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from config.kernel.errors import Invalid
from einvoicing.formats import xml

ROOT = "CrossDomainAcknowledgementAndResponse"
_STANDARD = "urn:un:unece:uncefact:data:standard:"
NS = xml.Namespaces(
    {
        "rsm": f"{_STANDARD}{ROOT}:100",
        "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
        "qdt": f"{_STANDARD}QualifiedDataType:100",
        "udt": f"{_STANDARD}UnqualifiedDataType:100",
    }
)
BETWEEN_PLATFORMS = "urn.cpro.gouv.fr:1p0:CDV:invoice"  # MDT-3
TO_CONCENTRATOR = "urn.cpro.gouv.fr:1p0:CDV:einvoicingF2"  # MDT-3 when the public concentrator alone receives
PARIS = ZoneInfo("Europe/Paris")
_MAX_BYTES = 2 * 1024 * 1024


class NotCdar(Invalid):
    """The bytes are XML but not a life-cycle message with one invoice in it."""

    code = "not_cdar"
    message = "Le fichier n’est pas un message de cycle de vie (CDAR)."


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusParty:
    """A sender, issuer or recipient of the message."""

    role: str  # MDT-21, MDT-40, MDT-59: WK platform, SE seller, BY buyer, DFH public concentrator
    identifier: str = ""  # MDT-19, MDT-38, MDT-57
    scheme: str = ""  # 0002 SIREN, 0238 platform number
    name: str = ""  # MDT-20, MDT-39, MDT-58
    electronic_address: str = ""  # MDT-73
    electronic_scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """MDG-43, a datum of the status: an amount received, a wrong value and the expected one."""

    type_code: str  # MDT-207: MEN received (with VAT), MPA paid, DIV wrong value, DVA expected value…
    term: str = ""  # MDT-206, the BT- number it speaks of
    changed: bool | None = None  # MDT-209
    name: str = ""  # MDT-211
    location: str = ""  # MDT-213
    value: str = ""  # MDT-214
    amount: Decimal | None = None  # MDT-215
    currency: str = ""  # MDT-216
    value_date: date | None = None  # MDT-219
    percent: Decimal | None = None  # MDT-224


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDetail:
    """MDG-37, why the status was given and what is expected."""

    sequence: int  # MDT-124-2
    reason_code: str = ""  # MDT-113
    reason: str = ""  # MDT-114
    action_code: str = ""  # MDT-121
    action: str = ""  # MDT-122
    notes: tuple[str, ...] = ()  # MDT-126
    characteristics: tuple[Characteristic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """One status of one invoice, with who says it to whom."""

    message_id: str  # MDT-4
    name: str = ""  # MDT-5
    business_process: str = "REGULATED"  # MDT-2
    guideline: str = BETWEEN_PLATFORMS  # MDT-3
    created_at: datetime  # MDT-8
    sender: StatusParty = StatusParty(role="WK")
    issuer: StatusParty
    recipients: tuple[StatusParty, ...]
    phase: str  # MDT-77: 305 transmission, 23 treatment
    status_at: datetime | None  # MDT-78
    invoice_number: str  # MDT-87
    untdid_status: str = ""  # MDT-88
    invoice_type: str = ""  # MDT-91
    invoice_received_at: datetime | None = None  # MDT-95
    reference_type: str = ""  # MDT-97
    invoice_date: date | None = None  # MDT-100
    status_code: str  # MDT-105
    status_label: str = ""  # MDT-106
    seller_siren: str = ""  # MDT-129
    details: tuple[StatusDetail, ...] = ()

    @property
    def reason_codes(self) -> tuple[str, ...]:
        return tuple(detail.reason_code for detail in self.details if detail.reason_code)


def render(message: StatusMessage) -> bytes:
    """The message as CDAR bytes, elements in the order of the schema."""
    root = NS.root(f"rsm:{ROOT}")
    context = NS.add(root, "rsm:ExchangedDocumentContext")
    if message.business_process:
        path = "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"
        NS.add(context, path, message.business_process)
    NS.add(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", message.guideline)
    document = NS.add(root, "rsm:ExchangedDocument")
    NS.add(document, "ram:ID", message.message_id)
    if message.name:
        NS.add(document, "ram:Name", message.name)
    _add_time(document, "ram:IssueDateTime", message.created_at)
    _add_party(document, "ram:SenderTradeParty", message.sender)
    _add_party(document, "ram:IssuerTradeParty", message.issuer)
    for recipient in message.recipients:
        _add_party(document, "ram:RecipientTradeParty", recipient)
    acknowledgement = NS.add(root, "rsm:AcknowledgementDocument")
    NS.add(acknowledgement, "ram:MultipleReferencesIndicator/udt:Indicator", "false")
    NS.add(acknowledgement, "ram:TypeCode", message.phase)
    _add_time(acknowledgement, "ram:IssueDateTime", message.status_at)
    _add_reference(acknowledgement, message)
    return xml.serialise(root)


def _add_reference(parent: etree._Element, message: StatusMessage) -> None:
    reference = NS.add(parent, "ram:ReferenceReferencedDocument")
    NS.add(reference, "ram:IssuerAssignedID", message.invoice_number)
    _add_texts(reference, (("StatusCode", message.untdid_status), ("TypeCode", message.invoice_type)))
    _add_time(reference, "ram:ReceiptDateTime", message.invoice_received_at)
    _add_texts(reference, (("ReferenceTypeCode", message.reference_type),))
    if message.invoice_date:
        day = xml.day(message.invoice_date)
        NS.add(reference, "ram:FormattedIssueDateTime/qdt:DateTimeString", day, format="102")
    NS.add(reference, "ram:ProcessConditionCode", message.status_code)
    _add_texts(reference, (("ProcessCondition", message.status_label),))
    if message.seller_siren:
        NS.add(reference, "ram:IssuerTradeParty/ram:GlobalID", message.seller_siren, schemeID="0002")
    for detail in message.details:
        _add_detail(reference, detail)


def _add_detail(parent: etree._Element, detail: StatusDetail) -> None:
    status = NS.add(parent, "ram:SpecifiedDocumentStatus")
    _add_texts(
        status,
        (
            ("ReasonCode", detail.reason_code),
            ("Reason", detail.reason),
            ("RequestedActionCode", detail.action_code),
            ("RequestedAction", detail.action),
        ),
    )
    NS.add(status, "ram:SequenceNumeric", str(detail.sequence))
    for note in detail.notes:
        NS.add(status, "ram:IncludedNote/ram:Content", note)
    for item in detail.characteristics:
        element = NS.add(status, "ram:SpecifiedDocumentCharacteristic")
        _add_texts(element, (("ID", item.term), ("TypeCode", item.type_code)))
        if item.changed is not None:
            text = "true" if item.changed else "false"
            NS.add(element, "ram:ValueChangedIndicator/udt:IndicatorString", text)
        _add_texts(element, (("Name", item.name), ("Location", item.location), ("Value", item.value)))
        if item.amount is not None:
            NS.add(element, "ram:ValueAmount", xml.amount(item.amount), currencyID=item.currency)
        if item.value_date:
            day = xml.day(item.value_date)
            NS.add(element, "ram:ValueDateTime/udt:DateTimeString", day, format="102")
        if item.percent is not None:
            NS.add(element, "ram:ValuePercent", xml.amount(item.percent))


def _add_texts(parent: etree._Element, pairs: tuple[tuple[str, str], ...]) -> None:
    for name, text in pairs:
        if text:
            NS.add(parent, f"ram:{name}", text)


def _add_time(parent: etree._Element, path: str, value: datetime | None) -> None:
    if value is not None:
        if value.tzinfo is None:
            raise ValueError("a time of a status message needs a time zone")
        text = f"{value.astimezone(PARIS):%Y%m%d%H%M%S}"
        NS.add(parent, f"{path}/udt:DateTimeString", text, format="204")


def _add_party(parent: etree._Element, path: str, party: StatusParty) -> None:
    element = NS.add(parent, path)
    if party.identifier:
        NS.add(element, "ram:GlobalID", party.identifier, schemeID=party.scheme)
    _add_texts(element, (("Name", party.name), ("RoleCode", party.role)))
    if party.electronic_address:
        path = "ram:URIUniversalCommunication/ram:URIID"
        NS.add(element, path, party.electronic_address, schemeID=party.electronic_scheme)


def parse(data: bytes) -> StatusMessage:
    """Read a message from a platform. Raises Invalid; an unknown status code is kept as it came."""
    root = xml.parse_untrusted(data, _MAX_BYTES)
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
        details=tuple(
            _detail(item, position)
            for position, item in enumerate(NS.all(reference, "ram:SpecifiedDocumentStatus"), start=1)
        ),
    )


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
        return datetime.strptime(stripped.ljust(14, "0")[:14], "%Y%m%d%H%M%S").replace(tzinfo=PARIS)
    except ValueError as error:
        raise Invalid("« %(text)s » n’est pas une date.", text=stripped[:40]) from error
