"""What can be done with many late invoices at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceQuerySet
from config.kernel.actor import Actor
from config.kernel.bulk.acts import BulkAct, declare_acts
from payments.dunning.models import ReminderStatus
from payments.dunning.sending import remind_invoice


def _late(invoices: QuerySet[Any], on: date) -> QuerySet[Any]:
    return cast(InvoiceQuerySet, invoices).overdue(on=on)


def _remind(invoice: Invoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    reminder = remind_invoice(invoice=invoice, actor=actor, at=at)
    words = {"level": reminder.get_level_display()}
    if reminder.status == ReminderStatus.DRAFTED:
        return gettext("%(level)s préparée : à relire avant l’envoi") % words
    return gettext("%(level)s mise en file d’envoi") % words


declare_acts(
    "invoices",
    BulkAct(
        name="remind",
        label=_("Relancer"),
        icon="bell",
        needs="reminders.send",
        effect=_("Chaque facture en retard reçoit la relance qui lui revient, vérifiée de nouveau à l’envoi."),
        warning=_("Un message parti ne se reprend pas."),
        takes=_late,
        work=_remind,
        amount="total_gross",
    ),
)
