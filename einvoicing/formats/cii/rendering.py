"""Render the semantic model as CII: one builder per BG group, in the order the schema wants the elements."""

from __future__ import annotations

from base64 import b64encode
from datetime import date

from lxml.etree import _Element

from einvoicing import document as model
from einvoicing.formats.cii.profiles import MINIMUM, reduce_to
from einvoicing.formats.cii.rendering_lines import add_adjustment, add_line, add_period, add_reference
from einvoicing.formats.cii.vocabulary import INVOICED_OBJECT, MOST, NS, SIREN, SIRET, SUPPORTING, TENDER
from einvoicing.formats.xml import amount, day, decimal, serialise


def render(document: model.Invoice, *, profile: str = "") -> bytes:
    """The invoice as CII bytes, the same each time, with the terms its profile (BT-24) knows and no other.

    `profile` puts it under another one (see `profiles`). Raises ValueError when an amount has more than two
    decimals, or when the profile cannot carry the totals.
    """
    document = reduce_to(document, profile or document.profile)
    root = NS.root("rsm:CrossIndustryInvoice")
    _add_context(root, document)
    _add_heading(root, document)
    transaction = NS.add(root, "rsm:SupplyChainTradeTransaction")
    for line in document.lines:
        add_line(transaction, line)
    _add_agreement(transaction, document)
    _add_delivery(transaction, document)
    _add_settlement(transaction, document)
    return serialise(root)


