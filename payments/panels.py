"""What payments adds to the record of an invoice: the money received on it, its reminders, and the button for money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import panels
from billing.models import Invoice
from billing.panels import Action
from config.kernel.clock import local_day
from customers.panels import Panel
from payments.models import ReminderHold
from payments.services.write_offs import live_write_offs


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(panels=side_panels, actions=actions)


def side_panels(invoice: Invoice) -> Iterator[Panel]:
    allocations = list(invoice.allocations.select_related("payment").order_by("-at", "-id"))
    if allocations:
        yield Panel(
            _("Encaissements"),
            "payments/_invoice_panel.html",
            {"allocations": allocations, "currency": invoice.currency},
        )
    if invoice.amount_written_off:
        yield Panel(
            _("Différences soldées"),
            "payments/write_off/_invoice_panel.html",
            {"write_offs": list(live_write_offs(invoice)), "currency": invoice.currency},
        )
    reminders = list(invoice.reminders.select_related("email").order_by("-created_at"))
    holds = list(invoice.reminder_holds.filter(ended_at=None).order_by("until")) if not invoice.is_draft else []
    if reminders or holds:
        yield Panel(
            _("Relances"),
            "payments/reminder/_invoice_panel.html",
            {"reminders": reminders, "currency": invoice.currency, "invoice": invoice, "holds": _held(holds, invoice)},
        )


def _held(holds: list[ReminderHold], invoice: Invoice) -> list[dict[str, Any]]:
    today = local_day(timezone.now())
    return [
        {
            "hold": hold,
            "broken": hold.is_broken(invoice.balance, today),
            "is_over": hold.is_over(today),
            "is_kept": hold.is_kept(invoice.balance),
        }
        for hold in holds
    ]


def actions(invoice: Invoice, on: date) -> Iterator[Action]:
    if invoice.can_be_paid:
        yield Action(
            _("Enregistrer un paiement"),
            f"{reverse('payments:payment-new')}?invoice={invoice.pk}",
            "coins",
            primary_rank=panels.RECORD_PAYMENT,
            needs="payments.record",
        )
        url = reverse("payments:write-off-new", args=[invoice.pk])
        yield Action(_("Solder la différence"), url, "minus", needs="invoices.write_off")
    if invoice.can_be_paid and invoice.due_date and invoice.due_date < on:
        yield Action(_("Relancer"), reverse("payments:reminder-preview", args=[invoice.pk]), "bell")
        yield Action(_("Pénalités de retard"), reverse("payments:late-interest", args=[invoice.pk]), "coins")
    if invoice.disputed_at:
        yield Action(
            _("Fixer la date de revue du litige"),
            reverse("payments:hold-new", args=[invoice.pk, "dispute"]),
            "clock",
            needs="reminders.send",
        )
