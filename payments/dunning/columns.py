"""The lists of reminders as files: what is decided of each late invoice, and what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel import typography
from config.kernel.exports import Column, Row
from config.kernel.list_files import ListFile
from payments.dunning.evidence import LEVELS
from payments.dunning.models import Reminder, ReminderHold
from payments.dunning.planning import plan


def _decided(invoices: Sequence[Invoice]) -> Iterator[Row]:
    for planned in plan(company=invoices[0].company, at=timezone.now(), invoices=list(invoices)):
        level = planned.decision.level
        yield {
            "number": planned.invoice.number,
            "customer": planned.invoice.buyer_name,
            "due": planned.invoice.due_date,
            "level": LEVELS[level].label if level else "",
            "decision": planned.decision.worded(gettext, typography.day),
            "address": planned.address,
            "currency": planned.invoice.currency,
            "remaining": planned.invoice.balance,
        }


DECIDED = ListFile(
    "reminders_due",
    _("Relances"),
    (
        Column("number", _("Facture")),
        Column("customer", _("Client")),
        Column("due", _("Échéance"), "date"),
        Column("level", _("Niveau")),
        Column("decision", _("Décision")),
        Column("address", _("Destinataire")),
        Column("currency", _("Devise")),
        Column("remaining", _("Reste à payer"), "money"),
    ),
    _decided,
)


def _sent(reminders: Sequence[Reminder]) -> Iterator[Row]:
    for reminder in reminders:
        yield {
            "number": reminder.invoice.number,
            "customer": reminder.invoice.buyer_name,
            "level": reminder.get_level_display(),
            "written": reminder.created_at,
            "state": reminder.get_status_display(),
            "because": reminder.cancelled_because,
            "recipient": reminder.email.recipient if reminder.email else "",
            "currency": reminder.invoice.currency,
            "balance": reminder.balance,
        }


SENT = ListFile(
    "reminders_sent",
    _("Relances envoyées"),
    (
        Column("number", _("Facture")),
        Column("customer", _("Client")),
        Column("level", _("Niveau")),
        Column("written", _("Date"), "date"),
        Column("state", _("État")),
        Column("because", _("Motif")),
        Column("recipient", _("Destinataire")),
        Column("currency", _("Devise")),
        Column("balance", _("Reste dû"), "money"),
    ),
    _sent,
)


def _holds(holds: Sequence[ReminderHold]) -> Iterator[Row]:
    for hold in holds:
        yield {
            "number": hold.invoice.number,
            "customer": hold.invoice.buyer_name,
            "kind": hold.get_kind_display(),
            "until": hold.until,
            "made": hold.made_at,
            "currency": hold.invoice.currency,
            "balance": hold.invoice.balance,
        }


HOLDS = ListFile(
    "reminder_holds",
    _("Promesses et suspensions"),
    (
        Column("number", _("Facture")),
        Column("customer", _("Client")),
        Column("kind", _("Nature")),
        Column("until", _("Jusqu’au"), "date"),
        Column("made", _("Dit le"), "date"),
        Column("currency", _("Devise")),
        Column("balance", _("Reste dû"), "money"),
    ),
    _holds,
)
