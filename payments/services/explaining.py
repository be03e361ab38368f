"""What a verdict says of a line that pays no open invoice, as parts: slips, payments found again, returns, refunds."""

from __future__ import annotations

from typing import Any, cast

from billing import ledger
from payments.debits.expected import DEBITS, debits_credited
from payments.matching import Verdict
from payments.models import BankLine, Payment, Refund, Remittance
from payments.outgoing.suppliers.expected import parts_of_suppliers
from payments.services.known_money import SLIP
from payments.services.remittances import parts_of
from payments.services.settling_parts import Booked, Collected, Found, Part, Refunded, Returned

RETURN_FEE = "Frais de rejet"


def parts_of_verdict(line: BankLine, verdict: Verdict) -> list[Part]:
    """The parts, that `settle_line` checks again; none where it is of invoices, or of another bank account."""
    parts: list[Part] = []
    for key, _amount in verdict.refunds:
        parts += [Refunded(refund) for refund in Refund.everywhere.filter(pk=key).select_related("customer")]
    for key, amount in verdict.returned:
        parts += [Returned(payment, -amount) for payment in Payment.everywhere.filter(pk=key)]
    if verdict.returned and verdict.difference is not None:
        parts.append(Booked(ledger.BANK_FEES, -verdict.difference.amount, RETURN_FEE))
    parts += parts_of_suppliers(line, verdict)
    for shown, amount in verdict.found:
        kind, *keys = cast("tuple[Any, ...]", shown)
        key = keys[0]
        if kind == DEBITS:
            parts += [Collected(debit) for debit in debits_credited(line, keys)]
        elif kind == SLIP:
            slips = Remittance.everywhere.filter(pk=key, bank_account=line.account_id, cancelled_at=None)
            parts += [part for slip in slips for part in parts_of(slip)]
        else:
            payments = Payment.everywhere.filter(pk=key).select_related("customer")
            parts += [Found(row, amount) for row in payments if row.bank_account_id in (None, line.account_id)]
    return parts
