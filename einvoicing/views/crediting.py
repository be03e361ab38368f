"""The page of a credit note: all that is left of the invoice, or quantities and rebates, and why. It makes a draft."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import Invoice
from billing.services.crediting import CreditedPart, LineRoom, draft_credit_note, preview_credit, rooms_of, the_rest
from billing.services.deducting import check_not_deducted
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDecimalField, FrenchDecimalInput
from config.kernel.middleware import say
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once

WHOLE, PART = "whole", "part"


class CreditForm(forms.Form):
    """Scope and reason, and for a part a quantity or a rebate per line (`quantity_<line id>`, `amount_<line id>`)."""

    reason = forms.CharField(
        label=gettext_lazy("Motif de l’avoir"),
        max_length=200,
        help_text=gettext_lazy("Imprimé sur l’avoir, par exemple « Retour de 2 chaises abîmées »."),
        error_messages={"required": gettext_lazy("Dites pourquoi : l’avoir porte son motif.")},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Ce qui est annulé"),
        initial=WHOLE,
        widget=forms.RadioSelect,
        choices=[
            (WHOLE, gettext_lazy("Tout ce qui reste de la facture")),
            (PART, gettext_lazy("Certaines quantités ou remises seulement")),
        ],
    )

    def __init__(self, *args: Any, rooms: list[LineRoom], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rooms = rooms
        for room in rooms:
            self.fields[_quantity(room)] = _part_of(room.quantity, digits=14, places=4)
            self.fields[_amount(room)] = _part_of(room.net, digits=16, places=2)

    def rows(self) -> list[dict[str, Any]]:
        """Each line of the invoice with its fields."""
        return [{"room": room, "quantity": self[_quantity(room)], "amount": self[_amount(room)]} for room in self.rooms]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for room in self.rooms:
            if cleaned.get(_quantity(room)) and cleaned.get(_amount(room)):
                self.add_error(_amount(room), _("Une quantité ou une remise, pas les deux sur une même ligne."))
        if cleaned.get("scope") == WHOLE and self.has_parts():
            self.add_error(
                "scope",
                _("Des quantités ou des remises sont saisies : choisissez-les, ou effacez-les pour tout annuler."),
            )
        if cleaned.get("scope") == PART and not self.errors and not self.parts():
            self.add_error(None, _("Indiquez la quantité ou la remise d’au moins une ligne."))
        return cleaned

    def has_parts(self) -> bool:
        """Whether anything is typed on a line, be it wrong."""
        names = [name(room) for room in self.rooms for name in (_quantity, _amount)]
        return any(self.data.get(name, "").strip() not in {"", "0"} for name in names)

    def parts(self) -> list[CreditedPart]:
        """What is taken back, as far as it is typed well."""
        if self.cleaned_data.get("scope") == WHOLE:
            return the_rest(self.rooms)
        found = []
        for room in self.rooms:
            quantity, amount = (self.cleaned_data.get(name(room)) or ZERO for name in (_quantity, _amount))
            if quantity or amount:
                found.append(CreditedPart(line=room.line, quantity=quantity, amount=amount))
        return found


def _part_of(whole: Decimal, *, digits: int, places: int) -> FrenchDecimalField:
    return FrenchDecimalField(
        required=False,
        min_value=min(whole, ZERO),
        max_value=max(whole, ZERO),
        max_digits=digits,
        decimal_places=places,
        disabled=not whole,
        widget=FrenchDecimalInput({"class": "input input-number"}),
    )


def _quantity(room: LineRoom) -> str:
    return f"quantity_{room.line.pk}"


def _amount(room: LineRoom) -> str:
    return f"amount_{room.line.pk}"


def _creditable(pk: int) -> Invoice:
    """Raises DepositDeducted, TransitionRefused."""
    invoice = cast(Invoice, get_object_or_404(Invoice.objects.select_related("company", "customer"), pk=pk))
    if invoice.is_draft or not invoice.can_be_credited:
        check_not_deducted(invoice)
        raise TransitionRefused(state=invoice.get_status_display())
    return invoice


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
@sent_once
def invoice_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft a credit note; the issuing page then shows what will be frozen, and issues it."""
    invoice = _creditable(pk)
    form = CreditForm(request.POST or None, rooms=rooms_of(invoice))
    if request.method == "POST" and form.is_valid():
        parts = form.parts() if form.cleaned_data["scope"] == PART else None
        try:
            note = draft_credit_note(
                invoice=invoice,
                parts=parts,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect("einvoicing:invoice-issue", pk=note.pk)
    context = {
        "invoice": invoice,
        "form": form,
        "room": invoice.payable - invoice.amount_credited,
        "paid": invoice.amount_paid,
        **_live_total(invoice, form),
    }
    return render(request, "einvoicing/invoice/credit.html", context, status=422 if form.errors else 200)


@require_POST
@member("invoices.credit")
def credit_total(request: HttpRequest, pk: int) -> HttpResponse:
    """What the note being typed would give back, beside what was already credited."""
    invoice = _creditable(pk)
    form = CreditForm(request.POST, rooms=rooms_of(invoice))
    context = {"invoice": invoice, **_live_total(invoice, form)}
    return render(request, "einvoicing/invoice/_credit_total.html", context)


def _live_total(invoice: Invoice, form: CreditForm) -> dict[str, Any]:
    if form.is_bound:
        form.is_valid()
        parts = form.parts()
    else:
        parts = the_rest(form.rooms)
    try:
        return {"credit": preview_credit(invoice, parts) if parts else None}
    except DomainError as error:
        return {"credit": None, "refused": say(error)}
