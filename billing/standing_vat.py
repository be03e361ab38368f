"""What of an invoice's VAT still stands: its breakdown, less what credit notes and deducted deposits took off it."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Q

from billing.models import Invoice, InvoiceKind, VatSubtotal
from billing.totals import VatSubtotal as VatRow
from config.kernel.money import ZERO


def standing_vat(invoice: Invoice) -> list[VatRow]:
    """Base and VAT at each rate, the highest first, less what is credited. Two queries.

    The deposits it deducts count on their own invoices.
    """
    notes = Invoice.everywhere.issued().filter(corrects=invoice, kind=InvoiceKind.CREDIT_NOTE)
    taken_off = Q(invoice__deducted_by__invoice=invoice) | Q(invoice__in=notes)
    of_it = VatSubtotal.everywhere.filter(invoice=invoice).order_by("-rate", "category")
    off_it = VatSubtotal.everywhere.filter(taken_off).distinct().order_by("-rate", "id")
    sums: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for sign, rows in ((1, of_it), (-1, off_it)):
        for row in rows:
            base, vat = sums.get(row.rate, (ZERO, ZERO))
            sums[row.rate] = (base + sign * row.base, vat + sign * row.amount)
    return [VatRow("", rate, base, vat) for rate, (base, vat) in sums.items()]
