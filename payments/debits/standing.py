"""A payment that is taken back opens the debit it came from again: the bank may still credit it."""

from __future__ import annotations

from datetime import datetime

from config.kernel import states
from config.kernel.actor import Actor
from payments.models import DebitStatus, DirectDebit, Payment


def reopen_debit(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """In the transaction that reverses the payment."""
    debit = DirectDebit.everywhere.filter(payment=payment, status=DebitStatus.COLLECTED).first()
    if debit is not None:
        states.move(
            debit,
            DebitStatus.ORDERED,
            tag="payments.debit.reopened",
            actor=actor,
            at=at,
            also=[debit.invoice],
            data={"invoice": debit.invoice.number},
            payment=None,
        )
