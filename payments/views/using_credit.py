"""« Utiliser le crédit »: an invoice paid with what its customer has paid before and pays nothing yet."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from payments.forms import CreditForm
from payments.models import Payment
from payments.services.credits import credit_payments, use_credit
from payments.views.payments import small_form

MOST_SHOWN = 20


@require_http_methods(["GET", "POST"])
@member("payments.record")
@sent_once
def credit_use(request: HttpRequest, pk: int) -> HttpResponse:
    """Use the customer's credit on the invoice, the oldest money first."""
    invoice = get_object_or_404(Invoice.objects.outstanding().select_related("customer"), pk=pk)
    payments = list(credit_payments(invoice.customer, currency=invoice.currency))
    credit = sum((payment.unallocated for payment in payments), ZERO)
    initial = {"amount": min(credit, invoice.balance)}
    form = CreditForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            used = use_credit(invoice=invoice, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            amount = typography.money(sum((row.amount for row in used), ZERO), invoice.currency)
            messages.success(
                request, _("%(amount)s de crédit utilisés sur %(invoice)s.") % {"amount": amount, "invoice": invoice}
            )
            return redirect(invoice)
    title = _("Utiliser le crédit du client")
    note = _("Le plus ancien encaissement sert d’abord. Cela se défait sur la page de l’encaissement.")
    return small_form(request, form, row=invoice, title=title, button=title, note=note, facts=_facts(invoice, payments))


def _facts(invoice: Invoice, payments: list[Payment]) -> list[tuple[str, str]]:
    """What the invoice asks for, and each payment with what it holds."""
    rows: list[tuple[str, Any]] = [(_("Reste à payer"), invoice.balance)]
    rows += [
        (f"{payment.number} · {typography.day(payment.paid_on)}", payment.unallocated)
        for payment in payments[:MOST_SHOWN]
    ]
    if rest := sum((payment.unallocated for payment in payments[MOST_SHOWN:]), ZERO):
        rows.append((_("Autres encaissements"), rest))
    return [(label, typography.money(amount, invoice.currency)) for label, amount in rows]
