"""Render the semantic model as UBL: one builder per BG group, in the order the schema wants the elements."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import Any

from lxml import etree
from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.ubl.rendering_lines import add_adjustment, add_line, add_money, add_tax_category
from einvoicing.formats.ubl.rendering_parties import (
    add_address,
    add_identifier,
    add_party,
    add_payee,
    add_tax_representative,
    add_text,
)
from einvoicing.formats.ubl.vocabulary import (
    DOCUMENTS,
    INVOICED_OBJECT,
    NO_MEANS,
    NO_ORDER,
    NS,
    PROJECT,
    VAT_POINTS,
)
from einvoicing.formats.xml import serialise


def render(document: model.Invoice) -> bytes:
    """The invoice as UBL bytes, the same each time. Raises ValueError when an amount has more than two decimals."""
    kind = "CreditNote" if document.is_credit_note else "Invoice"
    namespace = DOCUMENTS[kind]
    prefixes: dict[Any, str] = {None: namespace, **NS.prefixes}
    root = etree.Element(f"{{{namespace}}}{kind}", nsmap=prefixes)
    _add_heading(root, document)
    _add_references(root, document)
    add_party(NS.add(root, "cac:AccountingSupplierParty"), document.seller, creditor=_creditor_of(document, "seller"))
    add_party(NS.add(root, "cac:AccountingCustomerParty"), document.buyer, is_buyer=True)
    if document.payee:
        add_payee(root, document.payee, creditor=_creditor_of(document, "payee"))
    if document.tax_representative:
        add_tax_representative(root, document.tax_representative)
    _add_delivery(root, document.delivery)
    _add_payment_means(root, document)
    if document.payment and document.payment.terms:
        NS.add(root, "cac:PaymentTerms/cbc:Note", document.payment.terms)
    for allowance in document.allowances:
        add_adjustment(root, allowance, document.currency, charge=False)
    for charge in document.charges:
        add_adjustment(root, charge, document.currency, charge=True)
    _add_vat(root, document)
    _add_totals(root, document)
    for line in document.lines:
        add_line(root, line, document)
    return serialise(root)


def _creditor_of(document: model.Invoice, who: str) -> str:
    """BT-90 stands with the payee where there is one, else with the seller."""
    payment = document.payment
    if payment is None or (who == "payee") is not (document.payee is not None):
        return ""
    return payment.creditor_identifier


def _add_heading(root: _Element, document: model.Invoice) -> None:  # BT-1 to BT-10, BG-1, BG-2
    is_credit = document.is_credit_note
    add_text(root, "cbc:CustomizationID", document.profile)
    add_text(root, "cbc:ProfileID", document.business_process)
    NS.add(root, "cbc:ID", document.number)
    _add_day(root, "cbc:IssueDate", document.issue_date)
    if is_credit:
        _add_day(root, "cbc:TaxPointDate", document.vat_point_date)
    else:
        _add_day(root, "cbc:DueDate", document.due_date)
    NS.add(root, "cbc:CreditNoteTypeCode" if is_credit else "cbc:InvoiceTypeCode", document.type_code)
    for note in document.notes:
        # UBL has no place for the subject code: the French rules write it between number signs (BR-FR-05)
        NS.add(root, "cbc:Note", f"#{note.subject_code}#{note.text}" if note.subject_code else note.text)
    if not is_credit:
        _add_day(root, "cbc:TaxPointDate", document.vat_point_date)
    NS.add(root, "cbc:DocumentCurrencyCode", document.currency)
    add_text(root, "cbc:TaxCurrencyCode", document.tax_currency)
    add_text(root, "cbc:AccountingCost", document.accounting_reference)
    add_text(root, "cbc:BuyerReference", document.buyer_reference)
    _add_period(root, document)


def _add_period(root: _Element, document: model.Invoice) -> None:  # BG-14, BT-8
    period = document.period or model.Period()
    if not (period.start or period.end or document.vat_point_code):
        return
    element = NS.add(root, "cac:InvoicePeriod")
    _add_day(element, "cbc:StartDate", period.start)
    _add_day(element, "cbc:EndDate", period.end)
    code = document.vat_point_code
    add_text(element, "cbc:DescriptionCode", VAT_POINTS.get(code, code))


def _add_references(root: _Element, document: model.Invoice) -> None:  # BT-11 to BT-18, BG-3, BG-24
    if document.purchase_order or document.sales_order:
        order = NS.add(root, "cac:OrderReference")
        NS.add(order, "cbc:ID", document.purchase_order or NO_ORDER)
        add_text(order, "cbc:SalesOrderID", document.sales_order)
    for reference in document.preceding:
        element = NS.add(root, "cac:BillingReference/cac:InvoiceDocumentReference")
        NS.add(element, "cbc:ID", reference.number)
        _add_day(element, "cbc:IssueDate", reference.date)
    add_text(root, "cac:DespatchDocumentReference/cbc:ID", document.despatch_advice)
    add_text(root, "cac:ReceiptDocumentReference/cbc:ID", document.receiving_advice)
    if not document.is_credit_note:
        add_text(root, "cac:OriginatorDocumentReference/cbc:ID", document.tender)
    add_text(root, "cac:ContractDocumentReference/cbc:ID", document.contract)
    if document.invoiced_object:
        _add_typed_reference(root, document.invoiced_object, INVOICED_OBJECT)
    if document.is_credit_note and document.project:
        _add_typed_reference(root, model.Identifier(document.project), PROJECT)
    for attachment in document.attachments:
        _add_attachment(root, attachment)
    if document.is_credit_note:
        add_text(root, "cac:OriginatorDocumentReference/cbc:ID", document.tender)
    else:
        add_text(root, "cac:ProjectReference/cbc:ID", document.project)


def _add_typed_reference(root: _Element, identifier: model.Identifier, type_code: str) -> None:
    element = NS.add(root, "cac:AdditionalDocumentReference")
    NS.add(element, "cbc:ID", identifier.value, schemeID=identifier.scheme)
    NS.add(element, "cbc:DocumentTypeCode", type_code)


def _add_attachment(root: _Element, attachment: model.Attachment) -> None:  # BG-24
    element = NS.add(root, "cac:AdditionalDocumentReference")
    NS.add(element, "cbc:ID", attachment.reference)
    add_text(element, "cbc:DocumentDescription", attachment.description)
    if not (attachment.content or attachment.url):
        return
    holder = NS.add(element, "cac:Attachment")
    if attachment.content:
        content = b64encode(attachment.content).decode("ascii")
        names = {"mimeCode": attachment.mime, "filename": attachment.filename}
        NS.add(holder, "cbc:EmbeddedDocumentBinaryObject", content, **names)
    add_text(holder, "cac:ExternalReference/cbc:URI", attachment.url)


def _add_delivery(root: _Element, delivery: model.Delivery | None) -> None:  # BG-13
    if delivery is None or delivery == model.Delivery():
        return
    element = NS.add(root, "cac:Delivery")
    _add_day(element, "cbc:ActualDeliveryDate", delivery.date)
    if delivery.location or delivery.address:
        location = NS.add(element, "cac:DeliveryLocation")
        add_identifier(location, "cbc:ID", delivery.location)
        add_address(location, delivery.address, "cac:Address")
    add_text(element, "cac:DeliveryParty/cac:PartyName/cbc:Name", delivery.name)


def _add_payment_means(root: _Element, document: model.Invoice) -> None:  # BG-16 to BG-19, BT-9 of a credit note
    payment = document.payment or model.Payment()
    due_date = document.due_date if document.is_credit_note else None
    code = payment.means_code or (NO_MEANS if due_date or payment.reference or payment.mandate else "")
    if not code:
        return
    first = model.Account(iban=payment.iban, account_name=payment.account_name, bic=payment.bic)
    for account in (first, *payment.other_accounts):
        element = NS.add(root, "cac:PaymentMeans")
        # the text, the card and the mandate are those of the payment: written once (UBL-SR-46, UBL-SR-55)
        own = payment if account is first else model.Payment()
        NS.add(element, "cbc:PaymentMeansCode", code, name=own.means_text)
        _add_day(element, "cbc:PaymentDueDate", due_date)
        add_text(element, "cbc:PaymentID", payment.reference)
        _add_card(element, own)
        _add_account(element, account)
        if own.mandate or own.debited_iban:
            mandate = NS.add(element, "cac:PaymentMandate")
            add_text(mandate, "cbc:ID", own.mandate)
            add_text(mandate, "cac:PayerFinancialAccount/cbc:ID", own.debited_iban)


def _add_card(element: _Element, payment: model.Payment) -> None:  # BG-18
    if payment.card_number:
        card = NS.add(element, "cac:CardAccount")
        NS.add(card, "cbc:PrimaryAccountNumberID", payment.card_number)
        NS.add(card, "cbc:NetworkID", "NA")  # the schema wants one, EN 16931 has none
        add_text(card, "cbc:HolderName", payment.card_holder)


def _add_account(element: _Element, account: model.Account) -> None:  # BG-17
    if account.iban:
        holder = NS.add(element, "cac:PayeeFinancialAccount")
        NS.add(holder, "cbc:ID", account.iban)
        add_text(holder, "cbc:Name", account.account_name)
        add_text(holder, "cac:FinancialInstitutionBranch/cbc:ID", account.bic)


def _add_vat(root: _Element, document: model.Invoice) -> None:  # BG-23, BT-110, BT-111
    total = NS.add(root, "cac:TaxTotal")
    add_money(total, "cbc:TaxAmount", document.totals.vat, document.currency)
    for subtotal in document.vat:
        element = NS.add(total, "cac:TaxSubtotal")
        add_money(element, "cbc:TaxableAmount", subtotal.base, document.currency)
        add_money(element, "cbc:TaxAmount", subtotal.amount, document.currency)
        add_tax_category(
            element,
            "cac:TaxCategory",
            subtotal.category,
            subtotal.rate,
            exemption_code=subtotal.exemption_code,
            exemption_reason=subtotal.exemption_reason,
        )
    converted = document.totals.vat_in_tax_currency
    if converted is not None:
        add_money(root, "cac:TaxTotal/cbc:TaxAmount", converted, document.tax_currency)


def _add_totals(root: _Element, document: model.Invoice) -> None:  # BG-22
    totals = document.totals
    element = NS.add(root, "cac:LegalMonetaryTotal")
    for name, value, always in (
        ("LineExtension", totals.lines, True),
        ("TaxExclusive", totals.net, True),
        ("TaxInclusive", totals.gross, True),
        ("AllowanceTotal", totals.allowances, bool(document.allowances)),
        ("ChargeTotal", totals.charges, bool(document.charges)),
        ("Prepaid", totals.prepaid, False),
        ("PayableRounding", totals.rounding, False),
        ("Payable", totals.payable, True),
    ):
        if value or always:
            add_money(element, f"cbc:{name}Amount", value, document.currency)


def _add_day(parent: _Element, path: str, value: date | None) -> None:
    if value:
        NS.add(parent, path, value.isoformat())
