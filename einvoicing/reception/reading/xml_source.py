"""A structured invoice (CII or UBL, any profile) as the fields of a reading."""

from __future__ import annotations

from decimal import Decimal

from config.kernel.identifiers import iban as iban_number
from config.kernel.identifiers import siren as siren_number
from config.kernel.money import CENT
from einvoicing import document as model
from einvoicing.reception.reading.result import CREDIT_NOTE, INVOICE, Line, Value, VatRow


def values_of(invoice: model.Invoice) -> dict[str, Value]:
    """Each field as the XML states it, None where it states nothing."""
    return {
        "number": invoice.number,
        "kind": CREDIT_NOTE if invoice.is_credit_note or _is_negative(invoice) else INVOICE,
        "date": invoice.issue_date,
        "due_date": invoice.due_date,
        "supplier_name": invoice.seller.name or invoice.seller.trade_name or None,
        "supplier_siren": _siren(invoice.seller),
        "supplier_vat": invoice.seller.vat_number.replace(" ", "").upper() or None,
        "iban": _iban(invoice.payment),
        "net": _amount(invoice.totals.net, invoice),
        "vat": _amount(invoice.totals.vat, invoice),
        "gross": _amount(invoice.totals.gross, invoice),
        "currency": invoice.currency or None,
        "vat_rows": tuple(
            VatRow(
                row.rate if row.rate is not None else Decimal(0), *(_amount(x, invoice) for x in (row.base, row.amount))
            )
            for row in invoice.vat
        ),
        "order_reference": invoice.purchase_order or None,
    }


def lines_of(invoice: model.Invoice) -> tuple[Line, ...]:
    """BG-25, then what the document takes off or adds as a whole (BG-20, BG-21), so that they sum to the net."""
    sign = -1 if _is_negative(invoice) else 1
    lines = [
        Line(
            description=line.name,
            quantity=line.quantity,
            unit_price=sign * line.unit_price,
            rate=line.vat_rate,
            net=sign * line.net,
            category=line.vat_category,
            starts_on=line.period.start if line.period else None,
            ends_on=line.period.end if line.period else None,
        )
        for line in invoice.lines
    ]
    if lines:
        lines += [_of_document(item, "Remise", -sign) for item in invoice.allowances]
        lines += [_of_document(item, "Frais", sign) for item in invoice.charges]
    return tuple(lines)


def _of_document(item: model.AllowanceCharge, name: str, sign: int) -> Line:
    return Line(item.reason or name, None, None, item.vat_rate, sign * item.amount, category=item.vat_category)


def _amount(amount: Decimal, invoice: model.Invoice) -> Decimal:
    """What an invoice of a negative total gives back, a credit note states as positive."""
    amount = -amount if _is_negative(invoice) else amount
    exponent = amount.as_tuple().exponent
    return amount.quantize(CENT) if isinstance(exponent, int) and exponent > -2 else amount


def _is_negative(invoice: model.Invoice) -> bool:
    return invoice.totals.gross < 0 and not invoice.is_credit_note


def _siren(seller: model.Party) -> str | None:
    vat = seller.vat_number.replace(" ", "").upper()
    for number in (seller.siren, seller.siret[:9], vat[4:] if vat.startswith("FR") else ""):
        if number and siren_number.is_valid(number):
            return siren_number.compact(number)
    return seller.siren or None


def _iban(payment: model.Payment | None) -> str | None:
    number = iban_number.compact(payment.iban) if payment and payment.iban else ""
    return number or None
