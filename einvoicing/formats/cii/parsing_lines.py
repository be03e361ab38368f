"""Read what a line (BG-25) is made of, and the groups a line shares with the document."""

from __future__ import annotations

from datetime import date

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.cii.vocabulary import INVOICED_OBJECT, NS
from einvoicing.formats.xml import read_date

# the business terms that are one text of a group, and where each stands
_PRODUCT = {
    "name": "ram:Name",
    "description": "ram:Description",
    "seller_identifier": "ram:SellerAssignedID",
    "buyer_identifier": "ram:BuyerAssignedID",
    "origin_country": "ram:OriginTradeCountry/ram:ID",
}


def read_line(element: _Element) -> model.Line:
    """BG-25."""
    product = NS.find(element, "ram:SpecifiedTradeProduct")
    agreement = NS.find(element, "ram:SpecifiedLineTradeAgreement")
    settlement = NS.find(element, "ram:SpecifiedLineTradeSettlement")
    quantity = NS.find(element, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity")
    price = NS.find(agreement, "ram:NetPriceProductTradePrice")
    gross = NS.find(agreement, "ram:GrossPriceProductTradePrice")
    base = NS.find(price, "ram:BasisQuantity")
    tax = NS.find(settlement, "ram:ApplicableTradeTax")
    allowances, charges = read_adjustments(settlement)
    return model.Line(
        id=NS.text(element, "ram:AssociatedDocumentLineDocument/ram:LineID"),
        note=NS.text(element, "ram:AssociatedDocumentLineDocument/ram:IncludedNote/ram:Content"),
        object_identifier=read_object(settlement),
        quantity=NS.required(element, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", "BT-129"),
        unit="" if quantity is None else quantity.get("unitCode", ""),
        net=NS.required(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount", "BT-131"),
        purchase_order_line=NS.text(agreement, "ram:BuyerOrderReferencedDocument/ram:LineID"),
        accounting_reference=NS.text(settlement, "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
        period=read_period(settlement),
        allowances=allowances,
        charges=charges,
        unit_price=NS.required(price, "ram:ChargeAmount", "BT-146"),
        # a discount of zero is none: UBL cannot give a gross price without a discount
        price_discount=NS.number(gross, "ram:AppliedTradeAllowanceCharge/ram:ActualAmount") or None,
        gross_price=NS.number(gross, "ram:ChargeAmount"),
        price_base_quantity=NS.number(price, "ram:BasisQuantity"),
        price_base_unit="" if base is None else base.get("unitCode", ""),
        vat_category=NS.text(tax, "ram:CategoryCode"),
        vat_rate=NS.number(tax, "ram:RateApplicablePercent"),
        standard_identifier=_standard(NS.find(product, "ram:GlobalID")),
        classifications=_classifications(product),
        attributes=_attributes(product),
        **NS.texts(product, _PRODUCT),
    )


def _classifications(product: _Element | None) -> tuple[model.Classification, ...]:
    return tuple(
        model.Classification(code.text or "", code.get("listID", ""), code.get("listVersionID", ""))
        for code in NS.all(product, "ram:DesignatedProductClassification/ram:ClassCode")
    )


def _attributes(product: _Element | None) -> tuple[model.Attribute, ...]:
    return tuple(
        model.Attribute(NS.text(attribute, "ram:Description"), NS.text(attribute, "ram:Value"))
        for attribute in NS.all(product, "ram:ApplicableProductCharacteristic")
    )


def _standard(element: _Element | None) -> model.Identifier | None:
    return None if element is None else model.Identifier(element.text or "", element.get("schemeID", ""))


def read_adjustments(
    parent: _Element | None,
) -> tuple[tuple[model.AllowanceCharge, ...], tuple[model.AllowanceCharge, ...]]:
    """The allowances, then the charges: BG-20 and BG-21, or BG-27 and BG-28."""
    allowances: list[model.AllowanceCharge] = []
    charges: list[model.AllowanceCharge] = []
    for item in NS.all(parent, "ram:SpecifiedTradeAllowanceCharge"):
        is_charge = NS.text(item, "ram:ChargeIndicator/udt:Indicator").strip() in {"true", "1"}
        (charges if is_charge else allowances).append(_adjustment(item))
    return tuple(allowances), tuple(charges)


def _adjustment(element: _Element) -> model.AllowanceCharge:
    return model.AllowanceCharge(
        amount=NS.required(element, "ram:ActualAmount", "BT-92"),
        base=NS.number(element, "ram:BasisAmount"),
        percent=NS.number(element, "ram:CalculationPercent"),
        reason=NS.text(element, "ram:Reason"),
        reason_code=NS.text(element, "ram:ReasonCode"),
        vat_category=NS.text(element, "ram:CategoryTradeTax/ram:CategoryCode"),
        vat_rate=NS.number(element, "ram:CategoryTradeTax/ram:RateApplicablePercent"),
    )


def references(parent: _Element | None) -> list[_Element]:
    """The documents referred to; their UNTDID 1001 code tells BT-17, BT-18 and BG-24 apart."""
    return list(NS.all(parent, "ram:AdditionalReferencedDocument"))


def read_object(parent: _Element | None) -> model.Identifier | None:
    """BT-18, BT-128."""
    for item in references(parent):
        if NS.text(item, "ram:TypeCode") == INVOICED_OBJECT:
            number = NS.text(item, "ram:IssuerAssignedID")
            return model.Identifier(number, NS.text(item, "ram:ReferenceTypeCode"))
    return None


def read_period(parent: _Element | None) -> model.Period | None:
    """BG-14, BG-26; None when no date is given."""
    element = NS.find(parent, "ram:BillingSpecifiedPeriod")
    start, end = read_day(element, "ram:StartDateTime"), read_day(element, "ram:EndDateTime")
    return model.Period(start, end) if start or end else None


def read_day(parent: _Element | None, path: str) -> date | None:
    """A date written in format 102."""
    return read_date(NS.text(parent, f"{path}/udt:DateTimeString"))
