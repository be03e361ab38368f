"""What payments adds to the record of a customer: the credit it has, and recording what it pays."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F, Sum
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from customers import panels
from customers.models import Customer
from customers.panels import Action, Figure
from payments.models import Payment


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(figures=figures, actions=actions)


def figures(customer: Customer) -> Iterator[Figure]:
    live = Payment.objects.filter(customer=customer, reverses=None, reversed_at=None)
    credit: Decimal | None = live.aggregate(rest=Sum(F("amount") - F("allocated")))["rest"]
    if credit:
        query = urlencode({"q": customer.name, "left": "yes"})
        yield Figure(
            _("Au crédit du client"),
            credit,
            f"{reverse('payments:payment-list')}?{query}",
            _("encaissé, pas encore affecté"),
            "good",
        )


def actions(customer: Customer) -> Iterator[Action]:
    url = f"{reverse('payments:payment-new')}?customer={customer.pk}"
    yield Action(_("Enregistrer un paiement"), url, "coins", "payments.record")
