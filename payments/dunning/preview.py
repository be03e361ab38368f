"""The letter of one invoice as it would go now, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import Invoice
from payments.dunning.evidence import LEVELS
from payments.dunning.letters import Letter, letter_for
from payments.dunning.models import ReminderLevel
from payments.dunning.planning import decide_together, group_of, reasons_against, reminder_address
from payments.dunning.policy import WAIVABLE, Decision
from payments.dunning.practice import practice_of
from payments.dunning.schedule import overdue


@dataclass(frozen=True, slots=True)
class Preview:
    """`letter` is None when no level is left to send; `invoices` are those that it names."""

    against: Sequence[Decision]
    level: ReminderLevel | None
    invoices: Sequence[Invoice]
    letter: Letter | None
    address: str
    with_statement: bool


def preview_of(invoice: Invoice, *, at: datetime) -> Preview:
    """What « Relancer » would send of this invoice, as if a person had set aside what may be."""
    against = reasons_against(invoice, at)
    (own,) = decide_together([invoice], at, waived=WAIVABLE)
    practice = practice_of(invoice.company, invoice.customer_id)
    level = LEVELS[own.decision.level] if own.decision.level else None
    invoices = [invoice]
    if level is not None and own.is_grouped and not against:
        companions = overdue(invoice.company, at).filter(customer=invoice.customer_id, currency=invoice.currency)
        rows = decide_together(list(companions.order_by("due_date", "id")), at)
        final = level == ReminderLevel.FINAL
        due = [row for row in rows if row.decision.level]
        group = group_of([row for row in due if (LEVELS[row.decision.level or ""] == ReminderLevel.FINAL) == final])
        if group is not None:
            invoices, level = group.invoices, group.level
    return Preview(
        against=against,
        level=level,
        invoices=invoices,
        letter=letter_for(invoices, level, at=at, practice=practice) if level else None,
        address=own.address or reminder_address(invoice.customer),
        with_statement=practice.with_statement,
    )
