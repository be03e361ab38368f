"""The form of a draft invoice: its head and its line sheet, typed together and written by one service call."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms.invoices import InvoiceForm
from billing.forms.lines import LineForm, line_formset, lines_of
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.invoices import InvoiceIssued, save_draft
from billing.services.lines import LineInput, preview
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error, filled_forms
from config.kernel.models import Company
from customers.models import Customer


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
def invoice_new(request: HttpRequest) -> HttpResponse:
    """A new draft, for `?customer=` when one comes from a customer's record."""
    wanted = request.GET.get("customer", "")
    known = wanted.isascii() and wanted.isdigit() and len(wanted) < 20
    customer = Customer.objects.active().filter(pk=int(wanted)).first() if known else None
    return _form(request, None, customer)


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
def invoice_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Invoice.objects.select_related("company", "customer").exclude(kind=InvoiceKind.CREDIT_NOTE)
    invoice = cast(Invoice, get_object_or_404(rows, pk=pk))
    if not invoice.is_draft:
        raise InvoiceIssued(number=invoice.number)
    return _form(request, invoice, None)


def _form(request: HttpRequest, invoice: Invoice | None, customer: Customer | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = InvoiceForm(sent, invoice=invoice, customer=customer)
    stored = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position")) if invoice and not sent else []
    formset = line_formset(sent, rows=stored)
    valid = sent is not None and all([form.is_valid(), formset.is_valid()])
    saved = _save(request, invoice, form, formset) if valid else None
    if saved is not None:
        messages.success(request, _("Brouillon enregistré."))
        return redirect(saved)
    company = cast(MemberRequest, request).membership.company
    context = {"invoice": invoice, "form": form, "formset": formset, "totals": _totals(company, formset, stored)}
    return render(request, "billing/invoice/form.html", context, status=200 if sent is None else 422)


def _save(request: HttpRequest, invoice: Invoice | None, form: InvoiceForm, formset: Any) -> Invoice | None:
    """The draft as written, or None with the refusal put on the form."""
    try:
        return save_draft(
            invoice=invoice,
            customer=form.cleaned_data["customer"],
            values=form.values(),
            lines=lines_of(formset),
            actor=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        add_domain_error(form, error, formset)
        return None


@require_POST
@member()
def line_totals(request: HttpRequest) -> HttpResponse:
    """The totals of lines being typed, and each row's net. Rows not yet complete are left out."""
    formset = line_formset(request.POST)
    company = cast(MemberRequest, request).membership.company
    formset.is_valid()
    nets = [{"id": f"{form.prefix}-net", "net": _net(company, form)} for form in formset.forms]
    context = {"totals": _totals(company, formset, ()), "nets": nets}
    return render(request, "billing/invoice/_line_totals.html", context)


def _net(company: Company, form: Any) -> Decimal | None:
    if form.errors or not form.has_changed():
        return None
    try:
        return preview(company, [form.line()]).net
    except DomainError:
        return None


def _totals(company: Company, formset: Any, stored: Any) -> str:
    if formset.is_bound:
        formset.is_valid()
        inputs = [cast(LineForm, form).line() for form in filled_forms(formset) if not form.errors]
    else:
        inputs = [LineInput(**{name: getattr(row, name) for name in LineInput.__slots__}) for row in stored]
    try:
        computed = preview(company, inputs) if inputs else None
    except DomainError:
        computed = None
    if computed is None:
        return ""
    figures = {"net": computed.net, "vat": computed.subtotals, "total": computed.gross}
    return render_to_string("components/_figures.html", figures)
