"""The filters of the lists of purchases and of suppliers."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.forms.invoices import amount_of, customer_name
from billing.models import InvoiceKind
from billing.purchases.models import PurchaseQuerySet
from billing.purchases.standing import Standing, narrowed
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from customers.models import Customer, CustomerQuerySet

KINDS = [
    (InvoiceKind.INVOICE, _("Facture")),
    (InvoiceKind.CREDIT_NOTE, _("Avoir")),
    (InvoiceKind.DEPOSIT, _("Facture d’acompte")),
    (InvoiceKind.CORRECTED, _("Facture rectificative")),
]
# by which a supplier invoice is known: its number, ours, its supplier's name as written
SEARCHED = ("number", "reference", "supplier_name", "order_reference")
FEW = 1_000


class PurchaseFilter(DatedFilter):
    """`?q=&status=&kind=&supplier=&from=&to=`."""

    day = "issue_date"
    amount = "total_gross"
    status = forms.ChoiceField(required=False, choices=Standing.choices)
    kind = forms.ChoiceField(required=False, choices=KINDS)
    supplier = forms.IntegerField(required=False)

    def narrow(self, purchases: PurchaseQuerySet, *, on: date) -> PurchaseQuerySet:
        found = narrowed(purchases, self.value("status") or "", on)
        if self.value("kind"):
            found = found.filter(kind=self.value("kind"))
        if self.value("supplier"):
            found = found.filter(supplier_id=self.value("supplier"))
        found = cast(PurchaseQuerySet, self.within(found))
        return self._holding(found, text) if (text := self.value("q")) else found

    def _holding(self, purchases: PurchaseQuerySet, text: str) -> PurchaseQuerySet:
        """Those that the text finds, by their keys where they are few. One query.

        The list and its sums both ask for them, and folding every row again is what takes long.
        """
        found: PurchaseQuerySet = purchases.filter(matching(text))
        keys = list(found.order_by().values_list("pk", flat=True)[: FEW + 1])
        return purchases.filter(pk__in=keys) if len(keys) <= FEW else found

    def choices(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a supplier is chosen."""
        key = self.value("supplier")
        name = customer_name(key)
        chosen = {"name": "supplier", "label": _("Fournisseur"), "kind": "select", "value": key}
        return [
            self.control("status", _("État")),
            self.control("kind", _("Type")),
            *([{**chosen, "choices": [(key, name)]}] if name else []),
            *self.dates(),
            *self.amounts(),
        ]


def matching(text: str) -> Q:
    """A number (the supplier's or ours), a supplier's name, or an amount including tax as people type it."""
    found, amount = naming(text), amount_of(text)
    return found | Q(total_gross=amount) if amount is not None else found


def naming(text: str) -> Q:
    """A number or a supplier's name holds the text; the name as kept is folded once a supplier, not once an invoice."""
    named = Customer.objects.suppliers().filter(holds(text, "name"))
    return holds(text, *SEARCHED) | Q(supplier__in=named.values("pk"))


class SupplierFilter(forms.Form):
    """`?q=&state=`: what is not understood is left out, never an error."""

    STATES = [("owed", _("À qui nous devons")), ("iban", _("IBAN à confirmer")), ("archived", _("Archivés"))]
    q = forms.CharField(required=False, max_length=100)
    state = forms.ChoiceField(required=False, choices=STATES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    def value(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    def narrow(self, suppliers: CustomerQuerySet) -> CustomerQuerySet:
        """Of `suppliers_with_owed`."""
        found: Any
        state = self.value("state")
        found = suppliers.exclude(archived_at=None) if state == "archived" else suppliers.active()
        if state == "owed":
            found = found.filter(owed__gt=0)
        if state == "iban":
            found = found.filter(new_ibans=True)
        return cast(CustomerQuerySet, found.matching(self.value("q")) if self.value("q") else found)

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`."""
        return [
            {
                "name": "state",
                "label": _("État"),
                "kind": "select",
                "choices": self.STATES,
                "value": self.value("state"),
            }
        ]
