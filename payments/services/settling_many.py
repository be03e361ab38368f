"""Many bank lines settled at once, each by one transfer of one customer that its invoices use up.

The rows are those that `settle_line` writes, in one statement for each kind of row. Lock order as there: invoices by
key, lines by key, then the counters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.rows import insert_each
from customers.models import Customer
from payments.models import BankLine, LineStatus, Match, MatchPart, Method, PartKind, Payment
from payments.services.allocations import Share
from payments.services.payments import record_transfers


@dataclass(frozen=True, slots=True)
class Settlement:
    """A locked open line, the locked invoices of one customer whose shares are its amount, and why they are."""

    line: BankLine
    shares: Sequence[Share]
    rule: str
    evidence: Sequence[Mapping[str, str]]

    @property
    def customer(self) -> Customer:
        customer: Customer = self.shares[0].invoice.customer
        return customer


def lock_lines(lines: Sequence[BankLine]) -> dict[int, BankLine]:
    """Those of the lines that are still open, with their accounts, read again and locked in the order of their keys."""
    rows = BankLine.everywhere.filter(pk__in=[line.pk for line in lines], status=LineStatus.OPEN)
    rows = rows.select_for_update(no_key=True, of=("self",)).select_related("account")
    return {row.pk: row for row in rows.order_by("pk")}


def settle_lines(settlements: Sequence[Settlement], *, actor: Actor, at: datetime) -> None:
    """Match the lines of one company automatically, all or none, in a transaction of the caller.

    No invoice is in two settlements; that each holds is the caller's to check under lock. Raises what recording raises.
    """
    received = [(_payment(settlement, at), settlement.shares) for settlement in settlements]
    matches = [_match(settlement, at) for settlement in settlements]
    insert_each(matches)
    record_transfers(received, actor=actor, at=at)
    payments = [payment for payment, _shares in received]
    insert_each([_part(match, payment) for match, payment in zip(matches, payments, strict=True)])
    moves = [_move(settlement, payment) for settlement, payment in zip(settlements, payments, strict=True)]
    states.move_all(moves, LineStatus.MATCHED, tag="payments.bank.matched", actor=actor, at=at)


def _payment(settlement: Settlement, at: datetime) -> Payment:
    line = settlement.line
    return Payment(
        company_id=line.company_id,
        customer=settlement.customer,
        amount=line.amount,
        currency=line.currency,
        method=Method.TRANSFER,
        # banks date some movements ahead; a payment is never in the future
        paid_on=min(line.booked_on, local_day(at)),
        bank_account=line.account,
        reference=(line.structured_reference or line.remittance)[:140],
        recorded_at=at,
    )


def _match(settlement: Settlement, at: datetime) -> Match:
    return Match(
        company_id=settlement.line.company_id,
        line=settlement.line,
        rule=settlement.rule,
        evidence=list(settlement.evidence),
        rivals=[],
        is_automatic=True,
        at=at,
    )


def _part(match: Match, payment: Payment) -> MatchPart:
    return MatchPart(
        company_id=match.company_id,
        match=match,
        position=1,
        kind=PartKind.PAYMENT,
        amount=payment.amount,
        payment=payment,
        is_recorded=True,
    )


def _move(settlement: Settlement, payment: Payment) -> states.Move:
    return states.Move(
        row=settlement.line,
        also=[payment, settlement.customer, *(share.invoice for share in settlement.shares)],
        data={
            "amount": settlement.line.amount,
            "rule": settlement.rule,
            "payment": payment.number,
            "accounts": "",
            "automatic": True,
            "note": "",
        },
    )
