"""The form of a draft invoice: its head and its line sheet, typed together and written by one service call."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.invoices import InvoiceForm, invoice_to_replace
from billing.forms.lines import line_formset, lines_of
from billing.forms.picking import customer_chosen
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.invoices import InvoiceIssued, save_draft
from billing.views.creating import come_back, may_create, step_aside
from billing.views.lines import totals_of, typed_currency
from config.kernel import parking
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.exchange import known_currencies
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from customers.models import Customer


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def invoice_new(request: HttpRequest) -> HttpResponse:
    """A new draft: for `?customer=` from a customer's record, in the place of `?replaces=` from a rejected invoice."""
    replaced = invoice_to_replace(request.GET.get("replaces"))
    customer = replaced.customer if replaced else customer_chosen(request.GET.get("customer"))
    return _form(request, None, customer, replaced)


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
def invoice_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Invoice.objects.select_related("company", "customer").exclude(kind=InvoiceKind.CREDIT_NOTE)
    invoice = cast(Invoice, get_object_or_404(rows, pk=pk))
    if request.method == "GET" and not invoice.is_draft:
        raise InvoiceIssued(number=invoice.number)
    return _form(request, invoice, None)


def _form(
    request: HttpRequest, invoice: Invoice | None, customer: Customer | None, replaced: Invoice | None = None
) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    if sent is not None and (aside := step_aside(request)) is not None:
        return aside
    typed = come_back(request) if sent is None else sent
    company = cast(MemberRequest, request).membership.company
    currencies = known_currencies(company.pk, base=company.currency, on=local_day(timezone.now()))
    form = InvoiceForm(typed, invoice=invoice, customer=customer, replaced=replaced, currencies=currencies)
    source = invoice or replaced
    stored = _lines(source) if source and not typed else []
    form.formset = formset = line_formset(typed, company=company, rows=stored)
    valid = sent is not None and all([form.is_valid(), formset.is_valid()])
    saved = _save(request, invoice, form, formset) if valid else None
    if saved is not None:
        messages.success(request, _("Brouillon enregistré."))
        return redirect(saved)
    context = {
        "invoice": invoice,
        "replaced": replaced,
        "form": form,
        "formset": formset,
        "totals": totals_of(company, formset, stored, typed_currency(form["currency"].value(), company)),
        **may_create(request),
    }
    if sent is None and typed is not None:
        parking.unjudged(form, formset)
    refused = 409 if invoice is not None and not invoice.is_draft else 422
    return render(request, "billing/invoice/form.html", context, status=200 if sent is None else refused)


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    return list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))


def _form_of(invoice: Invoice) -> InvoiceForm:
    """The form of the record as it is stored."""
    form = InvoiceForm(invoice=invoice)
    form.formset = line_formset(company=invoice.company, rows=_lines(invoice))
    return form


def _save(request: HttpRequest, invoice: Invoice | None, form: InvoiceForm, formset: Any) -> Invoice | None:
    """The draft as written, or None with the refusal put on the form."""
    try:
        if invoice is not None and not invoice.is_draft:  # meanwhile: refused on the form, which keeps what was typed
            raise InvoiceIssued(number=invoice.number)
        with as_read(form, invoice, _form_of):
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
