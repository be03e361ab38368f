"""Reports of payment services as files: shown with what they hold, kept once confirmed; what a person adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import Invoice
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from payments.models import ColumnMapping, Payout
from payments.statements import recognise_format
from payments.statements.base import CSV, XLSX, InvalidStatement
from payments.statements.payout_report import (
    Columns,
    PayoutRead,
    bare_columns,
    fingerprint,
    guess_columns,
    read_payouts,
)

FORMAT = "PAYOUTS"
EXPORTS_DIFFER = timedelta(days=2)  # the day on which it left and that of the bank, in one zone and in another
MOST_SHOWN = 50


class AnotherReport(DomainError):
    code = "payout_report_differs"
    message = "Le versement %(payout)s est déjà connu avec un autre montant : %(known)s. Rien n’est importé."


class NoSuchInvoice(Invalid):
    code = "no_such_invoice"
    message = "%(number)s n’est le numéro d’aucune facture à payer dans cette devise."


def columns_for(company_id: int, data: bytes, chosen: Mapping[str, Any] | None) -> Columns | None:
    """How the file is read as a report: as was chosen, by its names, or as was confirmed for this header; None where it
    is no report."""
    if chosen is not None:
        return Columns.from_json(chosen) if chosen.get("report") == "payouts" else None
    if recognise_format(data) not in {CSV, XLSX, ""}:
        return None
    try:
        known = guess_columns(data)
        bare = bare_columns(data) if known is None else known
    except InvalidStatement:
        return None
    kept = ColumnMapping.everywhere.filter(company_id=company_id, header=fingerprint(bare)).first()
    return Columns.from_json(kept.mapping) if kept else known


def remember_columns(company_id: int, columns: Columns, *, at: datetime) -> None:
    """They were confirmed: the next report with this header is read by them."""
    ColumnMapping.everywhere.update_or_create(
        company_id=company_id,
        header=fingerprint(columns),
        defaults={"mapping": columns.as_json(), "account_id": None, "confirmed_at": at},
    )


def preview_payouts(company: Company, data: bytes, columns: Columns) -> dict[str, Any]:
    """As JSON, for the page. Raises InvalidStatement, AnotherReport."""
    payouts = read_payouts(data, columns)
    known = _known(company, payouts)
    return {
        "format": FORMAT,
        "statements": [],
        "payouts": [
            {
                "id": payout.id,
                "arrives_on": payout.arrives_on.isoformat(),
                "amount": f"{payout.amount:.2f}",
                "fee": f"{sum(row.gross - row.net for row in payout.transactions):.2f}",
                "currency": payout.currency,
                "count": len(payout.transactions),
                "is_known": payout.id in known,
            }
            for payout in payouts[:MOST_SHOWN]
        ],
        "lines": sum(len(payout.transactions) for payout in payouts),
        "new": sum(payout.id not in known for payout in payouts),
        "is_known": all(payout.id in known for payout in payouts),
    }


def _known(company: Company, payouts: list[PayoutRead]) -> dict[str, Payout]:
    """Those that are kept already, by the name they have in this file. Raises AnotherReport."""
    rows = Payout.everywhere.filter(company=company, account=None, remote_id__in=[row.id for row in payouts])
    known = {row.remote_id: row for row in rows}
    for payout in payouts:
        if payout.id in known and known[payout.id].amount != payout.amount:
            raise AnotherReport(payout=payout.id, known=f"{known[payout.id].amount:f}")
    return _named_otherwise(company, payouts, known)


def _named_otherwise(company: Company, payouts: list[PayoutRead], known: dict[str, Payout]) -> dict[str, Payout]:
    """With those that another export of the service, or the service itself, told under another name.

    The same transfer kept twice would explain its line by neither: no report alone would have its amount and day.
    """
    days = [payout.arrives_on for payout in payouts]
    rows = Payout.everywhere.filter(
        company=company,
        amount__in={payout.amount for payout in payouts},
        arrives_on__range=(min(days) - EXPORTS_DIFFER, max(days) + EXPORTS_DIFFER),
    ).exclude(pk__in=[row.pk for row in known.values()])
    free = list(rows.order_by("arrives_on", "id"))
    found = dict(known)
    for payout in payouts:
        same = None if payout.id in known else next((row for row in free if _is_same(row, payout)), None)
        if same is not None:
            found[payout.id] = same
            free.remove(same)
    return found


def _is_same(kept: Payout, read: PayoutRead) -> bool:
    """The same money of the same transactions, on the same day, or on days near and with a reference in common."""
    if (kept.currency, kept.amount) != (read.currency, read.amount):
        return False
    told = sorted((Decimal(entry["gross"]), Decimal(entry["net"])) for entry in kept.entries)
    if told != sorted((row.gross, row.net) for row in read.transactions):
        return False
    before = {str(text) for entry in kept.entries for text in (entry["reference"], *entry.get("references", ()))} - {""}
    now = {text for row in read.transactions for text in row.references} - {""}
    if before & now:
        return abs(kept.arrives_on - read.arrives_on) <= EXPORTS_DIFFER
    return not (before and now) and kept.arrives_on == read.arrives_on


def keep_payouts(company: Company, data: bytes, columns: Columns, *, at: datetime) -> list[Payout]:
    """Keep the transfers that are not known yet. Raises InvalidStatement, AnotherReport."""
    payouts = read_payouts(data, columns)
    known = _known(company, payouts)
    rows = [
        Payout(
            company=company,
            remote_id=payout.id,
            amount=payout.amount,
            currency=payout.currency,
            arrives_on=payout.arrives_on,
            bank_reference=payout.id,
            entries=[
                {
                    "kind": row.kind,
                    "reference": row.references[0] if row.references else "",
                    "references": list(row.references[1:]),
                    "text": row.text,
                    **{name: f"{getattr(row, name):.2f}" for name in ("gross", "fee", "net")},
                }
                for row in payout.transactions
            ],
            read_at=at,
        )
        for payout in payouts
        if payout.id not in known
    ]
    # two people at once: the first has kept it
    Payout.everywhere.bulk_create(rows, ignore_conflicts=True)
    return rows


@transaction.atomic
def name_invoices(*, payout: Payout, numbers: Mapping[int, str]) -> None:
    """Say of which invoices the transactions are, by their place in the report. Raises NoSuchInvoice."""
    locked = Payout.everywhere.select_for_update(no_key=True).get(pk=payout.pk)
    outstanding = Invoice.everywhere.outstanding().filter(company=locked.company_id, currency=locked.currency)
    for place, number in numbers.items():
        if number and not outstanding.filter(number=number).exists():
            raise NoSuchInvoice(number=number)
        if 0 <= place < len(locked.entries):
            locked.entries[place]["invoice"] = number
    locked.save(update_fields=["entries"])
    payout.entries = locked.entries
