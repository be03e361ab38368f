"""Read a CII document that comes from outside into the semantic model.

Every Factur-X profile is read; what a poorer profile leaves out stays empty. Elements that EN 16931 does not
know are left aside: the original bytes are the evidence, the model is what the product understands of them.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from lxml.etree import _Element

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing import document as model
from einvoicing.formats.cii.parsing_lines import (
    read_adjustments,
    read_day,
    read_line,
    read_object,
    read_period,
    references,
)
from einvoicing.formats.cii.parsing_parties import (
    read_address,
    read_buyer,
    read_identifiers,
    read_party,
    read_payee,
    read_representative,
)
from einvoicing.formats.cii.vocabulary import NS, ROOT, SUPPORTING, TENDER
from einvoicing.formats.xml import read_date, read_number

# the business terms that are one text of a group, and where each stands
_AGREEMENT = {
    "buyer_reference": "ram:BuyerReference",
    "project": "ram:SpecifiedProcuringProject/ram:ID",
    "contract": "ram:ContractReferencedDocument/ram:IssuerAssignedID",
    "purchase_order": "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID",
    "sales_order": "ram:SellerOrderReferencedDocument/ram:IssuerAssignedID",
}
_DELIVERY = {
    "receiving_advice": "ram:ReceivingAdviceReferencedDocument/ram:IssuerAssignedID",
    "despatch_advice": "ram:DespatchAdviceReferencedDocument/ram:IssuerAssignedID",
}


class NotInvoice(Invalid):
    """The bytes are XML but not a CII invoice, or a datum without which there is no invoice is missing."""

    code = "not_invoice"
    message = "Le fichier n’est pas une facture électronique (CII)."


class _Groups(NamedTuple):
    """The elements that the business terms of an invoice stand in."""

    context: _Element | None
    heading: _Element
    transaction: _Element
    agreement: _Element
    delivery: _Element | None
    settlement: _Element


def _groups(root: _Element) -> _Groups:
    """Raises NotInvoice."""
    if root.tag != ROOT:
        raise NotInvoice
    heading = NS.find(root, "rsm:ExchangedDocument")
    transaction = NS.find(root, "rsm:SupplyChainTradeTransaction")
    agreement = NS.find(transaction, "ram:ApplicableHeaderTradeAgreement")
    settlement = NS.find(transaction, "ram:ApplicableHeaderTradeSettlement")
    if heading is None or transaction is None or agreement is None or settlement is None:
        raise NotInvoice
    context = NS.find(root, "rsm:ExchangedDocumentContext")
    delivery = NS.find(transaction, "ram:ApplicableHeaderTradeDelivery")
    return _Groups(context, heading, transaction, agreement, delivery, settlement)


def parse(data: bytes) -> model.Invoice:
    """Read an invoice. Raises Invalid, with the sentence to show."""
    context, heading, transaction, agreement, delivery, settlement = _groups(parse_untrusted(data))
    number, issue_date = _identity(heading)
    allowances, charges = read_adjustments(settlement)
    tax = NS.find(settlement, "ram:ApplicableTradeTax")
    currency = NS.text(settlement, "ram:InvoiceCurrencyCode")
    tax_currency = NS.text(settlement, "ram:TaxCurrencyCode")
    return model.Invoice(
        number=number,
        issue_date=issue_date,
        type_code=NS.text(heading, "ram:TypeCode"),
        currency=currency,
        tax_currency="" if tax_currency == currency else tax_currency,  # BT-6 is only given when it differs
        vat_point_date=read_date(NS.text(tax, "ram:TaxPointDate/udt:DateString")),
        vat_point_code=NS.text(tax, "ram:DueDateTypeCode"),
        due_date=read_day(settlement, "ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime"),
        tender=_tender(agreement),
        invoiced_object=read_object(agreement),
        accounting_reference=NS.text(settlement, "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
        notes=_notes(heading),
        business_process=NS.text(context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"),
        profile=NS.text(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
        preceding=tuple(_preceding(item) for item in NS.all(settlement, "ram:InvoiceReferencedDocument")),
        seller=read_party(NS.find(agreement, "ram:SellerTradeParty")),
        buyer=read_buyer(NS.find(agreement, "ram:BuyerTradeParty")),
        payee=read_payee(NS.find(settlement, "ram:PayeeTradeParty")),
        tax_representative=read_representative(NS.find(agreement, "ram:SellerTaxRepresentativeTradeParty")),
        delivery=_delivery(delivery),
        period=read_period(settlement),
        payment=_payment(settlement),
        allowances=allowances,
        charges=charges,
        totals=_totals(settlement, currency, tax_currency),
        vat=tuple(_vat(item) for item in NS.all(settlement, "ram:ApplicableTradeTax")),
        attachments=_attachments(agreement),
        lines=tuple(read_line(item) for item in NS.all(transaction, "ram:IncludedSupplyChainTradeLineItem")),
        **NS.texts(agreement, _AGREEMENT),
        **NS.texts(delivery, _DELIVERY),
    )


def _tender(agreement: _Element) -> str:
    for item in references(agreement):
        if NS.text(item, "ram:TypeCode") == TENDER:
            return NS.text(item, "ram:IssuerAssignedID")
    return ""


def _identity(heading: _Element) -> tuple[str, date]:
    """BT-1, BT-2. Raises NotInvoice."""
    issue_date, number = read_day(heading, "ram:IssueDateTime"), NS.text(heading, "ram:ID")
    if issue_date is None or not number:
        raise NotInvoice("La facture n’a pas de numéro ou de date d’émission.")
    return number, issue_date


def _notes(heading: _Element) -> tuple[model.Note, ...]:
    return tuple(
        model.Note(NS.text(note, "ram:SubjectCode"), NS.text(note, "ram:Content"))
        for note in NS.all(heading, "ram:IncludedNote")
    )


def _attachments(agreement: _Element) -> tuple[model.Attachment, ...]:
    return tuple(_attachment(item) for item in references(agreement) if NS.text(item, "ram:TypeCode") == SUPPORTING)


def _attachment(element: _Element) -> model.Attachment:
    binary = NS.find(element, "ram:AttachmentBinaryObject")
    try:
        content = b"" if binary is None else b64decode(binary.text or "")
    except (binascii.Error, ValueError) as error:
        raise Invalid("Une pièce jointe de la facture est illisible.") from error
    return model.Attachment(
        reference=NS.text(element, "ram:IssuerAssignedID"),
        description=NS.text(element, "ram:Name"),
        url=NS.text(element, "ram:URIID"),
        content=content,
        mime="" if binary is None else binary.get("mimeCode", ""),
        filename="" if binary is None else binary.get("filename", ""),
    )


def _preceding(element: _Element) -> model.Reference:
    issued = NS.text(element, "ram:FormattedIssueDateTime/qdt:DateTimeString")
    return model.Reference(NS.text(element, "ram:IssuerAssignedID"), read_date(issued))


def _delivery(element: _Element | None) -> model.Delivery | None:
    party = NS.find(element, "ram:ShipToTradeParty")
    delivered = None
    if element is not None:
        delivered = read_day(element, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime")
    delivery = model.Delivery(
        date=delivered,
        name=NS.text(party, "ram:Name"),
        location=next(iter(read_identifiers(party)), None),
        address=read_address(party),
    )
    return None if delivery == model.Delivery() else delivery


def _payment(settlement: _Element) -> model.Payment | None:
    means = list(NS.all(settlement, "ram:SpecifiedTradeSettlementPaymentMeans"))
    first = means[0] if means else None
    accounts = [_account(item) for item in means]
    main = accounts[0] if accounts else model.Account(iban="")
    card = NS.find(first, "ram:ApplicableTradeSettlementFinancialCard")
    payment = model.Payment(
        means_code=NS.text(first, "ram:TypeCode"),
        means_text=NS.text(first, "ram:Information"),
        reference=NS.text(settlement, "ram:PaymentReference"),
        iban=main.iban,
        account_name=main.account_name,
        bic=main.bic,
        other_accounts=tuple(account for account in accounts[1:] if account.iban),
        card_number=NS.text(card, "ram:ID"),
        card_holder=NS.text(card, "ram:CardholderName"),
        mandate=NS.text(settlement, "ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID"),
        creditor_identifier=NS.text(settlement, "ram:CreditorReferenceID"),
        debited_iban=NS.text(first, "ram:PayerPartyDebtorFinancialAccount/ram:IBANID"),
        terms=NS.text(settlement, "ram:SpecifiedTradePaymentTerms/ram:Description"),
    )
    return None if payment == model.Payment() else payment


def _account(means: _Element) -> model.Account:
    element = NS.find(means, "ram:PayeePartyCreditorFinancialAccount")
    return model.Account(
        iban=NS.text(element, "ram:IBANID") or NS.text(element, "ram:ProprietaryID"),
        account_name=NS.text(element, "ram:AccountName"),
        bic=NS.text(means, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
    )


def _vat(element: _Element) -> model.VatSubtotal:
    return model.VatSubtotal(
        category=NS.text(element, "ram:CategoryCode"),
        rate=NS.number(element, "ram:RateApplicablePercent"),
        base=NS.required(element, "ram:BasisAmount", "BT-116"),
        amount=NS.required(element, "ram:CalculatedAmount", "BT-117"),
        exemption_code=NS.text(element, "ram:ExemptionReasonCode"),
        exemption_reason=NS.text(element, "ram:ExemptionReason"),
    )


def _totals(settlement: _Element, currency: str, tax_currency: str) -> model.Totals:
    element = NS.find(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    if element is None:
        raise NotInvoice("La facture n’a pas de totaux.")
    net = NS.required(element, "ram:TaxBasisTotalAmount", "BT-109")
    lines = NS.number(element, "ram:LineTotalAmount")
    zero = Decimal(0)
    # BT-110 and BT-111 share one element name; only the currency tells them apart
    taxes = {item.get("currencyID", ""): item.text or "" for item in NS.all(element, "ram:TaxTotalAmount")}
    converted = read_number(taxes.pop(tax_currency, "")) if tax_currency != currency else None
    return model.Totals(
        lines=net if lines is None else lines,
        allowances=NS.number(element, "ram:AllowanceTotalAmount") or zero,
        charges=NS.number(element, "ram:ChargeTotalAmount") or zero,
        net=net,
        vat=read_number(next(iter(taxes.values()), "")) or zero,
        vat_in_tax_currency=converted,
        gross=NS.required(element, "ram:GrandTotalAmount", "BT-112"),
        prepaid=NS.number(element, "ram:TotalPrepaidAmount") or zero,
        rounding=NS.number(element, "ram:RoundingAmount") or zero,
        payable=NS.required(element, "ram:DuePayableAmount", "BT-115"),
    )
