"""What billing puts into the chain of facts: issued documents with their lines, journal entries with theirs,
the files made from documents, booked purchases with their parts and the credit notes used, and movements of stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from billing.models import (
    Closing,
    Invoice,
    InvoiceDocument,
    InvoiceStatus,
    JournalEntry,
    ManualEntry,
    PurchaseCredit,
    PurchaseDeposit,
    PurchaseInvoice,
    PurchaseSettlement,
    StockMovement,
    VatReturn,
)
from config.kernel import chain
from config.kernel.chain import columns

# of a document in another currency than that of the books: before there were any, no row had these
EXCHANGE = ("accounting_currency", "exchange_rate", "exchange_day", "exchange_source", "accounting_vat")


def invoice_facts(invoice: Any) -> Mapping[str, Any]:
    """Every frozen column of the invoice, its lines, its VAT breakdown and the deposits it deducts.

    One without deposits, or without a delivery address of its own, is told as it was before invoices had them: what was
    sealed then still holds.
    """
    row = columns(invoice, *Invoice.MUTABLE)
    deposits = [
        columns(deduction, "is_live")
        for deduction in sorted(invoice.deductions.all(), key=lambda deduction: deduction.pk)
    ]
    if not deposits and not invoice.amount_deposited and not invoice.deposited_vat:
        del row["amount_deposited"], row["deposited_vat"]
    if not invoice.delivery:
        del row["delivery"]
    if not invoice.is_foreign:
        for name in EXCHANGE:
            if name not in {"exchange_day", "exchange_source"} or not row[name]:
                del row[name]
    return {
        "invoice": row,
        **({"deposits": deposits} if deposits else {}),
        "lines": [_line_facts(line) for line in sorted(invoice.lines.all(), key=lambda line: (line.position, line.pk))],
        "vat": [columns(row) for row in sorted(invoice.vat_subtotals.all(), key=lambda row: row.pk)],
    }


def _line_facts(line: Any) -> dict[str, Any]:
    """A line that credits none is told as it was before lines could."""
    return columns(line, *(() if line.credited_line_id else ("credited_line", "credited_quantity")))


def entry_facts(entry: Any) -> Mapping[str, Any]:
    return {
        "entry": columns(entry),
        "lines": [_posted_facts(line) for line in sorted(entry.lines.all(), key=lambda line: (line.position, line.pk))],
    }


def _posted_facts(line: Any) -> dict[str, Any]:
    """Its day is that of its entry. What lines had not from the beginning is told where it says something alone."""
    return columns(
        line,
        "day",
        *(() if line.due_date else ("due_date",)),
        *(() if line.currency else ("currency", "currency_amount")),
        *(() if line.is_carried or line.carried_line_id else ("is_carried", "carried_line")),
        *(() if line.base is not None else ("base",)),
        *(() if line.invoice_id else ("invoice",)),
    )


def purchase_facts(purchase: Any) -> Mapping[str, Any]:
    """Every frozen column of a booked purchase, its lines, its VAT breakdown and the deposits it deducts."""
    parts = (("lines", purchase.lines), ("vat", purchase.vat_rows), ("deposits", purchase.deposits))
    return {
        "purchase": columns(purchase, *PurchaseInvoice.MUTABLE),
        **{
            name: [columns(row, "is_live") for row in sorted(rows.all(), key=lambda row: row.pk)]
            for name, rows in parts
        },
    }


# what is credited on either side is the sum of the credits used
CREDITED = """
SELECT row.id, row.reference FROM billing_purchaseinvoice AS row
WHERE row.company_id = %(company)s AND row.amount_credited <> (
  SELECT coalesce(sum(used.amount), 0) FROM billing_purchasecredit AS used
  WHERE used.purchase_id = row.id OR used.credit_note_id = row.id)
"""


PAID = """
SELECT row.id, row.reference FROM billing_purchaseinvoice AS row
WHERE row.company_id = %(company)s AND row.amount_paid <> (
  SELECT coalesce(sum(amount), 0) FROM billing_purchasesettlement WHERE purchase_id = row.id)
"""
# a deposit is deducted by the one invoice of the books that has not been replaced
LIVE = """
SELECT row.id, purchase.reference FROM billing_purchasedeposit AS row
JOIN billing_purchaseinvoice AS purchase ON purchase.id = row.purchase_id
WHERE row.company_id = %(company)s AND purchase.booked_on IS NOT NULL AND row.is_live = (purchase.status = 'REPLACED')
"""


# reports read the day of the lines, and the proof that of the entry
DAYS = """
SELECT DISTINCT row.id, row.number FROM billing_journalentry AS row
JOIN billing_journalline AS line ON line.entry_id = row.id
WHERE row.company_id = %(company)s AND line.day <> row.day
"""


def declare() -> None:
    chain.seal_rows_of(
        Invoice,
        facts=invoice_facts,
        rows=lambda invoices: invoices.prefetch_related("lines", "vat_subtotals", "deductions").order_by(
            "issued_at", "id"
        ),
        frozen=~models.Q(status=InvoiceStatus.DRAFT),
    )
    chain.seal_rows_of(
        JournalEntry,
        facts=entry_facts,
        rows=lambda entries: entries.prefetch_related("lines").order_by("number"),
    )
    chain.seal_rows_of(
        InvoiceDocument,
        # the bytes are told by their SHA-256, wherever they are kept
        facts=lambda document: {**columns(document, "file", "verdict"), "file": document.file.name},
        rows=lambda documents: documents.order_by("created_at", "id"),
    )
    chain.seal_rows_of(
        PurchaseInvoice,
        facts=purchase_facts,
        rows=lambda purchases: purchases.prefetch_related("lines", "vat_rows", "deposits").order_by("booked_on", "id"),
        frozen=models.Q(booked_on__isnull=False),
    )
    chain.seal_rows_of(PurchaseCredit, facts=columns, rows=lambda used: used.order_by("at", "id"))
    chain.seal_rows_of(PurchaseSettlement, facts=columns, rows=lambda settlements: settlements.order_by("at", "id"))
    chain.recompute(JournalEntry, DAYS, "a line is not of the day of its entry")
    chain.recompute(PurchaseInvoice, PAID, "what is paid is not the money counted")
    chain.recompute(PurchaseInvoice, CREDITED, "what is credited is not the credit notes used")
    chain.recompute(PurchaseDeposit, LIVE, "whether the deposit is deducted is not as its invoice stands")
    chain.seal_rows_of(Closing, facts=columns, rows=lambda closings: closings.order_by("at", "id"))
    chain.seal_rows_of(
        ManualEntry,
        facts=lambda manual: columns(manual, *ManualEntry.MUTABLE),
        rows=lambda written: written.order_by("written_at", "id"),
    )
    chain.seal_rows_of(VatReturn, facts=columns, rows=lambda returns: returns.order_by("filed_at", "id"))
    chain.seal_rows_of(StockMovement, facts=columns, rows=lambda movements: movements.order_by("at", "id"))
