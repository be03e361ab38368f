"""Read a report: one that a platform made of our invoices, or one of ours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from lxml import etree

from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing.formats import xml
from einvoicing.formats.ereporting.message import (
    SELLER,
    DayOfPayments,
    DayOfSales,
    InvoicePayment,
    Party,
    RateAmount,
    Report,
    UnitInvoice,
    VatRow,
)


class NotAReport(Invalid):
    code = "not_a_report"
    message = "Le fichier n’est pas un flux d’e-reporting : il n’a pas %(what)s."


def parse(data: bytes) -> Report:
    """The report within the bytes. Raises UnreadableXml, NotAReport, Invalid."""
    root = parse_untrusted(data)
    document = root.find("ReportDocument")
    payments, transactions = root.find("PaymentsReport"), root.find("TransactionsReport")
    body = transactions if payments is None else payments
    if etree.QName(root).localname != "Report" or document is None or body is None:
        raise NotAReport(what="de rapport")
    carries_payments = payments is not None
    rows, days = body.findall("Invoice"), body.findall("Transactions")
    return Report(
        report_id=_text(document, "Id"),
        created_at=_moment(_text(document, "IssueDateTime/DateTimeString")),
        type_code=_text(document, "TypeCode"),
        sender_code=_text(document, "Sender/Id"),
        sender_name=_text(document, "Sender/Name"),
        issuer_siren=_text(document, "Issuer/Id"),
        issuer_name=_text(document, "Issuer/Name"),
        role=_text(document, "Issuer/RoleCode") or SELLER,
        start=_day(body, "ReportPeriod/StartDate"),
        end=_day(body, "ReportPeriod/EndDate"),
        carries_payments=carries_payments,
        invoices=() if carries_payments else tuple(_invoice(row) for row in rows),
        sales=() if carries_payments else tuple(_sales(day) for day in days),
        invoice_payments=tuple(_invoice_payment(row) for row in rows) if carries_payments else (),
        payments=tuple(_payments(day) for day in days) if carries_payments else (),
    )


def _text(parent: etree._Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=PARIS).astimezone(UTC)
    except ValueError as error:
        raise NotAReport(what="d’horodatage") from error


def _day(parent: etree._Element, path: str) -> date:
    found = xml.read_date(_text(parent, path))
    if found is None:
        raise NotAReport(what="de date")
    return found


def _number(parent: etree._Element, path: str) -> Decimal:
    found = xml.read_number(_text(parent, path))
    if found is None:
        raise NotAReport(what="de montant")
    return found


def _party(parent: etree._Element, name: str) -> Party:
    identifier = parent.find(f"{name}/CompanyId")
    return Party(
        identifier=_text(parent, f"{name}/CompanyId"),
        scheme="" if identifier is None else identifier.get("schemeId", ""),
        vat_number=_text(parent, f"{name}/TaxRegistrationId"),
        country=_text(parent, f"{name}/PostalAddress/CountryId"),
    )


def _invoice(row: etree._Element) -> UnitInvoice:
    return UnitInvoice(
        number=_text(row, "ID"),
        issue_date=_day(row, "IssueDate"),
        type_code=_text(row, "TypeCode"),
        currency=_text(row, "CurrencyCode"),
        process=_text(row, "BusinessProcess/ID"),
        seller=_party(row, "Seller"),
        buyer=_party(row, "Buyer"),
        net=_number(row, "MonetaryTotal/TaxExclusiveAmount"),
        vat=_number(row, "MonetaryTotal/TaxAmount"),
        rows=tuple(
            VatRow(
                rate=_number(part, "TaxCategory/Percent"),
                base=_number(part, "TaxableAmount"),
                vat=_number(part, "TaxAmount"),
                category=_text(part, "TaxCategory/Code"),
                exemption_code=_text(part, "TaxCategory/TaxExemptionReasonCode"),
                exemption_reason=_text(part, "TaxCategory/TaxExemptionReason"),
            )
            for part in row.findall("TaxSubTotal")
        ),
        due_date=xml.read_date(_text(row, "DueDate")),
        preceding=tuple(
            (_text(part, "ID"), _day(part, "IssueDate"))
            for part in row.findall("ReferencedDocument")
            if _text(part, "IssueDate")
        ),
        delivery_date=xml.read_date(_text(row, "Delivery/Date")),
        delivery_country=_text(row, "Delivery/Location/CountryId"),
    )


def _sales(day: etree._Element) -> DayOfSales:
    return DayOfSales(
        day=_day(day, "Date"),
        currency=_text(day, "TransactionsCurrency"),
        category=_text(day, "CategoryCode"),
        count=int(xml.read_number(_text(day, "TransactionsCount")) or 0),
        rows=tuple(
            VatRow(rate=_number(part, "TaxPercent"), base=_number(part, "TaxableAmount"), vat=_number(part, "TaxTotal"))
            for part in day.findall("TaxSubtotal")
        ),
    )


def _amounts(parent: etree._Element) -> tuple[RateAmount, ...]:
    return tuple(
        RateAmount(rate=_number(part, "TaxPercent"), amount=_number(part, "Amount"))
        for part in parent.findall("Payment/SubTotals")
    )


def _invoice_payment(row: etree._Element) -> InvoicePayment:
    return InvoicePayment(
        number=_text(row, "InvoiceID"),
        issue_date=_day(row, "IssueDate"),
        day=_day(row, "Payment/Date"),
        amounts=_amounts(row),
    )


def _payments(day: etree._Element) -> DayOfPayments:
    return DayOfPayments(day=_day(day, "Payment/Date"), amounts=_amounts(day))
