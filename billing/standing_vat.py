"""What of an invoice's VAT still stands: its breakdown, less what credit notes and deducted deposits took off it."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Q

from billing.models import Invoice, InvoiceKind, VatSubtotal
from billing.totals import VatSubtotal as VatRow
from config.kernel.money import ZERO


def standing_vat(invoice: Invoice) -> list[VatRow]:
    """Base and VAT at each rate, the highest first, less what is credited. Two queries.

    The deposits it deducts count on their own invoices.
    """
    return standing_vat_of([invoice])[invoice.pk]


def standing_vat_of(invoices: Collection[Invoice]) -> dict[int, list[VatRow]]:
    """As `standing_vat` says, for each invoice by its key. Two queries for all."""
    sums: dict[int, dict[Decimal, tuple[Decimal, Decimal]]] = {invoice.pk: {} for invoice in invoices}
    notes = Invoice.everywhere.issued().filter(corrects__in=sums, kind=InvoiceKind.CREDIT_NOTE)
    of_them = VatSubtotal.everywhere.filter(invoice__in=sums).order_by("-rate", "category")
    off_them = VatSubtotal.everywhere.filter(Q(invoice__deducted_by__invoice__in=sums) | Q(invoice__in=notes))
    off_them = off_them.distinct().order_by("-rate", "id")
    rows = [(1, *row) for row in of_them.values_list("invoice_id", "rate", "base", "amount")]
    columns = ("id", "invoice__deducted_by__invoice_id", "invoice__corrects_id", "rate", "base", "amount")
    rows += [(-1, deducting or corrected, *row) for _key, deducting, corrected, *row in off_them.values_list(*columns)]
    for sign, key, rate, base, vat in rows:
        known_base, known_vat = sums[key].get(rate, (ZERO, ZERO))
        sums[key][rate] = known_base + sign * base, known_vat + sign * vat
    return {key: [VatRow("", rate, *pair) for rate, pair in by_rate.items()] for key, by_rate in sums.items()}
