"""« Solder la différence »: what remains of an invoice, or is too much of a payment, settled without money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.ledger import CUSTOMERS, account_names
from billing.ledger.vat.moving import given_back_postings
from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from payments.forms import ReasonForm
from payments.models import WriteOff, WriteOffReason
from payments.outgoing.forms import WriteOffForm
from payments.services.write_offs import (
    GAINED,
    LOST,
    WITH_VAT,
    keep_excess,
    take_back_write_off,
    vat_given_back,
    write_off,
)
from payments.views.payments import load_payment, small_form

NEW = "payments/write_off/form.html"


@require_http_methods(["GET", "POST"])
@member("invoices.write_off")
@sent_once
def write_off_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Settle what remains of an invoice; the entry that will be booked follows what is typed."""
    invoice = get_object_or_404(Invoice.objects.outstanding().select_related("customer"), pk=pk)
    initial = {"amount": invoice.balance, "reason": WriteOffReason.BANK_FEE}
    typed = request.POST if request.method == "POST" else request.GET
    form = WriteOffForm(typed if "amount" in typed else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            write_off(invoice=invoice, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Différence soldée sur %(number)s.") % {"number": invoice})
            return redirect(invoice)
    form.is_valid()  # the entry follows what can be understood of what is typed, also where the rest is refused
    entry = _entry(invoice, initial | (form.cleaned_data if form.is_bound else {}))
    context = {"form": form, "invoice": invoice, "entry": entry}
    if request.method == "GET" and getattr(request, "htmx", None):
        return render(request, "payments/write_off/_entry.html", context)
    return render(request, NEW, context, status=422 if request.method == "POST" else 200)


def _entry(invoice: Invoice, typed: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that would be booked: account, name, debit, credit."""
    amount: Decimal = min(typed["amount"], invoice.balance)
    reason = typed["reason"]
    vat = vat_given_back(invoice, amount) if typed.get("with_vat") and reason in WITH_VAT else {}
    lines = [
        (LOST[reason], amount - sum(vat.values(), ZERO)),
        *((posting.account, posting.amount) for posting in given_back_postings(invoice, vat)),
    ]
    names = account_names(invoice.company_id)
    rows = [{"account": account, "name": names.get(account, ""), "debit": part} for account, part in lines]
    return [*rows, {"account": CUSTOMERS, "name": names.get(CUSTOMERS, ""), "credit": amount}]


@require_http_methods(["GET", "POST"])
@member("invoices.write_off")
@sent_once
def write_off_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(WriteOff.objects.select_related("invoice", "payment"), pk=pk, reverses=None)
    document = cast(Any, row.invoice or row.payment)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            take_back_write_off(
                write_off=row, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Différence annulée."))
            return redirect(document)
    amount = typography.money(row.amount, document.currency)
    return small_form(
        request,
        form,
        row=document,
        title=_("Annuler la différence"),
        button=_("Annuler la différence"),
        note=_("L’écriture inverse est passée, TVA comprise. L’historique est conservé."),
        facts=[(row.get_reason_display(), amount)],
    )


@require_http_methods(["GET", "POST"])
@member("invoices.write_off")
@sent_once
def payment_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a small excess as income."""
    payment = load_payment(pk)
    initial = {"amount": payment.unallocated, "reason": WriteOffReason.ROUNDING}
    form = WriteOffForm(request.POST if request.method == "POST" else None, initial=initial)
    del form.fields["with_vat"]
    form.fields["reason"].choices = [pair for pair in WriteOffReason.choices if pair[0] in GAINED]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            keep_excess(payment=payment, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Trop-perçu gardé."))
            return redirect(payment)
    title = _("Garder le trop-perçu")
    note = _(
        "Un petit trop-perçu devient un produit (758), ou un gain de change (756). Il n’est plus au crédit du client."
    )
    return small_form(request, form, row=payment, title=title, button=title, note=note)
