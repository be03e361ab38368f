"""Read what a UBL line (BG-25) is made of, and the groups a line shares with the document."""

from __future__ import annotations

import re
from datetime import date

from lxml.etree import _Element

from config.kernel.errors import Invalid
from einvoicing import document as model
from einvoicing.formats.ubl.parsing_parties import read_identifier
from einvoicing.formats.ubl.vocabulary import NS

# the business terms that are one text of a group, and where each stands
_ITEM = {
    "name": "cbc:Name",
    "description": "cbc:Description",
    "seller_identifier": "cac:SellersItemIdentification/cbc:ID",
    "buyer_identifier": "cac:BuyersItemIdentification/cbc:ID",
    "origin_country": "cac:OriginCountry/cbc:IdentificationCode",
}

_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")


def read_line(element: _Element) -> model.Line:
    """BG-25."""
    item, price = NS.find(element, "cac:Item"), NS.find(element, "cac:Price")
    quantity = NS.find(element, "cbc:InvoicedQuantity")
    name = "cbc:CreditedQuantity" if quantity is None else "cbc:InvoicedQuantity"
    quantity = NS.find(element, name)
    base = NS.find(price, "cbc:BaseQuantity")
    tax = NS.find(item, "cac:ClassifiedTaxCategory")
    unit_price = NS.required(price, "cbc:PriceAmount", "BT-146")
    discount = NS.number(price, "cac:AllowanceCharge/cbc:Amount") or None
    gross = NS.number(price, "cac:AllowanceCharge/cbc:BaseAmount")
    if gross is None and discount is not None:
        gross = unit_price + discount  # BT-148, which UBL may leave out
    allowances, charges = read_adjustments(element)
    return model.Line(
        id=NS.text(element, "cbc:ID"),
        note=NS.text(element, "cbc:Note"),
        object_identifier=read_identifier(NS.find(element, "cac:DocumentReference/cbc:ID")),
        quantity=NS.required(element, name, "BT-129"),
        unit="" if quantity is None else quantity.get("unitCode", ""),
        net=NS.required(element, "cbc:LineExtensionAmount", "BT-131"),
        purchase_order_line=NS.text(element, "cac:OrderLineReference/cbc:LineID"),
        accounting_reference=NS.text(element, "cbc:AccountingCost"),
        period=read_period(element),
        allowances=allowances,
        charges=charges,
        unit_price=unit_price,
        price_discount=discount,
        gross_price=gross,
        price_base_quantity=NS.number(price, "cbc:BaseQuantity"),
        price_base_unit="" if base is None else base.get("unitCode", ""),
        vat_category=NS.text(tax, "cbc:ID"),
        vat_rate=NS.number(tax, "cbc:Percent"),
        standard_identifier=read_identifier(NS.find(item, "cac:StandardItemIdentification/cbc:ID")),
        classifications=_classifications(item),
        attributes=_attributes(item),
        **NS.texts(item, _ITEM),
    )


def _classifications(item: _Element | None) -> tuple[model.Classification, ...]:
    return tuple(
        model.Classification(code.text or "", code.get("listID", ""), code.get("listVersionID", ""))
        for code in NS.all(item, "cac:CommodityClassification/cbc:ItemClassificationCode")
    )


def _attributes(item: _Element | None) -> tuple[model.Attribute, ...]:
    return tuple(
        model.Attribute(NS.text(attribute, "cbc:Name"), NS.text(attribute, "cbc:Value"))
        for attribute in NS.all(item, "cac:AdditionalItemProperty")
    )


def read_adjustments(
    parent: _Element,
) -> tuple[tuple[model.AllowanceCharge, ...], tuple[model.AllowanceCharge, ...]]:
    """The allowances, then the charges: BG-20 and BG-21, or BG-27 and BG-28."""
    allowances: list[model.AllowanceCharge] = []
    charges: list[model.AllowanceCharge] = []
    for item in NS.all(parent, "cac:AllowanceCharge"):
        is_charge = NS.text(item, "cbc:ChargeIndicator").strip() in {"true", "1"}
        (charges if is_charge else allowances).append(_adjustment(item))
    return tuple(allowances), tuple(charges)


def _adjustment(element: _Element) -> model.AllowanceCharge:
    return model.AllowanceCharge(
        amount=NS.required(element, "cbc:Amount", "BT-92"),
        base=NS.number(element, "cbc:BaseAmount"),
        percent=NS.number(element, "cbc:MultiplierFactorNumeric"),
        reason=NS.text(element, "cbc:AllowanceChargeReason"),
        reason_code=NS.text(element, "cbc:AllowanceChargeReasonCode"),
        vat_category=NS.text(element, "cac:TaxCategory/cbc:ID"),
        vat_rate=NS.number(element, "cac:TaxCategory/cbc:Percent"),
    )


def read_subtotal(element: _Element) -> model.VatSubtotal:
    """BG-23."""
    category = NS.find(element, "cac:TaxCategory")
    return model.VatSubtotal(
        category=NS.text(category, "cbc:ID"),
        rate=NS.number(category, "cbc:Percent"),
        base=NS.required(element, "cbc:TaxableAmount", "BT-116"),
        amount=NS.required(element, "cbc:TaxAmount", "BT-117"),
        exemption_code=NS.text(category, "cbc:TaxExemptionReasonCode"),
        exemption_reason=NS.text(category, "cbc:TaxExemptionReason"),
    )


def read_period(parent: _Element) -> model.Period | None:
    """BG-14, BG-26; None where the element only carries BT-8."""
    element = NS.find(parent, "cac:InvoicePeriod")
    start, end = read_day(element, "cbc:StartDate"), read_day(element, "cbc:EndDate")
    return model.Period(start, end) if start or end else None


def read_day(parent: _Element | None, path: str) -> date | None:
    """A date written as ISO 8601, the time zone of xs:date left aside. Raises Invalid for anything else."""
    text = NS.text(parent, path).strip()
    if not text:
        return None
    found = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError as error:
        raise Invalid("« %(text)s » n’est pas une date.", text=text[:40]) from error
