"""What left after a copy was made: reminders, as the trail outside knows them, are noted and never sent again; what the
banks booked since is shown before anything is paid once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from billing.models import Invoice
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company
from config.kernel.restoring import Finding, departed, elsewhere
from config.kernel.secrets import SecretUnreadable
from config.kernel.typography import day, money
from payments.dunning.models import VOID, Reminder, ReminderLevel, ReminderStatus
from payments.models import Feed, FeedKind
from payments.services.feeds.revolut import unknown_movements

LEFT = {"payments.reminder.sent", "payments.reminder.posted"}


class BankNotAnswering(DomainError):
    code = "bank_not_answering"
    message = "%(name)s n’a pas pu être interrogée : %(problem)s"


@elsewhere("banks")
def in_banks(company: Company, since: datetime) -> Iterator[Finding]:
    """The movements that a bank's feed has and this base has not. Raises BankNotAnswering.

    An account without a feed is asked by nobody: its statements are imported once work goes on.
    """
    for feed in Feed.everywhere.filter(company=company, kind=FeedKind.REVOLUT, is_enabled=True):
        try:
            for account, movement in unknown_movements(feed, since=since, at=timezone.now()):
                line = movement.line
                amount = money(line.amount, account.currency)
                yield Finding(account.name, f"{day(line.booked_on)} · {amount} · {line.counterparty}")
        except (RemoteError, SecretUnreadable) as error:
            raise BankNotAnswering(name=str(feed), problem=str(error)) from error


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
