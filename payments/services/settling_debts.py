"""Invoices as they were shown to a person, paid by one transfer with older credits: what is missing or too much is
settled for a reason, where that was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.kernel import typography
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from payments.services.allocations import Share
from payments.services.settling_parts import Credit, Kept, Received, Rest


class BalanceMoved(DomainError):
    code = "balance_moved"
    message = "Il reste maintenant %(balance)s à payer sur %(number)s : voyez de nouveau ce qui est proposé."


class DifferenceMoved(DomainError):
    code = "difference_moved"
    message = "La différence est de %(found)s, et non de %(shown)s : choisissez de nouveau ce qu’elle devient."


@dataclass(frozen=True, slots=True)
class Difference:
    """What is missing (positive) or too much (negative) as it was shown, and the WriteOffReason it is settled for."""

    amount: Decimal
    reason: str
    with_vat: bool = False
    note: str = ""


def receive_for(
    amount: Decimal, debts: Sequence[Share], credits_used: Sequence[Credit] = (), difference: Difference | None = None
) -> Received:
    """The part that pays these `debts` (whole balances, in the order in which they are paid) of one customer.

    Of the credits no more is used than is missing. Raises BalanceMoved, DifferenceMoved.
    """
    for debt in debts:
        if debt.invoice.balance != debt.amount:
            balance = typography.money(debt.invoice.balance, debt.invoice.currency)
            raise BalanceMoved(number=str(debt.invoice), balance=balance)
    owed = sum((debt.amount for debt in debts), ZERO)
    used = _needed(owed - amount, credits_used)
    left, shares, rests = amount + sum((credit.amount for credit in used), ZERO), [], []
    for debt in debts:
        part = min(left, debt.amount)
        left -= part
        if part > 0:
            shares.append(Share(debt.invoice, part))
        if part < debt.amount:
            rests.append(Share(debt.invoice, debt.amount - part))
    missing = sum((rest.amount for rest in rests), -left)
    customer = debts[0].invoice.customer
    if difference is None:
        return Received(customer, amount, shares, used)
    if missing != difference.amount:
        found, shown = (typography.money(value, debts[0].invoice.currency) for value in (missing, difference.amount))
        raise DifferenceMoved(found=found, shown=shown)
    if missing < 0:
        return Received(customer, amount, shares, used, kept=Kept(-missing, difference.reason))
    written = [
        Rest(rest.invoice, rest.amount, difference.reason, difference.with_vat, difference.note) for rest in rests
    ]
    return Received(customer, amount, shares, used, write_offs=written)


def _needed(missing: Decimal, credits_used: Sequence[Credit]) -> list[Credit]:
    needed = []
    for credit in credits_used:
        part = min(credit.amount, missing)
        if part > 0:
            needed.append(Credit(credit.payment, part))
            missing -= part
    return needed
