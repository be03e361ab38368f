"""The lists of reminders as files: what is decided of each late invoice, and what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel import typography
from config.kernel.exports import Column, Row
from config.kernel.lists.declared import DeclaredList, Field, list_of
from payments.dunning.evidence import LEVELS
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


DECIDED = DeclaredList(
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
    ("number", "customer", "due", "decision", "remaining"),
)


SENT = list_of(
    "reminders_sent",
    _("Relances envoyées"),
    Field("number", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "invoice.buyer_name"),
    Field("level", _("Niveau"), "get_level_display"),
    Field("written", _("Date"), "created_at", "date"),
    Field("state", _("État"), "get_status_display"),
    Field("because", _("Motif"), "cancelled_because"),
    Field("recipient", _("Destinataire"), lambda reminder: reminder.email.recipient if reminder.email else ""),
    Field("currency", _("Devise"), "invoice.currency"),
    Field("balance", _("Reste dû"), "balance", "money"),
    drawn=("number", "customer", "level", "written", "state", "balance"),
)

HOLDS = list_of(
    "reminder_holds",
    _("Promesses et suspensions"),
    Field("number", _("Facture"), "invoice.number"),
    Field("customer", _("Client"), "invoice.buyer_name"),
    Field("kind", _("Nature"), "get_kind_display"),
    Field("until", _("Jusqu’au"), "until", "date"),
    Field("made", _("Dit le"), "made_at", "date"),
    Field("note", _("Note"), "note"),
    Field("currency", _("Devise"), "invoice.currency"),
    Field("amount", _("Montant promis"), "amount", "money"),
    Field("balance", _("Reste dû"), "invoice.balance", "money"),
    drawn=("number", "customer", "kind", "until", "", "note", "amount"),
)
