"""The reminders that left after a copy was made, as the trail outside knows them: they are noted, never sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing.models import Invoice
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.restoring import departed
from payments.dunning.models import VOID, Reminder, ReminderLevel, ReminderStatus

LEFT = {"payments.reminder.sent", "payments.reminder.posted"}


@departed("reminders")
def note_reminders(company: Company, lines: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> int:
    """Each level that was reminded since counts as reminded here too, on the day on which it was; how many."""
    return sum(_note(company, line, actor, at) for line in lines if line["tag"] in LEFT)


def _note(company: Company, line: dict[str, Any], actor: Actor, at: datetime) -> bool:
    key = next((name for name in line.get("also", ()) if name.startswith("billing.invoice:")), "")
    invoice = Invoice.everywhere.filter(company=company, pk=int(key.partition(":")[2] or 0)).first()
    level = int(line.get("level") or 0)
    if invoice is None or level not in ReminderLevel.values:
        return False
    sent_at = datetime.fromisoformat(str(line["at"]))
    live = Reminder.everywhere.filter(invoice=invoice, level=level).exclude(status__in=VOID).first()
    if live is None:
        live = Reminder.objects.create(
            company=company, invoice=invoice, level=level, status=ReminderStatus.SENT, balance=invoice.balance,
            created_at=sent_at, sent_at=sent_at,
        )  # fmt: skip
        audit.record("payments.reminder.noted", subject=live, also=[invoice], actor=actor, at=at, data={"level": level})
        return True
    if states.can_move(live, ReminderStatus.SENT):
        states.move(
            live, ReminderStatus.SENT, tag="payments.reminder.noted", actor=actor, at=at, also=[invoice],
            sent_at=sent_at, data={"level": level},
        )  # fmt: skip
        return True
    return False
