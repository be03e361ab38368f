"""A report as XML bytes, elements in the order of the schema, in no namespace (ereporting.xsd)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lxml import etree

from config.kernel.clock import PARIS
from einvoicing.formats import xml
from einvoicing.formats.ereporting.message import (
    PROFILE,
    DayOfSales,
    InvoicePayment,
    Party,
    RateAmount,
    Report,
    UnitInvoice,
    VatRow,
)


def render(report: Report) -> bytes:
    """The report as bytes, the same each time for the same values."""
    root = etree.Element("Report")
    _add_document(root, report)
    body = _add(root, "PaymentsReport" if report.carries_payments else "TransactionsReport")
    period = _add(body, "ReportPeriod")
    _add(period, "StartDate", xml.day(report.start))
    _add(period, "EndDate", xml.day(report.end))
    for invoice in report.invoices:
        _add_invoice(body, invoice)
    for sales in report.sales:
        _add_sales(body, sales)
    for paid in report.invoice_payments:
        _add_invoice_payment(body, paid)
    for payments in report.payments:
        _add_payment(_add(body, "Transactions"), payments.day, payments.amounts)
    return xml.serialise(root)


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    if text is not None:
        element.text = xml.clean(text)
    for key, value in attributes.items():
        element.set(key, xml.clean(value))
    return element


def _add_document(root: etree._Element, report: Report) -> None:
    document = _add(root, "ReportDocument")
    _add(document, "Id", report.report_id)
    _add(document, "Name", report.report_id)
    moment = f"{report.created_at.astimezone(PARIS):%Y%m%d%H%M%S}"
    _add(_add(document, "IssueDateTime"), "DateTimeString", moment)
    _add(document, "TypeCode", report.type_code)
    sender = _add(document, "Sender")
    _add(sender, "Id", report.sender_code, schemeId="0238")
    _add(sender, "Name", report.sender_name)
    _add(sender, "RoleCode", "WK")
    issuer = _add(document, "Issuer")
    _add(issuer, "Id", report.issuer_siren, schemeId="0002")
    _add(issuer, "Name", report.issuer_name)
    _add(issuer, "RoleCode", report.role)


def _add_invoice(parent: etree._Element, invoice: UnitInvoice) -> None:
    # TT-24 is left out: until the second half of 2027 the State takes none of the codes that would say something
    element = _add(parent, "Invoice")
    _add(element, "ID", invoice.number)
    _add(element, "IssueDate", xml.day(invoice.issue_date))
    _add(element, "TypeCode", invoice.type_code)
    _add(element, "CurrencyCode", invoice.currency)
    if invoice.due_date:
        _add(element, "DueDate", xml.day(invoice.due_date))
    process = _add(element, "BusinessProcess")
    _add(process, "ID", invoice.process)
    _add(process, "TypeID", PROFILE)
    for number, issued_on in invoice.preceding:
        reference = _add(element, "ReferencedDocument")
        _add(reference, "ID", number)
        _add(reference, "IssueDate", xml.day(issued_on))
    _add_party(element, "Seller", invoice.seller)
    _add_party(element, "Buyer", invoice.buyer)
    _add_delivery(element, invoice.delivery_date, invoice.delivery_country)
    total = _add(element, "MonetaryTotal")
    _add(total, "TaxExclusiveAmount", xml.amount(invoice.net))
    _add(total, "TaxAmount", xml.amount(invoice.vat), CurrencyCode="EUR")
    for row in invoice.rows:
        _add_vat_row(element, row)


def _add_delivery(parent: etree._Element, day: date | None, country: str) -> None:
    if not day and not country:
        return
    delivery = _add(parent, "Delivery")
    if day:
        _add(delivery, "Date", xml.day(day))
    if country:
        _add(_add(delivery, "Location"), "CountryId", country)


def _add_party(parent: etree._Element, name: str, party: Party) -> None:
    element = _add(parent, name)
    _add(element, "CompanyId", party.identifier, schemeId=party.scheme)
    if party.vat_number:
        _add(element, "TaxRegistrationId", party.vat_number, qualifyingId="VAT")
    if party.country:
        _add(_add(element, "PostalAddress"), "CountryId", party.country)


def _add_vat_row(parent: etree._Element, row: VatRow) -> None:
    element = _add(parent, "TaxSubTotal")
    _add(element, "TaxableAmount", xml.amount(row.base))
    _add(element, "TaxAmount", xml.amount(row.vat))
    category = _add(element, "TaxCategory")
    _add(category, "Code", row.category)
    _add(category, "Percent", _rate(row.rate))
    if row.exemption_reason:
        _add(category, "TaxExemptionReason", row.exemption_reason)
    if row.exemption_code:
        _add(category, "TaxExemptionReasonCode", row.exemption_code)


def _add_sales(parent: etree._Element, sales: DayOfSales) -> None:
    element = _add(parent, "Transactions")
    _add(element, "Date", xml.day(sales.day))
    _add(element, "TransactionsCurrency", sales.currency)
    _add(element, "CategoryCode", sales.category)
    _add(element, "TaxExclusiveAmount", xml.amount(sales.net))
    _add(element, "TaxTotal", xml.amount(sales.vat))
    _add(element, "TransactionsCount", str(sales.count))
    for row in sales.rows:
        subtotal = _add(element, "TaxSubtotal")
        _add(subtotal, "TaxPercent", _rate(row.rate))
        _add(subtotal, "TaxableAmount", xml.amount(row.base))
        _add(subtotal, "TaxTotal", xml.amount(row.vat))


def _add_invoice_payment(parent: etree._Element, paid: InvoicePayment) -> None:
    element = _add(parent, "Invoice")
    _add(element, "InvoiceID", paid.number)
    _add(element, "IssueDate", xml.day(paid.issue_date))
    _add_payment(element, paid.day, paid.amounts)


def _add_payment(parent: etree._Element, day: date, amounts: tuple[RateAmount, ...]) -> None:
    payment = _add(parent, "Payment")
    _add(payment, "Date", xml.day(day))
    for share in amounts:
        subtotal = _add(payment, "SubTotals")
        _add(subtotal, "TaxPercent", _rate(share.rate))
        _add(subtotal, "CurrencyCode", "EUR")
        _add(subtotal, "Amount", xml.amount(share.amount))


def _rate(rate: Decimal) -> str:
    return xml.decimal(rate, most=2)
