"""Which open invoices a bank line pays: evidence, never a guess.

Only one thing is applied without a person: every invoice named in full (ISO 11649 reference, or whole number) and an
amount that is exactly what they owe together. All the rest is proposed with its evidence and its rivals, or left.
When the debtor does not say what is paid, a proposal goes to the oldest debt first (art. 1342-10 C. civ.).
"""

from __future__ import annotations

from payments.matching.index import Index
from payments.matching.items import (
    AUTO,
    CREDIT,
    DEBIT_ORDER,
    INVOICE,
    NONE,
    PAYMENT,
    PROPOSED,
    REFUND,
    Difference,
    Evidence,
    Line,
    Loser,
    OpenItem,
    Verdict,
)  # fmt: skip
from payments.matching.payers import is_payer
from payments.matching.sentences import NO_REASON, PHRASES, explain
from payments.matching.verdicts import match

__all__ = [
    "AUTO", "CREDIT", "DEBIT_ORDER", "INVOICE", "NONE", "NO_REASON", "PAYMENT", "PHRASES", "PROPOSED", "REFUND",
    "Difference", "Evidence", "Index", "Line", "Loser", "OpenItem", "Verdict", "explain", "is_payer", "match",
]  # fmt: skip
