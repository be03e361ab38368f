"""What people type about orders: the filter of the list, and the head of a draft."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.delivery import DeliveredForm, typed_delivery
from billing.forms.invoices import customer_name
from billing.invoiced import is_invoiced
from billing.models import OrderStatus, SalesOrder
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.forms import TextField
from customers.models import Customer

TO_INVOICE = "TO_INVOICE"
STATES = [*OrderStatus.choices, (TO_INVOICE, _("À facturer"))]


class OrderFilter(DatedFilter):
    """`?q=&status=&customer=&from=&to=`."""

    day = "order_date"
    amount = "total_gross"
    status = forms.ChoiceField(required=False, choices=STATES)
    customer = forms.IntegerField(required=False)

    def narrow(self, orders: QuerySet[SalesOrder]) -> QuerySet[Any]:
        """The orders that answer the filter, each knowing whether it is `invoiced`."""
        found = self.within(orders.annotate(invoiced=is_invoiced()))
        if self.value("customer"):
            found = found.filter(customer_id=self.value("customer"))
        if self.value("status") == TO_INVOICE:
            found = found.filter(status=OrderStatus.SHIPPED, invoiced=False)
        elif self.value("status"):
            found = found.filter(status=self.value("status"))
        return found.filter(_matching(self.value("q") or ""))

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a customer is chosen."""
        chosen = self.chosen_customer(customer_name(self.value("customer")))
        return [self.control("status", _("État")), *chosen, *self.dates(), *self.amounts()]


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
