"""Orders to suppliers as people write them: their head, their lines, their filter, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.forms.invoices import amount_of, customer_name
from billing.forms.picking import CustomerPickedForm
from billing.forms.purchases.accounts import AccountField, share_chart
from billing.models import Product
from billing.purchases.models import PurchaseOrder, PurchaseOrderLine
from billing.purchases.order_standing import OrderedLine, OrderStanding, with_order_standing
from billing.purchases.orders import OrderLineInput
from billing.services.lines import MOST_LINES
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.form_errors import filled_forms
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from customers.models import Customer, CustomerQuerySet

PREFIX = "lines"


class PurchaseOrderForm(CustomerPickedForm):
    """Whom it goes to and when it is awaited."""

    picked_label = _("Fournisseur")
    several = _("Plusieurs fournisseurs portent ce nom. Choisissez dans la liste.")
    choose = _("Choisissez un fournisseur dans la liste.")
    unknown = _("Aucun fournisseur ne s’appelle ainsi.")

    customer = forms.CharField(label=_("Fournisseur"), required=False, widget=forms.HiddenInput)
    expected_on = FrenchDateField(
        label=_("Attendue le"), required=False, help_text=_("Passée cette date, elle se signale à l’accueil.")
    )
    internal_notes = TextField(label=_("Notes internes"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    VALUES = ("expected_on", "internal_notes")

    def __init__(
        self, *args: Any, order: PurchaseOrder | None = None, supplier: Customer | None = None, **kwargs: Any
    ) -> None:
        initial = {name: getattr(order, name) for name in self.VALUES} if order else {}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.shown = supplier or (order.supplier if order else None)

    def pickable(self) -> CustomerQuerySet:
        """A customer may sell to us too: its first order makes it a supplier."""
        return Customer.objects.all()

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.VALUES}


class OrderedLineForm(forms.Form):
    """One row. The visible fields are the columns, in this order; `product_id` remembers what was picked."""

    product_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    description = TextField(
        label=_("Désignation"), max_length=500, error_messages={"required": _("Indiquez ce qui est commandé.")}
    )
    quantity = FrenchDecimalField(label=_("Quantité"), max_digits=14, decimal_places=4, initial=Decimal(1))
    unit_price = FrenchDecimalField(label=_("Prix unitaire HT"), max_digits=16, decimal_places=6, min_value=0, shown=2)
    account = AccountField(label=_("Compte"), required=False)

    def clean_quantity(self) -> Decimal:
        quantity: Decimal = self.cleaned_data["quantity"]
        if quantity <= 0:
            raise ValidationError(_("Indiquez une quantité positive."))
        return quantity

    def clean_product_id(self) -> Product | None:
        """The product in scope, or none: another company's is no product of ours."""
        pk = self.cleaned_data["product_id"]
        return Product.objects.filter(pk=pk).first() if pk and pk < 2**63 else None

    def line(self) -> OrderLineInput:
        values = dict(self.cleaned_data)
        names = ("description", "quantity", "unit_price", "account")
        return OrderLineInput(product=values["product_id"], **{name: values[name] for name in names})


_FormSet: Any = forms.formset_factory(
    OrderedLineForm, extra=1, can_delete=True, max_num=MOST_LINES, validate_max=True, absolute_max=MOST_LINES + 1
)


def ordered_formset(data: Mapping[str, Any] | None = None, *, rows: Sequence[PurchaseOrderLine] = ()) -> Any:
    """The sheet of a form sent, or of the lines stored; one empty row is ready."""
    names = ("product_id", "description", "quantity", "unit_price", "account")
    formset = _FormSet(data, prefix=PREFIX, initial=[{name: getattr(row, name) for name in names} for row in rows])
    for form, row in zip(formset.forms, rows, strict=False):
        form.instance = row  # the sheet shows its net amount until something is typed
    share_chart(formset.forms, "account")
    return formset


def inputs_of(formset: Any) -> list[OrderLineInput]:
    """The rows of a valid sheet that count, in their order."""
    return [cast(OrderedLineForm, form).line() for form in filled_forms(formset)]


class PurchaseOrderFilter(DatedFilter):
    """`?q=&status=&supplier=&from=&to=`."""

    day = "order_date"
    status = forms.ChoiceField(required=False, choices=OrderStanding.choices)
    supplier = forms.IntegerField(required=False)

    def narrow(self, orders: QuerySet[PurchaseOrder], *, on: date) -> QuerySet[PurchaseOrder]:
        found: Any = with_order_standing(self.within(orders), on)
        if self.value("status"):
            found = found.filter(standing=self.value("status"))
        if self.value("supplier"):
            found = found.filter(supplier_id=self.value("supplier"))
        if text := self.value("q"):
            named, amount = holds(text, "number", "supplier__name"), amount_of(text)
            found = found.filter(named | Q(total_net=amount) if amount is not None else named)
        return cast(QuerySet[PurchaseOrder], found)

    def choices(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a supplier is chosen."""
        key = self.value("supplier")
        name = customer_name(key)
        chosen = {"name": "supplier", "label": _("Fournisseur"), "kind": "select", "value": key}
        return [
            self.control("status", _("État")),
            *([{**chosen, "choices": [(key, name)]}] if name else []),
            *self.dates(),
        ]


class ReceiptForm(forms.Form):
    """What came of each ordered line: the rest of it unless something else is typed; what is negative went back."""

    received_on = FrenchDateField(label=_("Reçue le"))
    delivery_note = TextField(label=_("Bon de livraison"), max_length=60, required=False)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, lines: Sequence[OrderedLine], receipts: int, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"received_on": on, "after": receipts}, **kwargs})
        self.lines = lines
        for row in lines:
            self.fields[_name(row)] = FrenchDecimalField(
                label=_("Reçu"),
                max_digits=14,
                decimal_places=4,
                required=False,
                initial=row.awaited,
                widget=forms.TextInput(attrs={"class": "input", "inputmode": "decimal", "autocomplete": "off"}),
            )

    def rows(self) -> list[dict[str, Any]]:
        """Each ordered line with its field, as the page shows them."""
        return [{"row": row, "field": self[_name(row)]} for row in self.lines]

    def quantities(self) -> dict[int, Decimal]:
        typed = self.cleaned_data
        return {row.line.pk: typed[_name(row)] for row in self.lines if typed.get(_name(row))}


def _name(row: OrderedLine) -> str:
    return f"line_{row.line.position}"


class OrderTieForm(forms.Form):
    """The order that a purchase bills, among those of its supplier."""

    order = forms.ChoiceField(label=_("Commande"), widget=forms.RadioSelect, required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order: Any = self.fields["order"]
        order.choices = choices
