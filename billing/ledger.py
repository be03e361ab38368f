"""The journal: each fact writes its balanced entry in its own transaction (BOI-CF-IOR-60-40-20, PCG accounts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.models import Invoice, Journal, JournalEntry, JournalLine
from billing.numbering import next_number
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO

CUSTOMERS = "411000"
SERVICES = "706000"
GOODS = "707000"
BANK = "512000"
CASH = "530000"
CUSTOMER_CREDIT = "419100"

# One sub-account of 44571 per rate, so that the VAT return reads straight from the journal.
VAT_ACCOUNTS: dict[Decimal, str] = {
    Decimal("20"): "445711",
    Decimal("10"): "445712",
    Decimal("5.5"): "445713",
    Decimal("2.1"): "445714",
    Decimal("8.5"): "445715",
}
OTHER_VAT = "445718"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line to write: positive to debit, negative to credit. Zero is left out."""

    account: str
    amount: Decimal
    customer_id: int | None = None


def post(
    *,
    journal: Journal,
    day: date,
    label: str,
    piece: str,
    piece_date: date,
    source: CompanyRow,
    postings: Sequence[Posting],
    actor: Actor,
    at: datetime,
) -> JournalEntry:
    """Write one balanced entry about `source`. An unbalanced one is a defect and fails here and in PostgreSQL."""
    if sum((posting.amount for posting in postings), ZERO) != 0:
        raise ValueError(f"the entry for {piece} does not balance: {postings}")
    entry = JournalEntry.everywhere.create(
        company_id=source.company_id,
        journal=journal,
        number=next_number(company_id=source.company_id, series=journal, on=day),
        day=day,
        label=label[:200],
        piece=piece,
        piece_date=piece_date,
        source=source.subject,
        created_at=at,
    )
    JournalLine.everywhere.bulk_create(
        JournalLine(
            company_id=source.company_id,
            entry=entry,
            position=position,
            account=posting.account,
            customer_id=posting.customer_id,
            label=entry.label,
            debit=max(posting.amount, ZERO),
            credit=max(-posting.amount, ZERO),
        )
        for position, posting in enumerate((one for one in postings if one.amount), start=1)
    )
    audit.record(
        "billing.journal.written",
        subject=entry,
        also=[source],
        actor=actor,
        at=at,
        seal=True,
        data={"number": entry.number},
    )
    return entry


def sale_postings(invoice: Invoice) -> list[Posting]:
    """D 411 gross / C 706 and 707 net / C 44571x VAT; the other way round for a credit note."""
    sign = Decimal(-1) if invoice.is_credit_note else Decimal(1)
    lines = list(invoice.lines.all())
    services = sum((line.net_amount for line in lines if line.is_service), ZERO)
    postings = [
        Posting(CUSTOMERS, sign * invoice.total_gross, invoice.customer_id),
        Posting(SERVICES, -sign * services),
        Posting(GOODS, -sign * (invoice.total_net - services)),
    ]
    postings.extend(
        Posting(VAT_ACCOUNTS.get(row.rate.normalize(), OTHER_VAT), -sign * row.amount)
        for row in invoice.vat_subtotals.all()
    )
    return postings
