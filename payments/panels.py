"""What payments adds to the record of an invoice: the money received on it, its reminders, the links to it
that customers have, and the button for money."""

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
from customers import panels as customer_records
from customers.models import Customer
from customers.panels import Panel
from payments.models import CustomerLink, DirectDebit, ReminderHold
from payments.portal.links import address_of
from payments.services.credits import credit_payments
from payments.services.write_offs import live_write_offs

MOST_LINKS = 20


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(panels=side_panels, actions=actions)
    customer_records.register(panels=customer_panels)


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
    if panel := links_panel(invoice.customer, invoice):
        yield panel
    debit = invoice.debits.filter(status__in=DirectDebit.PENDING).first()
    if debit is not None:
        yield Panel(_("Prélèvement"), "payments/debit/_invoice_panel.html", {"debit": debit})
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


def links_panel(customer: Customer, invoice: Invoice | None) -> Panel | None:
    """The live links to an invoice, or to all that a customer has open; None for a draft."""
    if invoice is not None and invoice.is_draft:
        return None
    at = timezone.now()
    live = CustomerLink.everywhere.filter(customer=customer, invoice=invoice, revoked_at=None, expires_at__gt=at)
    links = list(live.select_related("customer").order_by("recipient", "id")[:MOST_LINKS])
    return Panel(
        _("Lien pour le client"),
        "payments/_links_panel.html",
        {
            "links": [{"link": link, "address": address_of(link)} for link in links],
            "invoice": invoice,
            "customer": customer,
            "may_make": not any(link.recipient == "" for link in links),
        },
    )


def customer_panels(customer: Customer) -> Iterator[Panel]:
    if panel := links_panel(customer, None):
        yield panel


def actions(invoice: Invoice, on: date) -> Iterator[Action]:
    if invoice.can_be_paid:
        yield Action(
            _("Enregistrer un paiement"),
            f"{reverse('payments:payment-new')}?invoice={invoice.pk}",
            "coins",
            primary_rank=panels.RECORD_PAYMENT,
            needs="payments.record",
        )
        if credit_payments(invoice.customer, currency=invoice.currency).exists():
            url = reverse("payments:credit-use", args=[invoice.pk])
            yield Action(_("Utiliser le crédit du client"), url, "coins", needs="payments.record")
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
