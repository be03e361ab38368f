"""What billing puts into the chain of facts: issued documents with their lines, and journal entries with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from billing.models import Invoice, InvoiceStatus, JournalEntry
from config.kernel import chain
from config.kernel.chain import columns


def invoice_facts(invoice: Any) -> Mapping[str, Any]:
    """Every frozen column of the invoice, its lines and its VAT breakdown."""
    return {
        "invoice": columns(invoice, *Invoice.MUTABLE),
        "lines": [columns(line) for line in sorted(invoice.lines.all(), key=lambda line: (line.position, line.pk))],
        "vat": [columns(row) for row in sorted(invoice.vat_subtotals.all(), key=lambda row: row.pk)],
    }


def entry_facts(entry: Any) -> Mapping[str, Any]:
    return {
        "entry": columns(entry),
        "lines": [columns(line) for line in sorted(entry.lines.all(), key=lambda line: (line.position, line.pk))],
    }


def declare() -> None:
    chain.seal_rows_of(
        Invoice,
        facts=invoice_facts,
        rows=lambda invoices: invoices.prefetch_related("lines", "vat_subtotals").order_by("issued_at", "id"),
        frozen=~models.Q(status=InvoiceStatus.DRAFT),
    )
    chain.seal_rows_of(
        JournalEntry,
        facts=entry_facts,
        rows=lambda entries: entries.prefetch_related("lines").order_by("number"),
    )
