"""The page of a credit note: the whole invoice or chosen quantities, and why. Issued at once, like an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.models import Invoice, InvoiceLine
from billing.services.deducting import check_not_deducted
from billing.services.invoices import inputs_of
from billing.services.lines import LineInput
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDecimalField, FrenchDecimalInput, TextField
from einvoicing.services.sending import credit_checked

WHOLE, PART = "whole", "part"


class CreditForm(forms.Form):
    """Scope and reason, and for a part one quantity per line (`quantity_<line id>`)."""

    reason = TextField(
        label=gettext_lazy("Motif de l’avoir"), max_length=200,
        help_text=gettext_lazy("Imprimé sur l’avoir, par exemple « Retour de 2 chaises abîmées »."),
        error_messages={"required": gettext_lazy("Dites pourquoi : l’avoir porte son motif.")},
    )  # fmt: skip
    scope = forms.ChoiceField(
        label=gettext_lazy("Ce qui est annulé"), initial=WHOLE, widget=forms.RadioSelect,
        choices=[(WHOLE, gettext_lazy("Toute la facture")), (PART, gettext_lazy("Certaines quantités seulement"))],
    )  # fmt: skip

    def __init__(self, *args: Any, lines: list[InvoiceLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[_name(line)] = FrenchDecimalField(
                label=line.description, required=False, min_value=min(line.quantity, Decimal(0)),
                max_value=max(line.quantity, Decimal(0)), max_digits=14, decimal_places=4,
                widget=FrenchDecimalInput({"class": "input input-number"}),
            )  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """Each line of the invoice with its field."""
        return [{"line": line, "field": self[_name(line)]} for line in self.lines]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("scope") == PART and not self.errors and not self.chosen():
            self.add_error(None, _("Indiquez la quantité à annuler d’au moins une ligne."))
        return cleaned

    def chosen(self) -> list[LineInput]:
        """The lines with a quantity to take back, priced as they were."""
        found = []
        for line, typed in zip(self.lines, inputs_of(self.lines), strict=True):
            quantity = self.cleaned_data.get(_name(line))
            if quantity:
                values = {name: getattr(typed, name) for name in LineInput.__slots__}
                found.append(LineInput(**{**values, "quantity": quantity}))
        return found


def _name(line: InvoiceLine) -> str:
    return f"quantity_{line.pk}"


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
def invoice_credit(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = cast(Invoice, get_object_or_404(Invoice.objects.select_related("company", "customer"), pk=pk))
    if invoice.is_draft or not invoice.can_be_credited:
        check_not_deducted(invoice)
        raise TransitionRefused(state=invoice.get_status_display())
    form = CreditForm(
        request.POST or None, lines=list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))
    )
    if request.method == "POST" and form.is_valid():
        lines = form.chosen() if form.cleaned_data["scope"] == PART else None
        reason = form.cleaned_data["reason"]
        try:
            note = credit_checked(
                invoice=invoice, lines=lines, reason=reason, actor=actor_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("%(number)s émis.") % {"number": note.number})
            return redirect(note)
    context = {
        "invoice": invoice,
        "form": form,
        "room": invoice.payable - invoice.amount_credited,
        "paid": invoice.amount_paid,
    }
    return render(request, "einvoicing/invoice/credit.html", context, status=422 if form.errors else 200)
