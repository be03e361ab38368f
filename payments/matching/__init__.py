"""Which open invoices a bank line pays: evidence, never a guess.

What is applied without a person stands behind gates (named.py, unnamed.py): an exact amount, and the invoices named in
full, or a payer whose account a confirmed match taught and the one whole invoice, or the one sum, that he owes so. All
the rest is proposed with its evidence and its rivals, or left. When the debtor does not say what is paid, a proposal
goes to the oldest debt first (art. 1342-10 C. civ.).
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
    PURCHASE,
    REFUND,
    SENT,
    SUPPLIER,
    Difference,
    Evidence,
    Line,
    Loser,
    OpenItem,
    Verdict,
)  # fmt: skip
from payments.matching.payers import is_payer
from payments.matching.sentences import LOSSES, NO_REASON, PHRASES, explain, explain_loss
from payments.matching.verdicts import match

__all__ = [
    "AUTO", "CREDIT", "DEBIT_ORDER", "INVOICE", "LOSSES", "NONE", "NO_REASON", "PAYMENT", "PHRASES", "PROPOSED",
    "PURCHASE", "REFUND", "SENT", "SUPPLIER", "Difference", "Evidence", "Index", "Line", "Loser", "OpenItem", "Verdict",
    "explain", "explain_loss", "is_payer", "match",
]  # fmt: skip
