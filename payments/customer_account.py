"""What payments adds to the record of a customer: the credit it has, and recording what it pays."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.services.bounces import bounces_of
from config.kernel.clock import local_day
from config.kernel.currency_sums import by_currency
from customers import panels
from customers.models import Customer
from customers.panels import Action, Figure, Panel
from payments.models import Mandate, Payment
from payments.services.credits import credit_payments
from payments.services.scores import habits


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(figures=figures, panels=reminder_panels, actions=actions)
    panels.register(panels=mandate_panels)


def mandate_panels(customer: Customer) -> Iterator[Panel]:
    """By which mandates its invoices may be debited."""
    mandates = list(Mandate.objects.filter(customer=customer).order_by("-created_at", "-id")[:10])
    if mandates:
        yield Panel(_("Mandats de prélèvement"), "payments/debit/_customer_panel.html", {"mandates": mandates})


def figures(customer: Customer) -> Iterator[Figure]:
    live = Payment.objects.filter(customer=customer, reverses=None, reversed_at=None)
    query = urlencode({"q": customer.name, "left": "yes"})
    for currency, credit in sorted(by_currency(live, F("amount") - F("allocated")).totals.items()):
        if not credit:
            continue
        yield Figure(
            _("Au crédit du client"),
            credit,
            f"{reverse('payments:payment-list')}?{query}",
            _("encaissé, pas encore affecté"),
            "good",
            currency,
        )


def reminder_panels(customer: Customer) -> Iterator[Panel]:
    """How the customer pays and is reminded, and its addresses that refuse our messages. Four queries."""
    known = habits(on=local_day(timezone.now()), customers={customer.pk})
    yield Panel(
        _("Relances"),
        "payments/reminder/_customer_panel.html",
        {"customer": customer, "habit": known.own.get(customer.pk), "bounces": list(bounces_of(customer))},
    )


def actions(customer: Customer) -> Iterator[Action]:
    url = f"{reverse('payments:payment-new')}?customer={customer.pk}"
    yield Action(_("Enregistrer un paiement"), url, "coins", "payments.record")
    if credit_payments(customer).exists():
        yield Action(_("Rembourser"), reverse("payments:refund-new", args=[customer.pk]), "undo", "payments.refund")
    settings = reverse("payments:customer-reminders", args=[customer.pk])
    yield Action(_("Comment relancer ce client"), settings, "bell", "reminders.send")
    statement = f"{reverse('billing:report', args=['statement'])}?customer={customer.pk}"
    yield Action(_("Relevé de compte"), statement, "file", "books.write")
    new = reverse("payments:mandate-new", args=[customer.pk])
    yield Action(_("Mandat de prélèvement"), new, "bank", "payments.collect")