def _add_context(root: _Element, document: model.Invoice) -> None:  # BG-2
    context = NS.add(root, "rsm:ExchangedDocumentContext")
    if document.business_process:
        path = "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"
        NS.add(context, path, document.business_process)
    _add_text(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", document.profile)


def _add_heading(root: _Element, document: model.Invoice) -> None:  # BT-1 to BT-3, BG-1
    heading = NS.add(root, "rsm:ExchangedDocument")
    NS.add(heading, "ram:ID", document.number)
    NS.add(heading, "ram:TypeCode", document.type_code)
    _add_day(heading, "ram:IssueDateTime", document.issue_date)
    for note in document.notes:
        element = NS.add(heading, "ram:IncludedNote")
        NS.add(element, "ram:Content", note.text)
        _add_text(element, "ram:SubjectCode", note.subject_code)


def _add_agreement(transaction: _Element, document: model.Invoice) -> None:
    agreement = NS.add(transaction, "ram:ApplicableHeaderTradeAgreement")
    _add_text(agreement, "ram:BuyerReference", document.buyer_reference)
    _add_party(agreement, "ram:SellerTradeParty", document.seller)
    _add_party(agreement, "ram:BuyerTradeParty", document.buyer)
    if document.tax_representative:
        _add_tax_representative(agreement, document.tax_representative)
    for name, number in (
        ("SellerOrder", document.sales_order),
        ("BuyerOrder", document.purchase_order),
        ("Contract", document.contract),
    ):
        _add_text(agreement, f"ram:{name}ReferencedDocument/ram:IssuerAssignedID", number)
    for attachment in document.attachments:
        _add_attachment(agreement, attachment)
    if document.tender:
        add_reference(agreement, model.Identifier(document.tender), TENDER)
    if document.invoiced_object:
        add_reference(agreement, document.invoiced_object, INVOICED_OBJECT)
    if document.project:
        project = NS.add(agreement, "ram:SpecifiedProcuringProject")
        NS.add(project, "ram:ID", document.project)
        NS.add(project, "ram:Name", "Project reference")  # the schema wants a name, EN 16931 has none


def _add_party(parent: _Element, path: str, party: model.Party) -> None:  # BG-4, BG-7
    element = NS.add(parent, path)
    siret = (model.Identifier(party.siret, SIRET),) if party.siret else ()
    _add_identifiers(element, (*siret, *party.identifiers))
    NS.add(element, "ram:Name", party.name)
    _add_text(element, "ram:Description", party.legal_information)
    legal = model.Identifier(party.siren, SIREN) if party.siren else party.legal_identifier
    if legal or party.trade_name:
        organization = NS.add(element, "ram:SpecifiedLegalOrganization")
        if legal:
            NS.add(organization, "ram:ID", legal.value, schemeID=legal.scheme)
        _add_text(organization, "ram:TradingBusinessName", party.trade_name)
    if party.contact:
        contact = NS.add(element, "ram:DefinedTradeContact")
        _add_text(contact, "ram:PersonName", party.contact.name)
        _add_text(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", party.contact.phone)
        _add_text(contact, "ram:EmailURIUniversalCommunication/ram:URIID", party.contact.email)
    _add_address(element, party.address)
    if party.electronic_address:
        communication = "ram:URIUniversalCommunication/ram:URIID"
        NS.add(element, communication, party.electronic_address, schemeID=party.electronic_scheme)
    for number, scheme in ((party.vat_number, "VA"), (party.tax_number, "FC")):
        if number:
            NS.add(element, "ram:SpecifiedTaxRegistration/ram:ID", number, schemeID=scheme)


def _add_identifiers(element: _Element, identifiers: tuple[model.Identifier, ...]) -> None:
    for identifier in identifiers:
        if not identifier.scheme:
            NS.add(element, "ram:ID", identifier.value)
    for identifier in identifiers:
        if identifier.scheme:
            NS.add(element, "ram:GlobalID", identifier.value, schemeID=identifier.scheme)


def _add_address(parent: _Element, address: model.Address | None) -> None:  # BG-5, BG-8, BG-12, BG-15
    if address is None:
        return
    element = NS.add(parent, "ram:PostalTradeAddress")
    for name, text in (
        ("PostcodeCode", address.postcode),
        ("LineOne", address.line_one),
        ("LineTwo", address.line_two),
        ("LineThree", address.line_three),
        ("CityName", address.city),
        ("CountryID", address.country),
        ("CountrySubDivisionName", address.subdivision),
    ):
        _add_text(element, f"ram:{name}", text)


def _add_tax_representative(parent: _Element, representative: model.TaxRepresentative) -> None:  # BG-11
    element = NS.add(parent, "ram:SellerTaxRepresentativeTradeParty")
    NS.add(element, "ram:Name", representative.name)
    _add_address(element, representative.address)
    NS.add(element, "ram:SpecifiedTaxRegistration/ram:ID", representative.vat_number, schemeID="VA")


def _add_attachment(parent: _Element, attachment: model.Attachment) -> None:  # BG-24
    element = NS.add(parent, "ram:AdditionalReferencedDocument")
    NS.add(element, "ram:IssuerAssignedID", attachment.reference)
    _add_text(element, "ram:URIID", attachment.url)
    NS.add(element, "ram:TypeCode", SUPPORTING)
    _add_text(element, "ram:Name", attachment.description)
    if attachment.content:
        content = b64encode(attachment.content).decode("ascii")
        path = "ram:AttachmentBinaryObject"
        NS.add(element, path, content, mimeCode=attachment.mime, filename=attachment.filename)


def _add_delivery(transaction: _Element, document: model.Invoice) -> None:  # BG-13
    element = NS.add(transaction, "ram:ApplicableHeaderTradeDelivery")
    delivery = document.delivery
    if delivery and (delivery.name or delivery.location or delivery.address):
        party = NS.add(element, "ram:ShipToTradeParty")
        _add_identifiers(party, (delivery.location,) if delivery.location else ())
        _add_text(party, "ram:Name", delivery.name)
        _add_address(party, delivery.address)
    if delivery and delivery.date:
        _add_day(element, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime", delivery.date)
    for name, number in (("Despatch", document.despatch_advice), ("Receiving", document.receiving_advice)):
        _add_text(element, f"ram:{name}AdviceReferencedDocument/ram:IssuerAssignedID", number)


def _add_settlement(transaction: _Element, document: model.Invoice) -> None:
    element = NS.add(transaction, "ram:ApplicableHeaderTradeSettlement")
    payment = document.payment or model.Payment()
    _add_text(element, "ram:CreditorReferenceID", payment.creditor_identifier)
    _add_text(element, "ram:PaymentReference", payment.reference)
    _add_text(element, "ram:TaxCurrencyCode", document.tax_currency)
    NS.add(element, "ram:InvoiceCurrencyCode", document.currency)
    if document.payee:
        _add_payee(element, document.payee)
    _add_payment_means(element, payment)
    for subtotal in document.vat:
        _add_vat(element, subtotal, document)
    add_period(element, document.period)
    for allowance in document.allowances:
        add_adjustment(element, allowance, charge=False)
    for charge in document.charges:
        add_adjustment(element, charge, charge=True)
    _add_terms(element, document.due_date, payment)
    _add_totals(element, document)
    for reference in document.preceding:
        preceding = NS.add(element, "ram:InvoiceReferencedDocument")
        NS.add(preceding, "ram:IssuerAssignedID", reference.number)
        if reference.date:
            path = "ram:FormattedIssueDateTime/qdt:DateTimeString"
            NS.add(preceding, path, day(reference.date), format="102")
    account = "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"
    _add_text(element, account, document.accounting_reference)


def _add_payee(parent: _Element, payee: model.Payee) -> None:  # BG-10
    element = NS.add(parent, "ram:PayeeTradeParty")
    _add_identifiers(element, (payee.identifier,) if payee.identifier else ())
    NS.add(element, "ram:Name", payee.name)
    if payee.legal_identifier:
        path = "ram:SpecifiedLegalOrganization/ram:ID"
        NS.add(element, path, payee.legal_identifier.value, schemeID=payee.legal_identifier.scheme)


def _add_payment_means(parent: _Element, payment: model.Payment) -> None:  # BG-16 to BG-19
    if not payment.means_code:
        return
    first = model.Account(iban=payment.iban, account_name=payment.account_name, bic=payment.bic)
    for account in (first, *payment.other_accounts):
        element = NS.add(parent, "ram:SpecifiedTradeSettlementPaymentMeans")
        # the text, the card and the account debited are those of the payment: written once
        own = payment if account is first else model.Payment()
        NS.add(element, "ram:TypeCode", payment.means_code)
        _add_text(element, "ram:Information", own.means_text)
        if own.card_number:
            card = NS.add(element, "ram:ApplicableTradeSettlementFinancialCard")
            NS.add(card, "ram:ID", own.card_number)
            _add_text(card, "ram:CardholderName", own.card_holder)
        _add_text(element, "ram:PayerPartyDebtorFinancialAccount/ram:IBANID", own.debited_iban)
        if account.iban:
            creditor = NS.add(element, "ram:PayeePartyCreditorFinancialAccount")
            iban = account.iban[:2].isalpha()
            if iban:
                NS.add(creditor, "ram:IBANID", account.iban)
            _add_text(creditor, "ram:AccountName", account.account_name)
            if not iban:
                NS.add(creditor, "ram:ProprietaryID", account.iban)
        _add_text(element, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", account.bic)


def _add_vat(parent: _Element, subtotal: model.VatSubtotal, document: model.Invoice) -> None:  # BG-23
    element = NS.add(parent, "ram:ApplicableTradeTax")
    NS.add(element, "ram:CalculatedAmount", amount(subtotal.amount))
    NS.add(element, "ram:TypeCode", "VAT")
    _add_text(element, "ram:ExemptionReason", subtotal.exemption_reason)
    NS.add(element, "ram:BasisAmount", amount(subtotal.base))
    NS.add(element, "ram:CategoryCode", subtotal.category)
    _add_text(element, "ram:ExemptionReasonCode", subtotal.exemption_code)
    if document.vat_point_date and subtotal is document.vat[0]:  # BT-7 stands once (CII-SR-461)
        NS.add(element, "ram:TaxPointDate/udt:DateString", day(document.vat_point_date), format="102")
    _add_text(element, "ram:DueDateTypeCode", document.vat_point_code)
    if subtotal.rate is not None:
        NS.add(element, "ram:RateApplicablePercent", decimal(subtotal.rate, most=MOST, least=2))


def _add_terms(parent: _Element, due_date: date | None, payment: model.Payment) -> None:  # BT-20, BT-9, BT-89
    if not (due_date or payment.terms or payment.mandate):
        return
    element = NS.add(parent, "ram:SpecifiedTradePaymentTerms")
    _add_text(element, "ram:Description", payment.terms)
    if due_date:
        _add_day(element, "ram:DueDateDateTime", due_date)
    _add_text(element, "ram:DirectDebitMandateID", payment.mandate)


def _add_totals(parent: _Element, document: model.Invoice) -> None:  # BG-22
    totals = document.totals
    element = NS.add(parent, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    if document.profile != MINIMUM:
        NS.add(element, "ram:LineTotalAmount", amount(totals.lines))
    if totals.charges or document.charges:
        NS.add(element, "ram:ChargeTotalAmount", amount(totals.charges))
    if totals.allowances or document.allowances:
        NS.add(element, "ram:AllowanceTotalAmount", amount(totals.allowances))
    NS.add(element, "ram:TaxBasisTotalAmount", amount(totals.net))
    NS.add(element, "ram:TaxTotalAmount", amount(totals.vat), currencyID=document.currency)
    if totals.vat_in_tax_currency is not None:
        converted = amount(totals.vat_in_tax_currency)
        NS.add(element, "ram:TaxTotalAmount", converted, currencyID=document.tax_currency)
    if totals.rounding:
        NS.add(element, "ram:RoundingAmount", amount(totals.rounding))
    NS.add(element, "ram:GrandTotalAmount", amount(totals.gross))
    if totals.prepaid:
        NS.add(element, "ram:TotalPrepaidAmount", amount(totals.prepaid))
    NS.add(element, "ram:DuePayableAmount", amount(totals.payable))


def _add_text(parent: _Element, path: str, text: str) -> None:
    if text:
        NS.add(parent, path, text)


def _add_day(parent: _Element, path: str, value: date) -> None:
    NS.add(parent, f"{path}/udt:DateTimeString", day(value), format="102")
