"""Each bank has a journal of its own: what moves its account is written there, all other money in that of all banks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing import ledger
from billing.ledger import Entry
from billing.models import Journal
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from payments.models import BankAccount


def post_money(entries: Sequence[Entry], banks: Sequence[BankAccount | None], *, actor: Actor, at: datetime) -> None:
    """Write entries of one company, each in the journal of its bank where it moves that bank's account."""
    journals: dict[str, list[Entry]] = {}
    for entry, bank in zip(entries, banks, strict=True):
        journals.setdefault(_journal(entry, bank), []).append(entry)
    for journal, written in journals.items():
        ledger.post(written, journal=journal, day=local_day(at), actor=actor, at=at)


def _journal(entry: Entry, bank: BankAccount | None) -> str:
    if bank is not None and bank.journal and any(row.account == bank.ledger_account for row in entry.postings):
        return bank.journal
    return Journal.BANK
