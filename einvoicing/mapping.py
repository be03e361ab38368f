"""An invoice of billing as an EN 16931 document: the only file that knows both.

An issued invoice is read from its frozen columns alone, so that the same bytes come out in ten years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from billing import totals
from billing.models import Invoice, InvoiceLine, VatSubtotal
from config.kernel.identifiers import electronic_address, uid
from config.kernel.money import ZERO
from customers import territories
from einvoicing import document as model

FRENCH_DIRECTORY = "0225"
BY_EMAIL = "EM"
TRANSFER = "30"  # UNTDID 4461


def from_invoice(
    invoice: Invoice,
    *,
    lines: Sequence[InvoiceLine],
    subtotals: Sequence[VatSubtotal],
    deposits: Sequence[Invoice] = (),
) -> model.Invoice:
    """The document of an issued invoice, or of a draft on which the frozen columns were set in memory.

    `deposits` are the deposit invoices that it deducts.
    """
    if invoice.number is None or invoice.issue_date is None:
        raise ValueError("a document needs a number and a date")
    mentions = invoice.mentions
    seller, buyer = _seller(invoice.seller), _buyer(invoice.buyer)
    outside = bool(subtotals) and all(row.category == "O" for row in subtotals)
    return model.Invoice(
        number=invoice.number,
        issue_date=invoice.issue_date,
        type_code=invoice.kind,
        currency=invoice.currency,
        tax_currency=invoice.accounting_currency if invoice.is_foreign else "",
        vat_point_code="5" if mentions.get("vat_on_debits") else "",
        due_date=None if invoice.is_credit_note else invoice.due_date,
        buyer_reference=invoice.service_code,
        purchase_order=invoice.purchase_order,
        contract=invoice.contract_reference,
        sales_order=_sales_order(invoice),
        notes=_notes(invoice, deposits),
        business_process=business_process(invoice),
        preceding=preceding(invoice, deposits),
        seller=_untaxed(seller) if outside else seller,
        buyer=_untaxed(buyer) if outside else buyer,
        delivery=_delivery(invoice, within_union=any(row.category == "K" for row in subtotals)),
        payment=_payment(invoice),
        totals=_totals(invoice),
        vat=tuple(_subtotal(row) for row in subtotals),
        lines=tuple(_line(line) for line in lines),
    )


def processing_rule(buyer: Mapping[str, Any]) -> str:
    """XP Z12-013 processingRule (Annex A): who buys, and where. Sales to individuals are B2C wherever they live."""
    if buyer["kind"] == "INDIVIDUAL":
        return "B2C"
    rule = "B2G" if buyer.get("is_public_body") else "B2B"
    return rule if _is_domestic(buyer) else f"{rule}Int"


def processing_note(buyer: Mapping[str, Any]) -> str:
    """The BAR note (BR-FR-20), another vocabulary: public bodies are B2B there, individuals abroad B2CINT."""
    rule = "B2C" if buyer["kind"] == "INDIVIDUAL" else "B2B"
    return rule if _is_domestic(buyer) else f"{rule}INT"


def _is_domestic(buyer: Mapping[str, Any]) -> bool:
    return territories.is_domestic(buyer["address"]["country"], monaco=settings.MONACO_IS_DOMESTIC)


def business_process(invoice: Invoice) -> str:
    """BT-23, the cadre: B, S or M for the nature; 4 for a final invoice after deposits, 1 for any other (BR-FR-08)."""
    return f"{invoice.mentions['nature']}{4 if invoice.amount_deposited else 1}"


def _sales_order(invoice: Invoice) -> str:
    """BT-14 is one order: several are named in the notes."""
    orders = invoice.billed_orders
    return orders[0].number if len(orders) == 1 else ""


def _notes(invoice: Invoice, deposits: Sequence[Invoice]) -> tuple[model.Note, ...]:
    mentions = invoice.mentions
    # a Swiss seller has no fixed indemnity to state, and nothing to tell a French platform
    notes = [model.Note(code, mentions[code]) for code in ("PMT", "PMD", "AAB") if mentions[code].strip()]
    if not invoice.seller.get("uid"):
        notes.append(model.Note("BAR", processing_note(invoice.buyer)))
    if mentions.get("vat_on_debits"):
        notes.append(model.Note("AAI", "Option pour le paiement de la taxe d’après les débits"))
    notes.extend(
        model.Note("AAI", _deducted(deposit, sign="" if invoice.is_credit_note else "−")) for deposit in deposits
    )
    if mentions.get("extra"):
        notes.append(model.Note("AAI", mentions["extra"]))
    if invoice.notes:
        notes.append(model.Note("AAI", invoice.notes))
    return tuple(notes)


def _deducted(deposit: Invoice, *, sign: str) -> str:
    amount = f"{sign}{deposit.total_gross:.2f}".replace(".", ",")
    return f"Acompte {deposit.number} du {deposit.issue_date:%d/%m/%Y} : {amount} {deposit.currency} TTC"


def preceding(invoice: Invoice, deposits: Sequence[Invoice]) -> tuple[model.Reference, ...]:
    """BG-3: the deposits a final invoice deducts; what a credit note or a corrected invoice names, alone.

    A corrected invoice has exactly one (BR-FR-CO-04): its deposits are in its notes and in BT-113.
    """
    named = deposits if invoice.corrects is None else (invoice.corrects,)
    return tuple(model.Reference(earlier.number, earlier.issue_date) for earlier in named if earlier.number)


def _address(snapshot: Mapping[str, str]) -> model.Address:
    return model.Address(
        line_one=snapshot["line"],
        line_two=snapshot["extra"],
        postcode=snapshot["postcode"],
        city=snapshot["city"],
        country=territories.legal_code(snapshot["country"]),
    )


def _seller(snapshot: Mapping[str, Any]) -> model.Party:
    form = [snapshot["legal_form"], snapshot["share_capital"] and f"au capital de {snapshot['share_capital']}"]
    swiss = snapshot.get("uid", "")  # documents frozen before it was known have none
    register = snapshot["rcs_city"] and f"RCS {snapshot['rcs_city']} {snapshot['siren']}"
    return model.Party(
        name=snapshot["name"],
        siren=snapshot["siren"],
        siret=snapshot["siret"],
        vat_number=snapshot["vat_number"],
        # under the franchise there may be no VAT number: BR-E-02 then wants another tax number (BT-32)
        tax_number="" if snapshot["vat_number"] else snapshot["siren"] or swiss,
        legal_identifier=model.Identifier(swiss, uid.SCHEME) if swiss else None,
        legal_information=", ".join(filter(None, [" ".join(filter(None, form)), register])),
        electronic_address=snapshot["email"] if swiss else snapshot["electronic_address"],
        electronic_scheme=BY_EMAIL if swiss else FRENCH_DIRECTORY,
        address=_address(snapshot["address"]),
        contact=model.Contact(name=snapshot["name"], phone=snapshot["phone"], email=snapshot["email"]),
    )


def buyer_address(snapshot: Mapping[str, Any]) -> tuple[str, str]:
    """BT-49 and its scheme: the address of the French directory, else the e-mail; '' twice without either."""
    endpoint = snapshot["electronic_address"]
    if endpoint and electronic_address.is_valid(endpoint):
        return endpoint, FRENCH_DIRECTORY
    email = snapshot["email"]
    return email, BY_EMAIL if email else ""


def _buyer(snapshot: Mapping[str, Any]) -> model.Party:
    endpoint, scheme = buyer_address(snapshot)
    return model.Party(
        name=snapshot["name"],
        siren=snapshot["siren"],
        siret=snapshot["siret"],
        vat_number=snapshot["vat_number"],
        electronic_address=endpoint,
        electronic_scheme=scheme,
        address=_address(snapshot["address"]),
        contact=model.Contact(email=snapshot["email"]) if snapshot["email"] else None,
    )


def _untaxed(party: model.Party) -> model.Party:
    """Without its VAT number (BT-31, BT-48): what is outside the scope of VAT may not give one (BR-O-02 to BR-O-04)."""
    return replace(party, vat_number="")


def _delivery(invoice: Invoice, *, within_union: bool) -> model.Delivery | None:
    """BG-13. Goods within the Union name their country (BR-IC-12): the billing one where nothing else is said."""
    where = invoice.buyer.get("delivery_address")
    address = _address(where) if where else None
    if address is None and within_union:
        address = model.Address(country=territories.legal_code(invoice.buyer["address"]["country"]))
    if invoice.supply_date is None and address is None:
        return None
    return model.Delivery(date=invoice.supply_date, address=address)


def _payment(invoice: Invoice) -> model.Payment | None:
    if invoice.is_credit_note or not invoice.payable:
        return None
    return model.Payment(
        means_code=TRANSFER,
        reference=invoice.payment_reference,
        iban=invoice.seller["iban"],
        account_name=invoice.seller["name"],
        bic=invoice.seller["bic"],
        terms=_terms(invoice.due_date),
    )


def _terms(due_date: date | None) -> str:
    return f"Payable au plus tard le {due_date:%d/%m/%Y}" if due_date else ""


def _totals(invoice: Invoice) -> model.Totals:
    return model.Totals(
        lines=invoice.total_net,
        net=invoice.total_net,
        vat=invoice.total_vat,
        vat_in_tax_currency=invoice.accounting_vat if invoice.is_foreign else None,
        gross=invoice.total_gross,
        prepaid=invoice.amount_deposited,
        payable=invoice.payable,
    )


def _subtotal(row: VatSubtotal) -> model.VatSubtotal:
    return model.VatSubtotal(
        category=row.category,
        rate=None if row.category == "O" else row.rate,
        base=row.base,
        amount=row.amount,
        exemption_code=row.exemption_code,
        exemption_reason=row.exemption_reason,
    )


def _line(line: InvoiceLine) -> model.Line:
    net_price = totals.net_unit_price(line.priced())
    discounted: Decimal = line.unit_price - net_price
    return model.Line(
        id=str(line.position),
        name=line.description[:250],
        description=line.description if len(line.description) > 250 else "",
        quantity=line.quantity,
        unit=line.unit,
        unit_price=net_price,
        gross_price=line.unit_price if discounted > ZERO else None,
        price_discount=discounted if discounted > ZERO else None,
        net=line.net_amount,
        vat_category=line.vat_category,
        vat_rate=None if line.vat_category == "O" else line.vat_rate,
    )
