"""The journal of what is issued: each invoice its entry, and the opposite of the entry of one that is replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from billing import ledger
from billing.ledger import Entry, Posting
from billing.ledger.sales_accounts import SalesRules, sales_rules
from billing.models import Invoice, InvoiceKind, Journal, JournalLine
from config.kernel.actor import Actor


def book_issued(invoices: Sequence[Invoice], *, on: date, actor: Actor, at: datetime) -> None:
    """Write the entries of invoices issued on one day, in their order. An invoice of zero moves no account."""
    if not invoices:
        return
    rules = sales_rules(invoices[0].company_id)
    entries = [entry for invoice in invoices for entry in _entries(invoice, rules)]
    moving = [entry for entry in entries if any(posting.amount for posting in entry.postings)]
    ledger.post(moving, journal=Journal.SALES, day=on, actor=actor, at=at)


def _entries(invoice: Invoice, rules: SalesRules) -> Iterator[Entry]:
    if invoice.number is None or invoice.issue_date is None:
        raise ValueError("only an issued invoice is booked")
    if invoice.kind == InvoiceKind.CORRECTED and invoice.corrects is not None:
        # before the new entry: the FEC reads the cancellation, then what replaces it, each with a number of its own
        yield _reversal(invoice.corrects, by=invoice)
    yield Entry(
        label=f"{InvoiceKind(invoice.kind).label} {invoice.number} {invoice.buyer_name}",
        piece=invoice.number,
        piece_date=invoice.issue_date,
        source=invoice,
        postings=ledger.sale_postings(invoice, rules),
    )


def _reversal(original: Invoice, *, by: Invoice) -> Entry:
    """The opposite of what was booked of an invoice that is replaced, on the day it is."""
    if original.number is None or original.issue_date is None:
        raise ValueError("only an issued invoice is replaced")
    lines = JournalLine.everywhere.filter(entry__source=original.subject, entry__journal=Journal.SALES)
    return Entry(
        label=f"Annulation {original.number} remplacée par {by.number} {original.buyer_name}",
        piece=original.number,
        piece_date=original.issue_date,
        source=original,
        postings=[Posting.opposite_of(line) for line in lines.order_by("entry__created_at", "position")],
    )
