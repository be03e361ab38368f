"""What is shown of one way to explain a bank line: its sentence, what it would write, and what a person may choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billing.models import Invoice
from payments.models import Payment


@dataclass(frozen=True, slots=True)
class Rival:
    """Another invoice, and why it was not preferred."""

    invoice: Invoice
    why: str


@dataclass(frozen=True, slots=True)
class CreditChoice:
    """An older credit of the customer that may be deducted; `is_used`: what is proposed deducts it."""

    payment: Payment
    amount: Decimal
    is_used: bool

    @property
    def value(self) -> str:
        return f"{self.amount:f}"


@dataclass(frozen=True, slots=True)
class DifferenceChoice:
    """What is missing (positive) or too much (negative), and what may become of it: `reasons` by value, the first is to
    leave it. `is_proof_asked`: one of them is a loss."""

    amount: Decimal
    currency: str
    reasons: Sequence[tuple[str, str]]
    chosen: str
    is_proof_asked: bool = False

    @property
    def value(self) -> str:
        return f"{self.amount:f}"

    @property
    def is_missing(self) -> bool:
        return self.amount > 0

    @property
    def absolute(self) -> Decimal:
        return abs(self.amount)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`fields` are what accepting it sends (none: it only says what it knows); `rows` the invoices with their part."""

    sentence: str
    fields: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    rows: Sequence[tuple[Invoice, Decimal]] = ()
    rivals: Sequence[Rival] = ()
    credits: Sequence[CreditChoice] = ()
    difference: DifferenceChoice | None = None
    link: tuple[str, str] | None = None  # where more is known: label and address
    facts: Sequence[tuple[str, str]] = ()  # what it is made of: label and amount
