"""A movement that was imported before, as recognition compares it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from payments.statements.base import CAMT_053


@dataclass(frozen=True, kw_only=True)
class ImportedLine:
    """`id` is below zero for what another statement of the same file would bring."""

    id: int
    look: str  # as `look` gives it; a feed's movements have the feed's own keys
    booked_on: date
    amount: Decimal
    balance_before: Decimal | None
    statement_id: int
    counterparty: str
    is_from_feed: bool
    format: str = CAMT_053
    remittance: str = ""
    end_to_end_id: str = ""
    bank_reference: str = ""
