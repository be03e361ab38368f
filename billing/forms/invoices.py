"""What people type about invoices: the filter of the list, the head of a draft, notes and disputes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.forms.delivery import DeliveredForm, typed_delivery
from billing.models import Invoice, InvoiceKind, InvoiceQuerySet
from billing.standing import FILTERS, narrowed
from config.kernel.editing import RecordForm
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from customers.models import Customer

KINDS = [(InvoiceKind.INVOICE, _("Facture")), (InvoiceKind.DEPOSIT, _("Facture d’acompte"))]
STANDINGS = [(standing.value, standing.label) for standing in FILTERS]
SHORTEST_AMOUNT = 2


class InvoiceFilter(DatedFilter):
    """`?q=&status=&kind=&customer=&from=&to=`."""

    day = "issue_date"
    amount = "total_gross"
    status = forms.ChoiceField(required=False, choices=STANDINGS)
    kind = forms.ChoiceField(required=False, choices=InvoiceKind.choices)
    customer = forms.IntegerField(required=False)

    def narrow(self, invoices: InvoiceQuerySet, *, on: date) -> InvoiceQuerySet:
        found = narrowed(invoices, self.value("status") or "", on)
        if self.value("kind"):
            found = found.filter(kind=self.value("kind"))
        if self.value("customer"):
            found = found.filter(customer_id=self.value("customer"))
        return cast(InvoiceQuerySet, self.within(found)).filter(_matching(self.value("q") or ""))

    def choices(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a customer is chosen."""
        return [
            self.control("status", _("État")),
            self.control("kind", _("Type")),
            *self.chosen_customer(customer_name(self.value("customer"))),
            *self.dates(),
            *self.amounts(),
        ]


def customer_name(key: int | None) -> str | None:
    """The name of the customer with this key; None without a key, or when there is none. One query at most."""
    return Customer.objects.filter(pk=key).values_list("name", flat=True).first() if key else None


def _matching(text: str) -> Q:
    """A number (ours, or what Abby calls the copy), a customer's name, or an amount including tax as people type it."""
    if not text:
        return Q()
    found = holds(text, "number", "buyer_name", "external_reference", "abby_invoice_id", "abby_invoice_number")
    amount = amount_of(text)
    return found | Q(total_gross=amount) if amount is not None else found


def amount_of(text: str) -> Decimal | None:
    """The amount that a text typed in a search may be; None for what is too short or no figure."""
    if sum(letter.isdigit() for letter in text) < SHORTEST_AMOUNT:
        return None
    try:
        return FrenchDecimalField(max_digits=16, decimal_places=2, sums=False).clean(text)
    except ValidationError:
        return None


def invoice_to_replace(wanted: Any) -> Invoice | None:
    """The issued invoice, no credit note, that `?replaces=` names."""
    text = str(wanted or "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    rows = Invoice.objects.issued().exclude(kind=InvoiceKind.CREDIT_NOTE).select_related("customer")
    return rows.filter(pk=int(text)).first()


class InvoiceForm(DeliveredForm):
    """The head of a draft."""

    kind = forms.ChoiceField(label=_("Type"), choices=KINDS, initial=InvoiceKind.INVOICE)
    currency = forms.ChoiceField(
        label=_("Devise"), required=False, help_text=_("Celles dont un cours est connu aujourd’hui.")
    )
    supply_date = FrenchDateField(
        label=_("Date de livraison ou d’exécution"),
        required=False,
        help_text=_("Le jour de l’émission si rien n’est dit."),
    )
    due_date = FrenchDateField(
        label=_("Échéance"), required=False, help_text=_("Selon les conditions du client si rien n’est dit.")
    )
    purchase_order = TextField(label=_("N° de commande ou d’engagement du client"), required=False, max_length=50)
    service_code = TextField(label=_("Code service"), required=False, max_length=100)
    contract_reference = TextField(label=_("N° de marché ou de contrat"), required=False, max_length=50)
    notes = TextField(label=_("Notes imprimées"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    internal_notes = TextField(
        label=_("Notes internes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Jamais imprimées ni transmises."),
    )

    VALUES = (
        "kind", "currency", "supply_date", "due_date", "purchase_order", "service_code", "contract_reference", "notes",
        "internal_notes",
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        invoice: Invoice | None = None,
        customer: Customer | None = None,
        replaced: Invoice | None = None,
        currencies: Sequence[str] = ("EUR",),
        **kwargs: Any,
    ) -> None:
        self.replaced = replaced
        source = invoice or replaced
        initial = {name: getattr(source, name) for name in self.VALUES} if source else {}
        initial |= typed_delivery(source.delivery) if source else {}
        if replaced is not None:
            initial["due_date"] = None  # by the customer's terms, from the day of the new one
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.shown = customer or (invoice.customer if invoice else None)
        offered = dict.fromkeys([*([source.currency] if source else []), *currencies])
        chosen: Any = self.fields["currency"]
        chosen.choices = [(code, code) for code in offered]
        if invoice and (invoice.order_id or invoice.corrects_id):
            # it stands for its order, or for the invoice it corrects
            field: Any = self.fields["kind"]
            field.choices = [(invoice.kind, invoice.get_kind_display())]

    @property
    def offers_currencies(self) -> bool:
        """Nobody is asked who has one currency alone."""
        field: Any = self.fields["currency"]
        return len(field.choices) > 1

    def values(self) -> dict[str, Any]:
        values = {**{name: self.cleaned_data[name] for name in self.VALUES}, "delivery": self.delivery()}
        if not values["currency"]:
            del values["currency"]
        return values | ({"replaces": self.replaced} if self.replaced else {})


class NotesForm(RecordForm):
    internal_notes = TextField(
        label=_("Notes internes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Jamais imprimées ni transmises."),
    )


class DisputeForm(forms.Form):
    reason = TextField(
        label=_("Ce que le client conteste"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Aucune relance ne part tant que la contestation n’est pas levée."),
        error_messages={"required": _("Dites en quelques mots ce que le client conteste.")},
    )
