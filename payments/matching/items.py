"""What the matcher sees and answers: open invoices, bank lines, evidence, verdicts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.money import ZERO

AUTO, PROPOSED, NONE = "auto", "proposed", "none"


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """An invoice seen by the matcher. A balance of zero is a settled one, kept to recognise a double payment."""

    id: Hashable
    number: str
    rf_reference: str
    balance: Decimal
    customer_id: Hashable
    customer_name: str
    due_on: date
    is_touched: bool = False  # already partly paid or credited
    currency: str = "EUR"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A bank line: `amount` is signed, credits positive, in `currency`."""

    amount: Decimal
    currency: str = "EUR"
    texts: tuple[str, ...] = ()
    structured_reference: str = ""
    counterparty: str = ""
    iban: str = ""


@dataclass(frozen=True)
class Evidence:
    """`kind`: rf, number, near, amount, sum, payer, missing, excess, settled, known, barred, rivals, currency or debit;
    `value`: the numbers, name or amount that a person reads.
    """

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`kind`: AUTO, PROPOSED or NONE; `allocations`: invoice id → amount, in the line's currency."""

    kind: str
    rule: str
    allocations: tuple[tuple[Hashable, Decimal], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rivals: tuple[Hashable, ...] = ()
    excess: Decimal = ZERO  # what no invoice takes: kept as the customer's credit


def in_order(item: OpenItem) -> tuple[date, str]:
    """The oldest debt first (art. 1342-10 C. civ.)."""
    return item.due_on, item.number


def amount_text(amount: Decimal) -> str:
    """The amount as French people write it: 1 234,50."""
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")
