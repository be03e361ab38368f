"""What the matcher sees and answers: open invoices, bank lines, evidence, verdicts.

Named tuples: thousands are made a second, and a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from config.kernel.money import ZERO

AUTO, PROPOSED, NONE = "auto", "proposed", "none"
# what a line may be about: ids are told apart by kind, an invoice and a payment may have the same one
INVOICE, CREDIT, PAYMENT, DEBIT_ORDER, REFUND = "invoice", "credit", "payment", "debit_order", "refund"
SUPPLIER, PURCHASE, SENT = "supplier", "purchase", "sent"
# of suppliers: their names pay no invoice of ours, and their accounts are not our customers'
OF_SUPPLIERS = frozenset({SUPPLIER, PURCHASE, SENT})


class OpenItem(NamedTuple):
    """What a bank line may be about, by `kind`; `balance` is positive.

    INVOICE: what it still owes; zero: settled, kept to recognise a double payment. CREDIT: the customer's money that
    pays nothing yet, by the payment's id: it lessens what he transfers. PAYMENT: money received lately, that may be
    returned, or come twice. DEBIT_ORDER: a collection or remittance expected on the account. REFUND: money that is to
    leave. SUPPLIER: what we pay to a supplier, or a file of such transfers, that the account is to show; PURCHASE: an
    invoice of a supplier, not paid yet; SENT: a transfer of ours that may come back. `due_on` is the day of the
    payment, order or refund.
    """

    id: Hashable
    number: str
    rf_reference: str
    balance: Decimal
    customer_id: Hashable
    customer_name: str
    due_on: date
    is_touched: bool = False  # already partly paid or credited
    currency: str = "EUR"
    kind: str = INVOICE
    # those we gave: payment links, direct debits, refunds; of a PAYMENT, the payer's
    end_to_end_ids: tuple[str, ...] = ()
    # of a PAYMENT by direct debit: the end-to-end id we gave, then its mandate; of a supplier: its confirmed accounts
    given_ids: tuple[str, ...] = ()
    issued_on: date | None = None  # a payment without reference is of nothing that was issued after it


class Line(NamedTuple):
    """A bank line: `amount` is signed, credits positive, in `currency`.

    `instructed_amount`: what the payer ordered, in his currency, before change and charges (InstdAmt);
    `transaction_code`: the bank's code of the kind of movement (BkTxCd, or a return reason as AM04);
    `mandate_reference` and `batch_reference`: of a direct debit (MndtId; PmtInfId or MsgId).
    """

    amount: Decimal
    currency: str = "EUR"
    texts: tuple[str, ...] = ()
    structured_reference: str = ""
    counterparty: str = ""
    iban: str = ""
    end_to_end_id: str = ""
    booked_on: date | None = None
    instructed_amount: Decimal | None = None
    instructed_currency: str = ""
    transaction_code: str = ""
    is_reversal: bool = False
    mandate_reference: str = ""
    batch_reference: str = ""


class Evidence(NamedTuple):
    """`kind`: one that has a phrase (sentences.py); `value`: the numbers, name or amount that a person reads."""

    kind: str
    value: str


class Loser(NamedTuple):
    """A rival invoice, and why another was preferred: later, touched, amount, payer, settled or barred."""

    id: Hashable
    number: str
    why: str


class Difference(NamedTuple):
    """What is missing (positive) or in excess (negative), with the reason a person may write it off for: BANK_FEE,
    DISCOUNT, ROUNDING or EXCHANGE. Never applied alone.
    """

    amount: Decimal
    reason: str


class Verdict(NamedTuple):
    """`kind`: AUTO, PROPOSED or NONE; `allocations`: invoice id → amount, in `currency`, empty for the line's own.

    The invoices' amounts are the line's, plus `credits` used, less `excess`; `difference` is what a write-off would add
    to settle the last of them, or take from the excess. `customer_id` is whose money it is, where that is known.
    `found`, `returned` and `refunds` explain a line that pays no invoice: a collection already booked, a payment
    given back, our own refund; `suppliers`, `purchases` and `came_back`: what we paid, a purchase that the line pays, a
    transfer of ours given back. `probability` orders proposals; nothing is automatic by it.
    """

    kind: str
    rule: str
    allocations: tuple[tuple[Hashable, Decimal], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rivals: tuple[Hashable, ...] = ()
    excess: Decimal = ZERO  # what no invoice takes: kept as the customer's credit
    customer_id: Hashable | None = None
    currency: str = ""
    credits: tuple[tuple[Hashable, Decimal], ...] = ()  # credit id → amount used
    difference: Difference | None = None
    found: tuple[tuple[Hashable, Decimal], ...] = ()  # debit order id → amount
    returned: tuple[tuple[Hashable, Decimal], ...] = ()  # payment id → amount
    refunds: tuple[tuple[Hashable, Decimal], ...] = ()  # refund id → amount
    suppliers: tuple[tuple[Hashable, Decimal], ...] = ()  # id of a SUPPLIER → amount
    purchases: tuple[tuple[Hashable, Decimal], ...] = ()  # purchase id → amount
    came_back: tuple[tuple[Hashable, Decimal], ...] = ()  # id of a SENT → amount
    probability: float = 0.0
    losers: tuple[Loser, ...] = ()

    @property
    def explains(self) -> bool:
        """The line shows what is known already, and pays no invoice."""
        of_suppliers = self.suppliers or self.purchases or self.came_back
        return bool(self.found or self.refunds or self.returned or of_suppliers)


def in_order(item: OpenItem) -> tuple[date, str]:
    """The oldest debt first (art. 1342-10 C. civ.)."""
    return item.due_on, item.number


def amount_text(amount: Decimal) -> str:
    """The amount as French people write it: 1 234,50."""
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")
