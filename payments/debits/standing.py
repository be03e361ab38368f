"""How a debit stands, as its money comes, is taken back, and comes again: in the transaction that moves the money."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from payments.debits.reasons import find_code, reason_of
from payments.models import BankLine, DebitStatus, DirectDebit, Payment

NOT_RETURNED: dict[str, Any] = {"return_code": "", "returned_on": None, "handled_at": None}


class NotOrdered(DomainError):
    code = "debit_not_ordered"
    message = "Ce prélèvement n’attend plus d’argent de la banque."


def mark_collected(debit: DirectDebit, payment: Payment, *, actor: Actor, at: datetime) -> None:
    """The bank has credited it. Raises NotOrdered, Stale."""
    debit.refresh_from_db(fields=["status"])
    if debit.status != DebitStatus.ORDERED:
        raise NotOrdered
    states.move(
        debit, DebitStatus.COLLECTED, tag="payments.debit.collected", actor=actor, at=at,
        also=[debit.invoice, debit.mandate.customer], payment=payment,
        data={"amount": debit.amount, "invoice": debit.invoice.number},
    )  # fmt: skip


def reopen_debit(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """Its payment is reversed: the bank may still credit it."""
    debit = DirectDebit.everywhere.filter(payment=payment, status=DebitStatus.COLLECTED).first()
    if debit is not None:
        states.move(
            debit, DebitStatus.ORDERED, tag="payments.debit.reopened", actor=actor, at=at,
            also=[debit.invoice], data={"invoice": debit.invoice.number}, payment=None,
        )  # fmt: skip


def mark_returned(debit: DirectDebit, code: str, day: date, *, actor: Actor, at: datetime) -> None:
    """It came back: its invoice may be debited again, and its reason waits on the home page. Raises Stale."""
    states.move(
        debit, DebitStatus.RETURNED, tag="payments.debit.returned", actor=actor, at=at,
        also=[debit.invoice, debit.mandate.customer, debit.mandate],
        data={
            "amount": debit.amount, "invoice": debit.invoice.number, "code": code or "?",
            "reason": reason_of(code).sentence,
        },
        return_code=code, returned_on=day,
    )  # fmt: skip


def return_by_line(payment: Payment, line: BankLine, day: date, *, actor: Actor, at: datetime) -> None:
    """A bank line took the payment of a debit back, whole: the debit bears the reason that the line gives."""
    debit = DirectDebit.everywhere.filter(payment=payment, status=DebitStatus.COLLECTED).first()
    if debit is not None and -line.amount >= debit.amount:
        mark_returned(debit, code_of(line), day, actor=actor, at=at)


def code_of(line: BankLine) -> str:
    """The reason as the bank codes it; where it has no field for it, as it writes it in the text."""
    return line.return_code or find_code(f"{line.transaction_code} {line.structured_reference} {line.remittance}")


def restore_debit(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """The return of its payment is cancelled: the bank has paid it after all."""
    debit = DirectDebit.everywhere.filter(payment=payment, status=DebitStatus.RETURNED).first()
    if debit is not None:
        states.move(
            debit, DebitStatus.COLLECTED, tag="payments.debit.restored", actor=actor, at=at,
            also=[debit.invoice, debit.mandate.customer], data={"invoice": debit.invoice.number}, **NOT_RETURNED,
        )  # fmt: skip
