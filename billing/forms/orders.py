"""What people type about orders: the filter of the list, and the head of a draft."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.delivery import DeliveredForm, typed_delivery
from billing.models import Invoice, OrderStatus, SalesOrder
from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, TextField
from customers.models import Customer

TO_INVOICE = "TO_INVOICE"
STATES = [*OrderStatus.choices, (TO_INVOICE, _("À facturer"))]


class OrderFilter(forms.Form):
    """`?q=&status=&customer=&from=&to=`: what is not understood is left out, never an error."""

    q = forms.CharField(required=False, max_length=100)
    status = forms.ChoiceField(required=False, choices=STATES)
    customer = forms.IntegerField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # names that Python keeps for itself
        self.fields["from"] = FrenchDateField(required=False)
        self.fields["to"] = FrenchDateField(required=False)
        self.is_valid()

    def value(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    def narrow(self, orders: QuerySet[SalesOrder]) -> QuerySet[Any]:
        """The orders that answer the filter, each knowing whether it is `invoiced`."""
        wanted = {
            "customer_id": self.value("customer"),
            "order_date__gte": self.value("from"),
            "order_date__lte": self.value("to"),
        }
        invoiced = Exists(Invoice.everywhere.filter(order=OuterRef("pk")).in_force())
        found = orders.annotate(invoiced=invoiced).filter(
            **{column: value for column, value in wanted.items() if value}
        )
        if self.value("status") == TO_INVOICE:
            found = found.filter(status=OrderStatus.SHIPPED, invoiced=False)
        elif self.value("status"):
            found = found.filter(status=self.value("status"))
        return found.filter(_matching(self.value("q") or ""))

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a customer is chosen."""
        controls: list[dict[str, Any]] = [
            {"name": "status", "label": _("État"), "kind": "select", "choices": STATES},
            {"name": "from", "label": _("Du"), "kind": "date"},
            {"name": "to", "label": _("Au"), "kind": "date"},
        ]
        chosen = Customer.objects.filter(pk=self.value("customer")).first() if self.value("customer") else None
        if chosen:
            choices = [(chosen.pk, chosen.name)]
            controls.insert(1, {"name": "customer", "label": _("Client"), "kind": "select", "choices": choices})
        return [{**control, "value": self._shown(control["name"])} for control in controls]

    def _shown(self, name: str) -> Any:
        value = self.value(name)
        return value.isoformat() if isinstance(value, date) else value or ""


def _matching(text: str) -> Q:
    if not text:
        return Q()
    return holds(text, "number", "customer__name", "purchase_order")


class OrderForm(DeliveredForm):
    """The head of a draft order."""

    purchase_order = TextField(label=_("N° de commande ou d’engagement du client"), required=False, max_length=50)
    service_code = TextField(label=_("Code service"), required=False, max_length=100)
    notes = TextField(
        label=_("Notes imprimées"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Reprises sur la facture."),
    )

    VALUES = ("purchase_order", "service_code", "notes")

    def __init__(
        self, *args: Any, order: SalesOrder | None = None, customer: Customer | None = None, **kwargs: Any
    ) -> None:
        initial = {name: getattr(order, name) for name in self.VALUES} if order else {}
        kwargs["initial"] = initial | (typed_delivery(order.delivery) if order else {})
        super().__init__(*args, **kwargs)
        self.shown = customer or (order.customer if order else None)

    def values(self) -> dict[str, Any]:
        return {**{name: self.cleaned_data[name] for name in self.VALUES}, "delivery": self.delivery()}
