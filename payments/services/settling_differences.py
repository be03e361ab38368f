"""The small differences of one decision: what remains of an invoice written off, what is too much kept as income."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from payments.models import Match, Payment
from payments.services.settling_parts import Received
from payments.services.write_offs import keep_excess, take_back_write_off, write_off


class DifferenceOfAnother(Invalid):
    code = "difference_of_another"
    message = "Une différence se solde sur une facture que cet argent règle."


def settle_differences(
    match: Match, received: Sequence[tuple[Received, Payment]], *, actor: Actor, at: datetime
) -> None:
    """Write off the rests and keep the excesses as the match's, after all money: a rest is what no money has paid.

    Raises DifferenceOfAnother, and what `write_off` and `keep_excess` do.
    """
    for part, _payment in received:
        paid = {share.invoice.pk for share in part.shares}
        for rest in part.write_offs:
            if rest.invoice.pk not in paid:
                raise DifferenceOfAnother
            write_off(
                invoice=rest.invoice,
                amount=rest.amount,
                reason=rest.reason,
                with_vat=rest.with_vat,
                note=rest.note,
                actor=actor,
                at=at,
                match=match,
            )
    for part, payment in received:
        if part.kept is not None:
            kept = part.kept
            keep_excess(
                payment=payment, amount=kept.amount, reason=kept.reason, note="", actor=actor, at=at, match=match
            )


def take_back_differences(match: Match, *, reason: str, actor: Actor, at: datetime) -> None:
    """Take back those of the match that stand: before its payments, which would have nothing to give back else."""
    rows = match.write_offs.filter(reverses=None, reversal=None).select_related("invoice", "payment__customer")
    for row in rows.order_by("invoice_id", "payment_id", "id"):
        take_back_write_off(write_off=row, reason=reason, actor=actor, at=at)
