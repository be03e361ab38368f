"""Promises to pay, disputes to look at again and pauses of one invoice: each until a day, noted with its reason."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.models import Invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.rows import lock
from payments.dunning.models import HoldKind, ReminderHold


class NothingToHold(DomainError):
    code = "nothing_to_hold"
    message = "Cette facture ne doit plus rien : il n’y a rien à promettre ni à suspendre."


class NotDisputed(DomainError):
    code = "not_disputed"
    message = "Cette facture n’est pas contestée : ouvrez d’abord le litige."


@transaction.atomic
def hold_reminders(
    *, invoice: Invoice, kind: str, until: date, amount: Decimal | None, note: str, actor: Actor, at: datetime
) -> ReminderHold:
    """Hold the invoice's reminders back through `until`. What was noted before of that kind ends.

    Raises NothingToHold, NotDisputed, Invalid for a day that is past or an amount beyond what is due.
    """
    row = lock(invoice)
    if row.is_draft or row.is_credit_note or row.balance <= ZERO:
        raise NothingToHold
    if kind == HoldKind.DISPUTE and row.disputed_at is None:
        raise NotDisputed
    if until < local_day(at):
        raise Invalid(fields={"until": "Cette date est passée."})
    if kind == HoldKind.PROMISE and not (amount and ZERO < amount <= row.balance):
        raise Invalid(fields={"amount": "Le montant promis va de 0,01 au reste dû."})
    ReminderHold.everywhere.filter(invoice=row, kind=kind, ended_at=None).update(ended_at=at)
    hold: ReminderHold = ReminderHold.everywhere.create(
        company_id=row.company_id,
        invoice=row,
        kind=kind,
        until=until,
        amount=amount if kind == HoldKind.PROMISE else None,
        balance=row.balance,
        note=note.strip()[:300],
        made_at=at,
    )
    data = {"kind": kind, "until": until, "amount": hold.amount, "note": hold.note}
    audit.record("payments.hold.made", subject=hold, also=[row, row.customer], actor=actor, at=at, data=data)
    return hold


@transaction.atomic
def end_hold(*, hold: ReminderHold, actor: Actor, at: datetime) -> None:
    """The hold no longer counts. Ended before: nothing changes."""
    row = lock(hold)
    if row.ended_at is not None:
        return
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    also = [row.invoice, row.invoice.customer]
    audit.record("payments.hold.ended", subject=row, also=also, actor=actor, at=at, data={"kind": row.kind})
