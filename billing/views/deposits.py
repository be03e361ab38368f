"""« Facturer un acompte », « Déduire des acomptes », « Rectifier »: what they prepare is issued like any draft."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.deposits import CorrectionForm, DeductionsForm, DepositForm
from billing.models import Invoice, SalesOrder
from billing.services.correcting import draft_correction
from billing.services.deducting import deductible_from
from billing.services.deposits import (
    NoDepositHere,
    choose_deposits,
    deposit_description,
    draft_deposit,
    percent_of,
    room_of,
    takes_deposit,
)
from billing.services.invoices import InvoiceIssued
from billing.services.settling import check_correctable
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def order_deposit(request: HttpRequest, pk: int) -> HttpResponse:
    rows = SalesOrder.objects.select_related("company", "customer")
    return _deposit(request, cast(SalesOrder, get_object_or_404(rows, pk=pk)))


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def invoice_deposit(request: HttpRequest, pk: int) -> HttpResponse:
    return _deposit(request, _load(pk))


def _load(pk: int) -> Invoice:
    rows = Invoice.objects.select_related("company", "customer", "order", "corrects")
    return cast(Invoice, get_object_or_404(rows, pk=pk))


def _deposit(request: HttpRequest, source: SalesOrder | Invoice) -> HttpResponse:
    """The form of a deposit; the draft opens at once, to be checked and issued."""
    if not takes_deposit(source):
        raise NoDepositHere
    form = DepositForm(request.POST) if request.method == "POST" else DepositForm()
    if form.is_bound and form.is_valid():
        amount, percent = form.cleaned_data["amount"], form.percent
        gross = amount if percent is None else percent_of(source, percent)
        description = deposit_description(source, percent)
        try:
            draft = draft_deposit(
                source=source, gross=gross, description=description, actor=actor_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            _say_nearest(request, draft, gross)
            return redirect(draft)
    context = {"source": source, "room": room_of(source), "form": form}
    return render(request, "billing/invoice/deposit.html", context, status=422 if form.errors else 200)


def _say_nearest(request: HttpRequest, draft: Invoice, gross: Any) -> None:
    messages.success(request, _("Acompte préparé. Vérifiez-le avant de l’émettre."))
    if draft.total_gross != gross:
        sentence = _("%(found)s au lieu de %(asked)s : la TVA, arrondie par taux, ne permet pas ce montant exact.")
        amounts = {"found": draft.total_gross, "asked": gross}
        messages.info(
            request, sentence % {name: typography.money(amount, draft.currency) for name, amount in amounts.items()}
        )


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
def invoice_deductions(request: HttpRequest, pk: int) -> HttpResponse:
    """Which deposits the draft deducts."""
    invoice = _load(pk)
    if not invoice.takes_deposits:
        raise InvoiceIssued(number=str(invoice))
    sent = request.POST if request.method == "POST" else None
    form = _deductions_form(invoice, sent)
    if sent is not None and form.is_valid():
        try:
            with as_read(form, invoice, _deductions_form):
                choose_deposits(invoice=invoice, keys=form.keys(), actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Acomptes déduits du brouillon."))
            return redirect(invoice)
    context = {"invoice": invoice, "form": form, "offered": form["deposits"].subwidgets}
    return render(request, "billing/invoice/deductions.html", context, status=422 if form.errors else 200)


def _deductions_form(invoice: Invoice, sent: Any = None) -> DeductionsForm:
    chosen = [str(key) for key in invoice.deductions.order_by("deposit_id").values_list("deposit_id", flat=True)]
    return DeductionsForm(sent, offered=list(deductible_from(invoice)), initial={"deposits": chosen})


@require_http_methods(["GET", "POST"])
@member("invoices.credit")
@sent_once
def invoice_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """« Rectifier »: the draft that will replace the invoice opens at once, to be corrected and issued."""
    invoice = _load(pk)
    check_correctable(invoice)
    form = CorrectionForm(request.POST) if request.method == "POST" else CorrectionForm()
    if form.is_bound and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            draft = draft_correction(invoice=invoice, reason=reason, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Facture rectificative préparée. Corrigez-la, puis émettez-la."))
            return redirect("billing:invoice-edit", draft.pk)
    context = {"invoice": invoice, "form": form}
    return render(request, "billing/invoice/correct.html", context, status=422 if form.errors else 200)
