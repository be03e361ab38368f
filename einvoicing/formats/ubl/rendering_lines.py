"""Render what a UBL line (BG-25) is made of, and the groups a line shares with the document."""

from __future__ import annotations

from decimal import Decimal

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.ubl.rendering_parties import add_text
from einvoicing.formats.ubl.vocabulary import INVOICED_OBJECT, MOST, NS, VAT
from einvoicing.formats.xml import amount, decimal


def add_line(root: _Element, line: model.Line, document: model.Invoice) -> None:
    """BG-25."""
    is_credit, currency = document.is_credit_note, document.currency
    element = NS.add(root, "cac:CreditNoteLine" if is_credit else "cac:InvoiceLine")
    NS.add(element, "cbc:ID", line.id)
    add_text(element, "cbc:Note", line.note)
    quantity = "cbc:CreditedQuantity" if is_credit else "cbc:InvoicedQuantity"
    NS.add(element, quantity, decimal(line.quantity, most=MOST), unitCode=line.unit)
    add_money(element, "cbc:LineExtensionAmount", line.net, currency)
    add_text(element, "cbc:AccountingCost", line.accounting_reference)
    if line.period and (line.period.start or line.period.end):
        period = NS.add(element, "cac:InvoicePeriod")
        for name, value in (("Start", line.period.start), ("End", line.period.end)):
            add_text(period, f"cbc:{name}Date", value.isoformat() if value else "")
    add_text(element, "cac:OrderLineReference/cbc:LineID", line.purchase_order_line)
    if line.object_identifier:
        reference = NS.add(element, "cac:DocumentReference")
        NS.add(reference, "cbc:ID", line.object_identifier.value, schemeID=line.object_identifier.scheme)
        NS.add(reference, "cbc:DocumentTypeCode", INVOICED_OBJECT)
    for allowance in line.allowances:
        add_adjustment(element, allowance, currency, charge=False)
    for charge in line.charges:
        add_adjustment(element, charge, currency, charge=True)
    _add_item(element, line)
    _add_price(element, line, currency)


def _add_item(element: _Element, line: model.Line) -> None:  # BG-30, BG-31, BG-32
    item = NS.add(element, "cac:Item")
    add_text(item, "cbc:Description", line.description)
    NS.add(item, "cbc:Name", line.name)
    add_text(item, "cac:BuyersItemIdentification/cbc:ID", line.buyer_identifier)
    add_text(item, "cac:SellersItemIdentification/cbc:ID", line.seller_identifier)
    if line.standard_identifier:
        identifier = line.standard_identifier
        NS.add(item, "cac:StandardItemIdentification/cbc:ID", identifier.value, schemeID=identifier.scheme)
    add_text(item, "cac:OriginCountry/cbc:IdentificationCode", line.origin_country)
    for classification in line.classifications:
        path = "cac:CommodityClassification/cbc:ItemClassificationCode"
        NS.add(item, path, classification.code, listID=classification.scheme, listVersionID=classification.version)
    add_tax_category(item, "cac:ClassifiedTaxCategory", line.vat_category, line.vat_rate)
    for attribute in line.attributes:
        holder = NS.add(item, "cac:AdditionalItemProperty")
        NS.add(holder, "cbc:Name", attribute.name)
        NS.add(holder, "cbc:Value", attribute.value)


def _add_price(element: _Element, line: model.Line, currency: str) -> None:  # BG-29
    price = NS.add(element, "cac:Price")
    _add_price_amount(price, "cbc:PriceAmount", line.unit_price, currency)
    if line.price_base_quantity is not None:
        base = decimal(line.price_base_quantity, most=MOST)
        NS.add(price, "cbc:BaseQuantity", base, unitCode=line.price_base_unit)
    if line.gross_price is not None:
        discount = NS.add(price, "cac:AllowanceCharge")
        NS.add(discount, "cbc:ChargeIndicator", "false")
        _add_price_amount(discount, "cbc:Amount", line.price_discount or Decimal(0), currency)
        _add_price_amount(discount, "cbc:BaseAmount", line.gross_price, currency)


def _add_price_amount(parent: _Element, path: str, value: Decimal, currency: str) -> None:
    NS.add(parent, path, decimal(value, most=MOST, least=2), currencyID=currency)


def add_adjustment(parent: _Element, item: model.AllowanceCharge, currency: str, *, charge: bool) -> None:
    """BG-20, BG-21, BG-27, BG-28."""
    element = NS.add(parent, "cac:AllowanceCharge")
    NS.add(element, "cbc:ChargeIndicator", "true" if charge else "false")
    add_text(element, "cbc:AllowanceChargeReasonCode", item.reason_code)
    add_text(element, "cbc:AllowanceChargeReason", item.reason)
    if item.percent is not None:
        NS.add(element, "cbc:MultiplierFactorNumeric", decimal(item.percent, most=MOST, least=2))
    add_money(element, "cbc:Amount", item.amount, currency)
    if item.base is not None:
        add_money(element, "cbc:BaseAmount", item.base, currency)
    if item.vat_category:
        add_tax_category(element, "cac:TaxCategory", item.vat_category, item.vat_rate)


def add_tax_category(
    parent: _Element,
    path: str,
    category: str,
    rate: Decimal | None,
    *,
    exemption_code: str = "",
    exemption_reason: str = "",
) -> None:
    """BT-118 to BT-121, BT-95, BT-102, BT-151."""
    element = NS.add(parent, path)
    NS.add(element, "cbc:ID", category)
    if rate is not None:
        NS.add(element, "cbc:Percent", decimal(rate, most=MOST, least=2))
    add_text(element, "cbc:TaxExemptionReasonCode", exemption_code)
    add_text(element, "cbc:TaxExemptionReason", exemption_reason)
    NS.add(element, "cac:TaxScheme/cbc:ID", VAT)


def add_money(parent: _Element, path: str, value: Decimal, currency: str) -> None:
    """An amount; UBL repeats the currency on each."""
    NS.add(parent, path, amount(value), currencyID=currency)
