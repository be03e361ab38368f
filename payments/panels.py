"""What payments adds to the record of an invoice: the money received on it, its reminders, and the button for money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import panels
from billing.models import Invoice
from billing.panels import Action
from customers.panels import Panel


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
    reminders = list(invoice.reminders.order_by("-created_at"))
    if reminders:
        yield Panel(
            _("Relances"),
            "payments/reminder/_invoice_panel.html",
            {"reminders": reminders, "currency": invoice.currency},
        )


def actions(invoice: Invoice, on: date) -> Iterator[Action]:
    if invoice.can_be_paid:
        yield Action(
            _("Enregistrer un paiement"),
            f"{reverse('payments:payment-new')}?invoice={invoice.pk}",
            "coins",
            primary_rank=panels.RECORD_PAYMENT,
            needs="payments.record",
        )
