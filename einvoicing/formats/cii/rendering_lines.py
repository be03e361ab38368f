"""Render what a line (BG-25) is made of, and the groups a line shares with the document."""

from __future__ import annotations

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.cii.vocabulary import INVOICED_OBJECT, MOST, NS
from einvoicing.formats.xml import amount, day, decimal


def add_line(transaction: _Element, line: model.Line) -> None:
    """BG-25."""
    element = NS.add(transaction, "ram:IncludedSupplyChainTradeLineItem")
    association = NS.add(element, "ram:AssociatedDocumentLineDocument")
    NS.add(association, "ram:LineID", line.id)
    if line.note:
        NS.add(association, "ram:IncludedNote/ram:Content", line.note)
    _add_product(element, line)
    _add_prices(element, line)
    quantity = decimal(line.quantity, most=MOST)
    NS.add(element, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", quantity, unitCode=line.unit)
    _add_settlement(element, line)


def _add_product(element: _Element, line: model.Line) -> None:  # BG-31, BG-32
    product = NS.add(element, "ram:SpecifiedTradeProduct")
    if line.standard_identifier:
        identifier = line.standard_identifier
        NS.add(product, "ram:GlobalID", identifier.value, schemeID=identifier.scheme)
    for name, text in (
        ("SellerAssignedID", line.seller_identifier),
        ("BuyerAssignedID", line.buyer_identifier),
        ("Name", line.name),
        ("Description", line.description),
    ):
        if text:
            NS.add(product, f"ram:{name}", text)
    for attribute in line.attributes:
        characteristic = NS.add(product, "ram:ApplicableProductCharacteristic")
        NS.add(characteristic, "ram:Description", attribute.name)
        NS.add(characteristic, "ram:Value", attribute.value)
    for item in line.classifications:
        path = "ram:DesignatedProductClassification/ram:ClassCode"
        NS.add(product, path, item.code, listID=item.scheme, listVersionID=item.version)
    if line.origin_country:
        NS.add(product, "ram:OriginTradeCountry/ram:ID", line.origin_country)


def _add_prices(element: _Element, line: model.Line) -> None:  # BG-29
    agreement = NS.add(element, "ram:SpecifiedLineTradeAgreement")
    if line.purchase_order_line:
        NS.add(agreement, "ram:BuyerOrderReferencedDocument/ram:LineID", line.purchase_order_line)
    if line.gross_price is not None:
        price = NS.add(agreement, "ram:GrossPriceProductTradePrice")
        NS.add(price, "ram:ChargeAmount", decimal(line.gross_price, most=MOST, least=2))
        _add_price_base(price, line)
        if line.price_discount is not None:
            discount = NS.add(price, "ram:AppliedTradeAllowanceCharge")
            NS.add(discount, "ram:ChargeIndicator/udt:Indicator", "false")
            NS.add(discount, "ram:ActualAmount", decimal(line.price_discount, most=MOST, least=2))
    price = NS.add(agreement, "ram:NetPriceProductTradePrice")
    NS.add(price, "ram:ChargeAmount", decimal(line.unit_price, most=MOST, least=2))
    _add_price_base(price, line)


def _add_price_base(price: _Element, line: model.Line) -> None:  # BT-149, BT-150
    if line.price_base_quantity is not None:
        base = decimal(line.price_base_quantity, most=MOST)
        NS.add(price, "ram:BasisQuantity", base, unitCode=line.price_base_unit)


def _add_settlement(element: _Element, line: model.Line) -> None:
    settlement = NS.add(element, "ram:SpecifiedLineTradeSettlement")
    tax = NS.add(settlement, "ram:ApplicableTradeTax")
    NS.add(tax, "ram:TypeCode", "VAT")
    NS.add(tax, "ram:CategoryCode", line.vat_category)
    if line.vat_rate is not None:
        NS.add(tax, "ram:RateApplicablePercent", decimal(line.vat_rate, most=MOST, least=2))
    add_period(settlement, line.period)
    for allowance in line.allowances:
        add_adjustment(settlement, allowance, charge=False)
    for charge in line.charges:
        add_adjustment(settlement, charge, charge=True)
    path = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    NS.add(settlement, path, amount(line.net))
    if line.object_identifier:
        add_reference(settlement, line.object_identifier, INVOICED_OBJECT)
    if line.accounting_reference:
        path = "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"
        NS.add(settlement, path, line.accounting_reference)


def add_adjustment(parent: _Element, item: model.AllowanceCharge, *, charge: bool) -> None:
    """BG-20, BG-21, BG-27, BG-28."""
    element = NS.add(parent, "ram:SpecifiedTradeAllowanceCharge")
    NS.add(element, "ram:ChargeIndicator/udt:Indicator", "true" if charge else "false")
    if item.percent is not None:
        NS.add(element, "ram:CalculationPercent", decimal(item.percent, most=MOST, least=2))
    if item.base is not None:
        NS.add(element, "ram:BasisAmount", amount(item.base))
    NS.add(element, "ram:ActualAmount", amount(item.amount))
    if item.reason_code:
        NS.add(element, "ram:ReasonCode", item.reason_code)
    if item.reason:
        NS.add(element, "ram:Reason", item.reason)
    if item.vat_category:
        tax = NS.add(element, "ram:CategoryTradeTax")
        NS.add(tax, "ram:TypeCode", "VAT")
        NS.add(tax, "ram:CategoryCode", item.vat_category)
        if item.vat_rate is not None:
            NS.add(tax, "ram:RateApplicablePercent", decimal(item.vat_rate, most=MOST, least=2))


def add_period(parent: _Element, period: model.Period | None) -> None:
    """BG-14, BG-26."""
    if period is None or not (period.start or period.end):
        return
    element = NS.add(parent, "ram:BillingSpecifiedPeriod")
    for name, value in (("Start", period.start), ("End", period.end)):
        if value:
            NS.add(element, f"ram:{name}DateTime/udt:DateTimeString", day(value), format="102")


def add_reference(parent: _Element, identifier: model.Identifier, type_code: str) -> None:
    """BT-17, BT-18, BT-128."""
    element = NS.add(parent, "ram:AdditionalReferencedDocument")
    NS.add(element, "ram:IssuerAssignedID", identifier.value)
    NS.add(element, "ram:TypeCode", type_code)
    if identifier.scheme:
        NS.add(element, "ram:ReferenceTypeCode", identifier.scheme)
