"""Read a UBL Invoice or CreditNote that comes from outside into the semantic model.

Elements that EN 16931 does not know are left aside: the original bytes are the evidence, the model is what the
product understands of them.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from lxml.etree import _Element

from config.kernel.errors import Invalid
from config.kernel.xml import parse_untrusted
from einvoicing import document as model
from einvoicing.formats.ubl.parsing_lines import (
    read_adjustments,
    read_day,
    read_line,
    read_period,
    read_subtotal,
)
from einvoicing.formats.ubl.parsing_parties import (
    read_address,
    read_buyer,
    read_creditor,
    read_identifier,
    read_party,
    read_payee,
    read_representative,
)
from einvoicing.formats.ubl.vocabulary import INVOICED_OBJECT, NO_MEANS, NO_ORDER, NS, PROJECT, ROOTS, VAT_POINTS
from einvoicing.formats.xml import read_number

# the business terms that are one text of a group, and where each stands
_TEXTS = {
    "buyer_reference": "cbc:BuyerReference",
    "contract": "cac:ContractDocumentReference/cbc:ID",
    "receiving_advice": "cac:ReceiptDocumentReference/cbc:ID",
    "despatch_advice": "cac:DespatchDocumentReference/cbc:ID",
    "tender": "cac:OriginatorDocumentReference/cbc:ID",
    "accounting_reference": "cbc:AccountingCost",
    "business_process": "cbc:ProfileID",
    "profile": "cbc:CustomizationID",
}

_SUBJECT = re.compile(r"#([A-Z]{3})#")
_VAT_POINTS = {code: ours for ours, code in VAT_POINTS.items()}


class NotUbl(Invalid):
    """The bytes are XML but not a UBL invoice, or a datum without which there is no invoice is missing."""

    code = "not_ubl"
    message = "Le fichier n’est pas une facture électronique (UBL)."


def parse(data: bytes) -> model.Invoice:
    """Read an invoice or a credit note. Raises Invalid, with the sentence to show."""
    root = parse_untrusted(data)
    kind = ROOTS.get(str(root.tag))
    if kind is None:
        raise NotUbl
    return _invoice(root, kind)


def _invoice(root: _Element, kind: str) -> model.Invoice:
    number, issue_date = _identity(root)
    is_credit = kind == "CreditNote"
    currency = NS.text(root, "cbc:DocumentCurrencyCode")
    tax_currency = NS.text(root, "cbc:TaxCurrencyCode")
    allowances, charges = read_adjustments(root)
    purchase_order, sales_order = _orders(root)
    typed, attachments = _documents(root)
    project = typed.get(PROJECT) if is_credit else None
    return model.Invoice(
        number=number,
        issue_date=issue_date,
        type_code=NS.text(root, "cbc:CreditNoteTypeCode" if is_credit else "cbc:InvoiceTypeCode"),
        currency=currency,
        tax_currency="" if tax_currency == currency else tax_currency,  # BT-6 is only given when it differs
        vat_point_date=read_day(root, "cbc:TaxPointDate"),
        vat_point_code=_vat_point(root),
        due_date=_due_date(root, is_credit),
        project=project.value if project else NS.text(root, "cac:ProjectReference/cbc:ID"),
        purchase_order=purchase_order,
        sales_order=sales_order,
        invoiced_object=typed.get(INVOICED_OBJECT),
        notes=tuple(note for item in NS.all(root, "cbc:Note") for note in _notes(item.text or "")),
        preceding=tuple(_preceding(item) for item in NS.all(root, "cac:BillingReference/cac:InvoiceDocumentReference")),
        seller=read_party(NS.find(root, "cac:AccountingSupplierParty/cac:Party")),
        buyer=read_buyer(NS.find(root, "cac:AccountingCustomerParty/cac:Party")),
        payee=read_payee(NS.find(root, "cac:PayeeParty")),
        tax_representative=read_representative(NS.find(root, "cac:TaxRepresentativeParty")),
        delivery=_delivery(NS.find(root, "cac:Delivery")),
        period=read_period(root),
        payment=_payment(root),
        allowances=allowances,
        charges=charges,
        totals=_totals(root, currency, tax_currency),
        vat=tuple(read_subtotal(item) for item in NS.all(root, "cac:TaxTotal/cac:TaxSubtotal")),
        attachments=attachments,
        lines=tuple(read_line(item) for item in NS.all(root, f"cac:{kind}Line")),
        **NS.texts(root, _TEXTS),
    )


def _identity(root: _Element) -> tuple[str, date]:
    """BT-1, BT-2. Raises NotUbl."""
    issue_date, number = read_day(root, "cbc:IssueDate"), NS.text(root, "cbc:ID")
    if issue_date is None or not number:
        raise NotUbl("La facture n’a pas de numéro ou de date d’émission.")
    return number, issue_date


def _orders(root: _Element) -> tuple[str, str]:
    """BT-13, BT-14. The schema wants the buyer's number before the seller's: a filler stands for one not given."""
    order = NS.text(root, "cac:OrderReference/cbc:ID")
    sales_order = NS.text(root, "cac:OrderReference/cbc:SalesOrderID")
    return "" if sales_order and order == NO_ORDER else order, sales_order


def _due_date(root: _Element, is_credit: bool) -> date | None:
    """BT-9. A credit note has no DueDate of its own: UBL 2.1 puts it at its means of payment."""
    return read_day(root, "cac:PaymentMeans/cbc:PaymentDueDate" if is_credit else "cbc:DueDate")


def _vat_point(root: _Element) -> str:
    """BT-8, which UBL codes otherwise (UNTDID 2005) than the model; an unknown code stays as it came."""
    code = NS.text(root, "cac:InvoicePeriod/cbc:DescriptionCode")
    return _VAT_POINTS.get(code, code)


def _notes(text: str) -> Iterator[model.Note]:
    """BG-1: each `#PMT#` opens a note, as the French rules let several be written in one element."""
    plain, *coded = _SUBJECT.split(text)
    if plain or not coded:
        yield model.Note("", plain)
    for subject, content in zip(coded[::2], coded[1::2], strict=True):
        yield model.Note(subject, content)


def _preceding(element: _Element) -> model.Reference:
    return model.Reference(NS.text(element, "cbc:ID"), read_day(element, "cbc:IssueDate"))


def _documents(root: _Element) -> tuple[dict[str, model.Identifier], tuple[model.Attachment, ...]]:
    """The references, distinguished by their type code (BT-11, BT-18), then the attachments (BG-24)."""
    typed: dict[str, model.Identifier] = {}
    attachments = []
    for element in NS.all(root, "cac:AdditionalDocumentReference"):
        code = NS.text(element, "cbc:DocumentTypeCode")
        identifier = read_identifier(NS.find(element, "cbc:ID"))
        if code in {INVOICED_OBJECT, PROJECT} and identifier:
            typed.setdefault(code, identifier)
        else:
            attachments.append(_attachment(element))
    return typed, tuple(attachments)


def _attachment(element: _Element) -> model.Attachment:
    binary = NS.find(element, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject")
    try:
        content = b64decode("".join((binary.text or "").split()), validate=True) if binary is not None else b""
    except (binascii.Error, ValueError) as error:
        raise Invalid("Une pièce jointe de la facture est illisible.") from error
    return model.Attachment(
        reference=NS.text(element, "cbc:ID"),
        description=NS.text(element, "cbc:DocumentDescription"),
        url=NS.text(element, "cac:Attachment/cac:ExternalReference/cbc:URI"),
        content=content,
        mime="" if binary is None else binary.get("mimeCode", ""),
        filename="" if binary is None else binary.get("filename", ""),
    )


def _delivery(element: _Element | None) -> model.Delivery | None:
    location = NS.find(element, "cac:DeliveryLocation")
    found = model.Delivery(
        date=read_day(element, "cbc:ActualDeliveryDate"),
        name=NS.text(element, "cac:DeliveryParty/cac:PartyName/cbc:Name"),
        location=read_identifier(NS.find(location, "cbc:ID")),
        address=read_address(NS.find(location, "cac:Address")),
    )
    return None if found == model.Delivery() else found


def _payment(root: _Element) -> model.Payment | None:
    means = list(NS.all(root, "cac:PaymentMeans"))
    first = means[0] if means else None
    accounts = [_account(item) for item in means]
    main = accounts[0] if accounts else model.Account(iban="")
    code = NS.find(first, "cbc:PaymentMeansCode")
    payment = model.Payment(
        means_code="" if code is None or _is_filler(first) else code.text or "",
        means_text="" if code is None else code.get("name", ""),
        reference=NS.text(first, "cbc:PaymentID"),
        iban=main.iban,
        account_name=main.account_name,
        bic=main.bic,
        other_accounts=tuple(account for account in accounts[1:] if account.iban),
        card_number=NS.text(first, "cac:CardAccount/cbc:PrimaryAccountNumberID"),
        card_holder=NS.text(first, "cac:CardAccount/cbc:HolderName"),
        mandate=NS.text(first, "cac:PaymentMandate/cbc:ID"),
        creditor_identifier=read_creditor(root),
        debited_iban=NS.text(first, "cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID"),
        terms=NS.text(root, "cac:PaymentTerms/cbc:Note"),
    )
    return None if payment == model.Payment() else payment


def _is_filler(means: _Element | None) -> bool:
    """A code that only lets a due date or a reference stand where the schema wants one."""
    if NS.text(means, "cbc:PaymentMeansCode") != NO_MEANS:
        return False
    groups = ("cac:PayeeFinancialAccount", "cac:CardAccount", "cac:PaymentMandate")
    return all(NS.find(means, group) is None for group in groups)


def _account(means: _Element) -> model.Account:
    element = NS.find(means, "cac:PayeeFinancialAccount")
    return model.Account(
        iban=NS.text(element, "cbc:ID"),
        account_name=NS.text(element, "cbc:Name"),
        bic=NS.text(element, "cac:FinancialInstitutionBranch/cbc:ID"),
    )


def _totals(root: _Element, currency: str, tax_currency: str) -> model.Totals:
    element = NS.find(root, "cac:LegalMonetaryTotal")
    if element is None:
        raise NotUbl("La facture n’a pas de totaux.")
    zero = Decimal(0)
    # BT-110 and BT-111 share one element name; only the currency tells them apart
    taxes = {item.get("currencyID", ""): item.text or "" for item in NS.all(root, "cac:TaxTotal/cbc:TaxAmount")}
    converted = read_number(taxes.pop(tax_currency, "")) if tax_currency != currency else None
    return model.Totals(
        lines=NS.required(element, "cbc:LineExtensionAmount", "BT-106"),
        allowances=NS.number(element, "cbc:AllowanceTotalAmount") or zero,
        charges=NS.number(element, "cbc:ChargeTotalAmount") or zero,
        net=NS.required(element, "cbc:TaxExclusiveAmount", "BT-109"),
        vat=read_number(taxes.get(currency, "") or next(iter(taxes.values()), "")) or zero,
        vat_in_tax_currency=converted,
        gross=NS.required(element, "cbc:TaxInclusiveAmount", "BT-112"),
        prepaid=NS.number(element, "cbc:PrepaidAmount") or zero,
        rounding=NS.number(element, "cbc:PayableRoundingAmount") or zero,
        payable=NS.required(element, "cbc:PayableAmount", "BT-115"),
    )
