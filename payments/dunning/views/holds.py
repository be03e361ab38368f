"""Noting a promise to pay, the day to look at a dispute again, a pause; and ending one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.models import Invoice
from billing.services.bounces import clear_address
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from customers.models import Customer
from payments.dunning.account_statement import statement_pdf
from payments.dunning.forms import HoldForm, PromiseForm
from payments.dunning.holds import end_hold, hold_reminders
from payments.dunning.interest import charges_of
from payments.dunning.models import HoldKind, ReminderHold
from payments.dunning.notice_pdf import schedule
from payments.views.payments import small_form

KINDS = {"promise": HoldKind.PROMISE, "dispute": HoldKind.DISPUTE, "pause": HoldKind.PAUSE}


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def hold_new(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    invoice = get_object_or_404(Invoice.objects.outstanding().select_related("customer"), pk=pk)
    sent = request.POST if request.method == "POST" else None
    promise = KINDS[kind] == HoldKind.PROMISE
    form = PromiseForm(sent, initial={"amount": invoice.balance}) if promise else HoldForm(sent)
    if sent is not None and form.is_valid():
        typed = {"amount": None, **form.cleaned_data}
        try:
            hold_reminders(invoice=invoice, kind=KINDS[kind], actor=actor_of(request), at=timezone.now(), **typed)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Noté : aucune relance de cette facture jusque-là."))
            return redirect(invoice)
    titles = {
        HoldKind.PROMISE: _("Noter une promesse de règlement"),
        HoldKind.DISPUTE: _("Fixer la date de revue du litige"),
        HoldKind.PAUSE: _("Suspendre les relances de cette facture"),
    }
    return small_form(request, form, row=invoice, title=titles[KINDS[kind]], button=_("Enregistrer"))


@require_POST
@member("reminders.send")
@sent_once
def hold_end(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(ReminderHold.objects.select_related("invoice__customer"), pk=pk)
    end_hold(hold=hold, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Les relances de cette facture reprennent."))
    return redirect(hold.invoice)


@require_GET
@member("invoices")
def interest_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What an invoice owes by law today, period by period, to read and to print."""
    invoice = get_object_or_404(Invoice.objects.issued().select_related("customer", "company"), pk=pk)
    now = timezone.now()
    charges = charges_of(invoice, at=now)
    context = {
        "invoice": invoice,
        "schedule": schedule(invoice, charges),
        "sentence": charges.worded(_),
        "today": local_day(now),
    }
    return render(request, "payments/reminder/interest.html", context)


@require_GET
@member("invoices")
def customer_statement(request: HttpRequest, pk: int) -> HttpResponse:
    """The statement of a customer's account as a PDF; `?currency=` other than that of the books."""
    customer = get_object_or_404(Customer.objects.select_related("company"), pk=pk)
    currency = request.GET.get("currency", customer.company.currency)[:3]
    response = HttpResponse(
        statement_pdf(customer, currency=currency, at=timezone.now()), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'inline; filename="releve-{customer.pk}.pdf"'
    return response


@require_POST
@member("customers.edit")
@sent_once
def address_cleared(request: HttpRequest, pk: int) -> HttpResponse:
    """The address works again, a person says: mails go there."""
    customer: Customer = get_object_or_404(Customer.objects, pk=pk)
    address = request.POST.get("address", "")[:254]
    clear_address(customer=customer, address=address, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Les messages partent de nouveau à cette adresse."))
    return redirect(customer)
