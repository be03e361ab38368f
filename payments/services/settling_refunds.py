"""What leaves the bank for a customer: a refund of ours that is found again, and a payment that the bank takes back."""

from __future__ import annotations

from collections.abc import Iterable

from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from payments.debits.standing import return_by_line
from payments.models import MatchPart, PartKind, Refund
from payments.outgoing.returning import return_payment
from payments.services.allocations import lock_invoices
from payments.services.booking_lines import move_refund
from payments.services.decisions import Decision
from payments.services.settling_parts import Refunded, Returned

RETURNED = "Rejet de la banque"


class RefundNotFree(DomainError):
    code = "refund_not_free"
    message = "%(number)s est annulé, dans une autre devise, ou déjà rapproché d’une autre ligne."


def lock_refunds(refunds: Iterable[Refund]) -> None:
    """Before any number is taken: who cancels a refund holds it, and then waits for the counters."""
    keys = sorted(refund.pk for refund in refunds)
    if keys:
        list(Refund.everywhere.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk"))


def find_refund(decision: Decision, part: Refunded) -> None:
    """Link a refund that stands already, whole, and book it on this bank's account if it was on another.

    Raises RefundNotFree.
    """
    rows = Refund.everywhere.select_for_update(no_key=True, of=("self",)).select_related("customer")
    refund = rows.get(pk=part.refund.pk)
    is_taken = MatchPart.everywhere.filter(refund=refund, match__undone_at=None).exists()
    if is_taken or not refund.is_live or refund.currency != decision.line.currency:
        raise RefundNotFree(number=refund.number)
    move_refund(decision.match, decision.line, refund, actor=decision.actor, at=decision.at)
    decision.add(PartKind.REFUND, -refund.amount, refund=refund)
    decision.concern(refund, refund.customer)


def take_back(decision: Decision, part: Returned) -> None:
    """Record that the bank took money of a payment back: the invoices it paid are open again."""
    line, payment = decision.line, decision.older[part.payment.pk]
    day = min(line.booked_on, local_day(decision.at))
    refund = return_payment(
        payment=payment,
        amount=-part.amount,
        returned_on=day,
        reason=" ".join(word for word in (RETURNED, line.return_code) if word),
        bank_account=line.account,
        actor=decision.actor,
        at=decision.at,
    )
    return_by_line(payment, line, day, actor=decision.actor, at=decision.at)
    # as they are now, for the parts that follow
    decision.invoices.update(lock_invoices(decision.invoices.values()))
    decision.add(PartKind.REFUND, part.amount, refund=refund, is_recorded=True)
    decision.concern(refund, payment, payment.customer, *decision.invoices.values())
