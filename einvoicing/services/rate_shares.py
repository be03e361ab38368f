"""What of an invoice's payments belongs to each VAT rate, with VAT: what 212 declares (BR-FR-CDV-14)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db.models import Sum

from billing.models import Invoice
from billing.sharing import split_vat
from billing.standing_vat import standing_vat_of
from billing.totals import VatSubtotal as VatRow
from config.kernel.money import ZERO
from payments.models import Allocation


def shares_by_rate(allocation: Allocation) -> dict[Decimal, Decimal]:
    """What the allocation just written pays of each VAT rate, with VAT, to the cent; rates without a share left out.

    Each rate's share of all that was ever allocated, less what earlier ones declared: no cent is lost on the way,
    and a payment taken back gives the opposite of itself. The invoice is locked meanwhile: all others are earlier.
    """
    invoice = allocation.invoice
    before = held_by([invoice])[invoice.pk] - allocation.amount
    return split_by_rate(allocation.amount, gross_by_rate(invoice), already_paid=before)


def split_by_rate(
    paid: Decimal, gross: Mapping[Decimal, Decimal], *, already_paid: Decimal = ZERO
) -> dict[Decimal, Decimal]:
    """`paid` shared over the rates in proportion to their gross: no cent is lost beside what was `already_paid`."""
    rows = [VatRow("", rate, amount, ZERO) for rate, amount in gross.items()]
    shares = split_vat(paid, rows, already_paid=already_paid)
    return {share.rate: share.amount for share in shares if share.amount}


def held_by(invoices: Collection[Invoice]) -> dict[int, Decimal]:
    """What each invoice, by its key, holds of payments."""
    rows = Allocation.everywhere.filter(invoice__in=invoices).values("invoice_id").annotate(held=Sum("amount"))
    return {row["invoice_id"]: row["held"] for row in rows.order_by()}


def gross_by_rate(invoice: Invoice) -> dict[Decimal, Decimal]:
    """What the invoice asks for at each rate, less what is credited of it.

    The deposits it deducts were declared on their own.
    """
    return gross_of([invoice])[invoice.pk]


def gross_of(invoices: Collection[Invoice]) -> dict[int, dict[Decimal, Decimal]]:
    """`gross_by_rate` of each invoice, by its key."""
    standing = standing_vat_of(invoices)
    return {
        invoice.pk: {row.rate: row.base + row.amount for row in standing[invoice.pk]} or {ZERO: invoice.payable}
        for invoice in invoices
    }
