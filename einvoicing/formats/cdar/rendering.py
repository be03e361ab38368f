"""A status message as CDAR bytes."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from einvoicing.formats import xml
from einvoicing.formats.cdar.message import StatusDetail, StatusMessage, StatusParty
from einvoicing.formats.cdar.vocabulary import NS, PARIS, ROOT


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
        # format 204 has no zone: a time in UTC would be read as one of Paris, an hour or two early
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
