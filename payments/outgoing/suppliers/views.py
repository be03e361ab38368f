"""Payments to suppliers: the list, one of them, one recorded by hand, taken back or come back, and the settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.purchases.models import PurchaseInvoice
from config.kernel import audit, typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.roles import allows
from config.kernel.rows import edit
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.columns import SUPPLIER_PAYMENTS
from payments.forms import ReasonForm
from payments.models import BankAccount, Method, SupplierPayment
from payments.outgoing.suppliers.due import settings_of
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.forms import (
    PayingSettingsForm,
    ReturnForm,
    SupplierPaymentFilter,
    SupplierPaymentForm,
)
from payments.outgoing.suppliers.recording import pay_supplier
from payments.outgoing.suppliers.tabs import paying_tabs
from payments.outgoing.suppliers.taking_back import (
    cancel_supplier_payment,
    is_matched,
    return_supplier_payment,
)
from payments.views.payments import small_form

MOST_SHOWN = 60  # of a supplier's open purchases on one form
SORTS: dict[str, Any] = {"date": "made_on", "number": "number", "customer": "supplier__name", "amount": "amount"}


@require_GET
@member("purchases")
def payment_list(request: HttpRequest) -> HttpResponse:
    filters = SupplierPaymentFilter(request.GET)
    found = filters.narrow(SupplierPayment.objects.all()).select_related("supplier", "run")
    listed = open_list(request, SUPPLIER_PAYMENTS, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    context = {
        "tabs": paying_tabs(request, "payments:supplier-payment-list"),
        "listed": listed,
        "summary": summary_of(found, "amount"),
        "page": listed.page,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
    }
    return render(request, "payments/supplier_payment/list.html", context)


def load_payment(pk: int) -> SupplierPayment:
    rows = SupplierPayment.objects.select_related("supplier", "run", "order", "bank_account", "returns")
    payment: SupplierPayment = get_object_or_404(rows, pk=pk)
    return payment


@require_GET
@member("purchases")
def payment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    payment = load_payment(pk)
    shares = [share for share in payment.shares.select_related("purchase") if (share.amount < 0) == payment.is_return]
    returned = SupplierPayment.objects.filter(returns=payment, cancelled_at=None).first()
    may = cast(MemberRequest, request).membership.may("purchases.pay")
    is_free = payment.is_live and returned is None and not is_matched(payment)
    context = {
        "payment": payment,
        "shares": shares,
        "returned": returned,
        "is_matched": is_matched(payment),
        "may_cancel": may and is_free,
        "may_return": may and payment.is_live and returned is None and not payment.is_return,
        "timeline": timeline_of(payment, role_of(request)),
    }
    return render(request, "payments/supplier_payment/detail.html", context)


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def payment_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what was paid for a purchase, with others and credit notes of its supplier where they are ticked."""
    purchase: PurchaseInvoice = get_object_or_404(PurchaseInvoice.objects.select_related("supplier"), pk=pk)
    owed = PurchaseInvoice.objects.owed().filter(supplier=purchase.supplier_id, currency=purchase.currency)
    others = owed.exclude(pk=purchase.pk).select_related("supplier").order_by("due_date", "id")[: MOST_SHOWN - 1]
    rows = [*([purchase] if purchase.is_booked and purchase.balance > 0 else []), *others]
    accounts = BankAccount.objects.filter(currency=purchase.currency).order_by("name")
    sent = request.POST if request.method == "POST" else None
    first = accounts.first()
    initial = {"method": Method.TRANSFER, "made_on": local_day(timezone.now()), "bank_account": first}
    form = SupplierPaymentForm(sent, accounts=accounts, rows=rows, initial=initial)
    chosen = set(sent.getlist("chosen")) if sent is not None else {str(purchase.pk)}
    if sent is not None and form.is_valid():
        try:
            payment = _record(form, rows, chosen, request)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Règlement %(number)s enregistré.") % {"number": payment.number})
            return redirect(payment)
    context = {
        "form": form,
        "purchase": purchase,
        "rows": [{"row": row, "chosen": str(row.pk) in chosen, **form.fields_of(row.pk)} for row in rows],
        "plain": [form[name] for name in ("method", "bank_account", "made_on", "reference")],
    }
    return render(request, "payments/supplier_payment/form.html", context, status=422 if form.errors else 200)


def _record(
    form: SupplierPaymentForm, rows: list[PurchaseInvoice], chosen: set[str], request: HttpRequest
) -> SupplierPayment:
    typed = form.cleaned_data
    in_cash = typed["method"] == Method.CASH
    dues = [Due(row, *form.amounts_of(row.pk, row.balance)) for row in rows if str(row.pk) in chosen]
    return pay_supplier(
        dues=dues,
        method=typed["method"],
        made_on=typed["made_on"],
        bank_account=None if in_cash else typed["bank_account"],
        reference=typed["reference"],
        actor=actor_of(request),
        at=timezone.now(),
    )


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def payment_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    payment = load_payment(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            cancel_supplier_payment(payment=payment, reason=reason, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Règlement %(number)s annulé.") % {"number": payment.number})
            return redirect(payment)
    note = _("Ses factures redeviennent à régler, et l’écriture inverse est passée.")
    if payment.order_id:
        note = _("Ce virement est dans un ordre remis à la banque : vérifiez d’abord qu’elle ne l’exécute pas. ") + note
    title = _("Annuler le règlement")
    return small_form(request, form, row=payment, title=title, button=title, note=note, facts=_facts(payment))


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def payment_return(request: HttpRequest, pk: int) -> HttpResponse:
    """The bank gave the transfer back, and no line of a statement tells it yet."""
    payment = load_payment(pk)
    sent = request.POST if request.method == "POST" else None
    form = ReturnForm(sent, initial={"returned_on": local_day(timezone.now())})
    if sent is not None and form.is_valid():
        try:
            returned = return_supplier_payment(
                payment=payment, actor=actor_of(request), at=timezone.now(), **form.cleaned_data
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Retour %(number)s enregistré.") % {"number": returned.number})
            return redirect(returned)
    title = _("Enregistrer un retour de la banque")
    note = _("Ses factures redeviennent à régler. La ligne du relevé, quand elle vient, se rapproche de ce retour.")
    button = _("Enregistrer le retour")
    return small_form(request, form, row=payment, title=title, button=button, note=note, facts=_facts(payment))


def _facts(payment: SupplierPayment) -> list[tuple[str, str]]:
    amount: Decimal = payment.amount
    return [(_("Fournisseur"), payment.supplier.name), (_("Montant"), typography.money(amount, payment.currency))]


@require_http_methods(["GET", "POST"])
@member("purchases", posts="settings.edit")
@sent_once
def paying_settings(request: HttpRequest) -> HttpResponse:
    """Above what another person confirms, what is proposed; who may not change them reads them."""
    row = settings_of(cast(MemberRequest, request).membership.company_id)
    names = list(PayingSettingsForm.base_fields)
    initial = {name: getattr(row, name) for name in names}
    form = PayingSettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    may = allows(role_of(request), "settings.edit")
    for field in form.fields.values():
        field.disabled = not may
    if request.method == "POST" and form.is_valid():
        changed = edit(row, form.cleaned_data)
        if changed:
            data = {"fields": ", ".join(changed)}
            audit.record("payments.paying.changed", subject=row, actor=actor_of(request), at=timezone.now(), data=data)
        messages.success(request, _("Réglages enregistrés."))
        return redirect("payments:supplier-due")
    context = {"form": form, "tabs": paying_tabs(request, "payments:paying-settings"), "may_edit": may}
    return render(request, "payments/run/settings.html", context, status=422 if form.errors else 200)
