"""What the books ask of a document beside its fields: whom it is for, who is paid, what it corrects or deducts.

Plain texts, since they travel as JSON: `type_code` (BT-3), `supply_date`, `deposited` (BT-113), `vat_on_debits`,
`categories` (BT-118 of each row of VAT), `trade_name` (BT-28), `buyer` {siren, vat, name}, `payee` (BT-59),
`account_holder` (BT-85), `bic`, `payment_reference` (BT-83), `other_ibans`, `drawn_iban` (of the page, where the XML
has none), `corrects` (BT-25), `is_negative` (an invoice whose total is below zero), `is_assigned` (the debt is sold to
a factor), `zero_category` (why there is no VAT, in words). What a document does not say is absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from config.kernel.identifiers import iban as iban_number
from einvoicing import document as model
from einvoicing.document.invoice import CORRECTIONS
from einvoicing.reception.reading.extraction.names import account_holder
from einvoicing.reception.reading.layout import Page
from einvoicing.reception.reading.texts import fold

INVOICE, CREDIT_NOTE, CORRECTED, DEPOSIT = "380", "381", "384", "386"
_DEBITS = re.compile(r"(?:sur|d'? ?apres|selon) les debits|option pour les debits")
_REVERSE_CHARGE = re.compile(r"auto-? ?liquidation|reverse charge|due par le preneur|283[ -]?2")
_INTRA_EU = re.compile(r"262 ?ter|livraison intra-?communautaire|intra-community suppl")
_ASSIGNED = re.compile(r"subrog|cession de creances?|cedee? a\b|affacturage|reglement liberatoire|\bfactor\b")
_DEBITS_CODE = "5"  # BT-8: the date of the invoice is the point of tax


def of_xml(invoice: model.Invoice) -> dict[str, Any]:
    """The details as the XML states them."""
    payment = invoice.payment
    return _said(
        type_code=_type_code(invoice),
        supply_date=_iso(invoice.delivery and invoice.delivery.date) or _iso(invoice.period and invoice.period.end),
        deposited=f"{invoice.totals.prepaid:f}" if invoice.totals.prepaid else "",
        vat_on_debits=invoice.vat_point_code == _DEBITS_CODE or any(_on_debits(note.text) for note in invoice.notes),
        categories=[row.category for row in invoice.vat],
        buyer=_said(
            siren=invoice.buyer.siren or invoice.buyer.siret[:9],
            vat=invoice.buyer.vat_number.replace(" ", "").upper(),
            name=invoice.buyer.name,
        ),
        trade_name=invoice.seller.trade_name,
        payee=invoice.payee.name if invoice.payee else "",
        account_holder=payment.account_name if payment else "",
        bic=payment.bic if payment else "",
        payment_reference=payment.reference if payment else "",
        other_ibans=[iban_number.compact(item.iban) for item in payment.other_accounts] if payment else [],
        corrects=invoice.preceding[0].number if invoice.preceding else "",
        is_negative=invoice.totals.gross < 0 and not invoice.is_credit_note,
    )


def of_pages(pages: Sequence[Page]) -> dict[str, Any]:
    """The details that are printed in words."""
    text = "\n".join(row.folded for page in pages for row in page.rows)
    return _said(
        vat_on_debits=_on_debits(text),
        zero_category="AE" if _REVERSE_CHARGE.search(text) else "K" if _INTRA_EU.search(text) else "",
        account_holder=account_holder(pages) or "",
        is_assigned=bool(_ASSIGNED.search(text)),
    )


def _type_code(invoice: model.Invoice) -> str:
    if invoice.is_credit_note or invoice.totals.gross < 0:
        return CREDIT_NOTE
    if invoice.type_code in CORRECTIONS:
        return CORRECTED
    return DEPOSIT if invoice.type_code in {"386", "500"} else INVOICE


def _on_debits(text: str) -> bool:
    return bool(_DEBITS.search(fold(text)))


def _iso(day: Any) -> str:
    return day.isoformat() if day else ""


def _said(**parts: Any) -> dict[str, Any]:
    return dict(_kept(parts.items()))


def _kept(parts: Any) -> Iterator[tuple[str, Any]]:
    yield from ((name, value) for name, value in parts if value)
