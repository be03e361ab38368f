"""What the bank takes, in a line of its own, for a debit that came back the same day: proposed as a bank charge."""

from __future__ import annotations

import re

from payments.matching.debits import HIGHEST_FEE
from payments.matching.folding import fold
from payments.models import BankLine, DebitStatus, DirectDebit

FEE = re.compile(r"\b(FRAIS|COMMISSIONS?|COMM?|FEES?|CHARGES?)\b")


def returned_with_fee(line: BankLine) -> DirectDebit | None:
    """The debit that came back to this account on the day of a small fee; None where the line is no fee, or of none."""
    if not 0 < -line.amount <= HIGHEST_FEE or not FEE.search(fold(line.remittance)):
        return None
    rows = DirectDebit.everywhere.filter(
        company=line.company_id, status=DebitStatus.RETURNED, returned_on=line.booked_on,
        order__bank_account=line.account_id,
    )  # fmt: skip
    return rows.select_related("invoice").order_by("pk").first()
