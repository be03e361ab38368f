"""What people type about money: filters, a payment and what it pays, a statement's file, a reason."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.forms.invoices import customer_name
from billing.models import Invoice
from config.kernel.editing import RecordForm
from config.kernel.filters import DatedFilter
from config.kernel.folding import holds
from config.kernel.forms import FrenchDateField, FrenchDateInput, FrenchDecimalField, TextField
from config.kernel.money import ZERO
from payments.models import LineStatus, Method
from payments.services.allocations import Share, spread

TO_MATCH = "TO_MATCH"


class PaymentFilter(DatedFilter):
    """`?q=&method=&left=&customer=&from=&to=&min=&max=`."""

    day = "paid_on"
    amount = "amount"
    customer = forms.IntegerField(required=False)
    method = forms.ChoiceField(required=False, choices=[("", ""), *Method.choices])
    left = forms.ChoiceField(
        required=False, choices=[("", ""), ("yes", _("Non affecté")), ("owed", _("Non affecté, le client doit encore"))]
    )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = self.within(rows)
        if self.value("method"):
            rows = rows.filter(method=self.value("method"))
        if self.value("customer"):
            rows = rows.filter(customer_id=self.value("customer"))
        if self.value("left"):
            rows = rows.filter(amount__gt=F("allocated"), reverses=None, reversed_at=None)
        if self.value("left") == "owed":
            rows = rows.filter(
                Exists(
                    Invoice.objects.outstanding().filter(customer=OuterRef("customer"), currency=OuterRef("currency"))
                )
            )
        text = self.value("q")
        if text:
            rows = rows.filter(holds(text, "number", "customer__name", "reference"))
        return rows

    def controls(self) -> list[dict[str, Any]]:
        """The controls of `_filters.html`. One query, when a customer is chosen."""
        chosen = self.chosen_customer(customer_name(self.value("customer")))
        own = [self.control("method", _("Moyen")), self.control("left", _("Affectation"))]
        return [*own, *chosen, *self.dates(), *self.amounts()]


class BankFilter(DatedFilter):
    day = "booked_on"
    amount = "amount"
    status = forms.ChoiceField(
        required=False, choices=[("", ""), *LineStatus.choices, (TO_MATCH, _("Virements à rapprocher"))]
    )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = self.within(rows)
        if self.value("status") == TO_MATCH:
            rows = rows.filter(status=LineStatus.OPEN, amount__gt=0)
        elif self.value("status"):
            rows = rows.filter(status=self.value("status"))
        text = self.value("q")
        if text:
            rows = rows.filter(holds(text, "remittance", "counterparty", "structured_reference"))
        return rows

    def controls(self) -> list[dict[str, Any]]:
        return [self.control("status", _("État")), *self.dates(), *self.amounts()]


class SharesForm(forms.Form):
    """One amount per open invoice: what of the money pays which."""

    def __init__(
        self, *args: Any, invoices: Sequence[Invoice], preset: dict[int, Decimal] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.invoices = list(invoices)
        for invoice in self.invoices:
            self.fields[_share(invoice)] = FrenchDecimalField(
                label=str(invoice),
                required=False,
                min_value=Decimal("0"),
                max_digits=16,
                decimal_places=2,
                shown=2,
                initial=(preset or {}).get(invoice.pk),
            )
            label = gettext("Montant affecté à %(invoice)s") % {"invoice": invoice}
            self.fields[_share(invoice)].widget.attrs |= {
                "class": "input",
                "aria-label": label,
                "data-balance": f"{invoice.balance:f}",
            }

    def rows(self) -> list[dict[str, Any]]:
        return [{"invoice": invoice, "field": self[_share(invoice)]} for invoice in self.invoices]

    def shares(self, amount: Decimal | None = None) -> list[Share]:
        """What each invoice gets. Where the page did not spread `amount` itself (`spread` is sent), this does.

        What was typed stands, and 0 keeps an invoice out; the fields left alone share the rest in their order.
        """
        typed = {invoice.pk: self.cleaned_data.get(_share(invoice)) for invoice in self.invoices}
        if amount is not None and self.data.get("spread"):
            alone = [invoice for invoice in self.invoices if _share(invoice) not in self.changed_data]
            left = amount - sum((typed[row.pk] or ZERO for row in self.invoices if row not in alone), ZERO)
            typed |= dict.fromkeys(invoice.pk for invoice in alone)
            typed |= {share.invoice.pk: share.amount for share in spread(left, alone)}
        return [Share(invoice, part) for invoice in self.invoices if (part := typed[invoice.pk])]


def _share(invoice: Invoice) -> str:
    return f"share_{invoice.pk}"


class PaymentForm(SharesForm):
    amount = FrenchDecimalField(
        label=_("Montant reçu"), min_value=Decimal("0.01"), max_digits=16, decimal_places=2, shown=2
    )
    paid_on = FrenchDateField(label=_("Date de paiement"))
    method = forms.ChoiceField(label=_("Moyen"), choices=Method.choices)
    reference = TextField(label=_("Référence"), required=False, max_length=140)
    notes = TextField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class PaymentTextForm(RecordForm):
    """What of a recorded payment may still change."""

    reference = TextField(label=_("Référence"), required=False, max_length=140)
    notes = TextField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class CreditForm(forms.Form):
    amount = FrenchDecimalField(
        label=_("Montant à utiliser"), min_value=Decimal("0.01"), max_digits=16, decimal_places=2, shown=2
    )


class ReasonForm(forms.Form):
    reason = TextField(
        label=_("Motif"), max_length=200, error_messages={"required": _("Dites pourquoi : le motif reste au dossier.")}
    )


class DayForm(forms.Form):
    on = FrenchDateField(label=_("Au"), required=False, widget=FrenchDateInput(attrs={"class": "input input-date"}))


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class StatementsField(forms.FileField):
    """As many files as were chosen or dropped."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(StatementsField, self).clean(file, initial) for file in files or [None]]


class StatementForm(forms.Form):
    file = StatementsField(
        label=_("Relevés bancaires (CAMT, CFONB 120, OFX, MT940, CSV, XLSX)"),
        allow_empty_file=True,
        error_messages={"required": _("Choisissez le fichier du relevé.")},
    )
