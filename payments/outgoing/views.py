"""« Remboursements »: a customer's credit given back, the list, one of them, and the file for the bank."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from billing.ledger import BANK, CUSTOMERS, account_names
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from customers.models import Customer
from payments.columns import REFUNDS
from payments.forms import ReasonForm
from payments.models import BankAccount, BankLine, Method, PaymentOrder, Refund
from payments.outgoing.forms import OrderForm, RefundFilter, RefundForm
from payments.outgoing.ordering import order_refunds, refunds_to_order
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.services.credits import credit_payments
from payments.views.payments import small_form

MOST_SHOWN = 500  # refunds of one order
SORTS: dict[str, Any] = {"date": "made_on", "number": "number", "customer": "customer__name", "amount": "amount"}


@require_GET
@member("payments")
def refund_list(request: HttpRequest) -> HttpResponse:
    filters = RefundFilter(request.GET)
    found = filters.narrow(Refund.objects.all()).select_related("customer", "order")
    listed = open_list(request, REFUNDS, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    may = cast(MemberRequest, request).membership.may("payments.refund")
    context = {
        "listed": listed,
        "summary": summary_of(found, "amount"),
        "page": listed.page,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "to_order": may and refunds_to_order().exists(),
    }
    return render(request, "payments/refund/list.html", context)


@require_GET
@member("payments")
def refund_detail(request: HttpRequest, pk: int) -> HttpResponse:
    refund = get_object_or_404(Refund.objects.select_related("customer", "order", "bank_account"), pk=pk)
    context = {
        "refund": refund,
        "shares": refund.shares.filter(amount__gt=0).select_related("payment").order_by("at", "id"),
        "may_cancel": refund.is_live and cast(MemberRequest, request).membership.may("payments.refund"),
        "timeline": timeline_of(refund, role_of(request)),
    }
    return render(request, "payments/refund/detail.html", context)


@require_http_methods(["GET", "POST"])
@member("payments.refund")
@sent_once
def refund_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Give credit of a customer back: `?payment=` for the credit of one payment alone."""
    customer: Customer = get_object_or_404(Customer.objects, pk=pk)
    payments = list(credit_payments(customer))
    chosen = [payment for payment in payments if str(payment.pk) == request.GET.get("payment")]
    credit: Decimal = sum((payment.unallocated for payment in chosen or payments), ZERO)
    accounts = list(BankAccount.objects.order_by("name"))
    initial = {
        "amount": credit,
        "iban": _known_iban(customer),
        "made_on": local_day(timezone.now()),
        "bank_account": accounts[0].pk if accounts else "",
    }
    form = RefundForm(request.POST if request.method == "POST" else None, accounts=accounts, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        by_bank = typed["method"] != Method.CASH
        account = next((row for row in accounts if by_bank and str(row.pk) == typed["bank_account"]), None)
        try:
            refund = refund_customer(
                customer=customer,
                actor=actor_of(request),
                at=timezone.now(),
                payments=chosen or None,
                **{**typed, "bank_account": account},
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Remboursement %(number)s enregistré.") % {"number": refund.number})
            return redirect(refund)
    context = {
        "form": form,
        "customer": customer,
        "payments": chosen or payments,
        "credit": credit,
        "entry": _entry(customer.company_id, accounts[0].ledger_account if accounts else BANK),
    }
    return render(request, "payments/refund/form.html", context, status=422 if form.errors else 200)


def _entry(company_id: int, account: str) -> list[dict[str, str]]:
    names = account_names(company_id)
    return [{"account": number, "name": names.get(number, "")} for number in (CUSTOMERS, account)]


def _known_iban(customer: Customer) -> str:
    """From where the customer paid last, by a line that was matched with its payment."""
    lines = BankLine.objects.filter(
        matches__parts__payment__customer=customer, matches__undone_at=None, matches__parts__payment__reversed_at=None
    ).exclude(counterparty_iban="")
    return lines.order_by("-booked_on", "-id").values_list("counterparty_iban", flat=True).first() or ""


@require_http_methods(["GET", "POST"])
@member("payments.refund")
@sent_once
def refund_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    refund = get_object_or_404(Refund.objects.select_related("customer"), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            cancel_refund(refund=refund, reason=reason, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Remboursement %(number)s annulé.") % {"number": refund.number})
            return redirect(refund)
    note = _("La somme revient au crédit du client et l’écriture inverse est passée.")
    if refund.order_id:
        note = _("Ce virement est dans un ordre remis à la banque : vérifiez d’abord qu’elle ne l’exécute pas. ") + note
    title = _("Annuler le remboursement")
    facts = [
        (_("Client"), refund.customer.name),
        (_("Montant"), typography.money(refund.amount, refund.currency)),
        (_("Motif"), refund.reason),
    ]
    return small_form(request, form, row=refund, title=title, button=title, note=note, facts=facts)


@require_http_methods(["GET", "POST"])
@member("payments.refund")
@sent_once
def order_new(request: HttpRequest) -> HttpResponse:
    """The file of the refunds that wait for a transfer, by bank account: each account is a form of its own."""
    sent = request.POST if request.method == "POST" else None
    accounts = BankAccount.objects.filter(currency="EUR").select_related("company").order_by("name")
    groups = [_to_order(account, sent) for account in accounts]
    group = next((one for one in groups if one["form"].is_bound), None)
    if sent is not None and group is None:
        raise Http404
    if group and group["form"].is_valid():
        try:
            order = order_refunds(
                # also those that another tab ordered meanwhile: the service names them
                refunds=list(Refund.objects.filter(pk__in=group["ticked"])),
                bank_account=group["account"],
                executes_on=group["form"].cleaned_data["executes_on"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(group["form"], error)
        else:
            return redirect(order)
    context = {"groups": [one for one in groups if one["rows"]]}
    refused = group is not None and group["form"].errors
    return render(request, "payments/refund/order_form.html", context, status=422 if refused else 200)


def _to_order(account: BankAccount, sent: QueryDict | None) -> dict[str, Any]:
    """What waits of one account; of the form that was sent, what was left ticked."""
    mine = sent if sent is not None and sent.get("account") == str(account.pk) else None
    found = list(refunds_to_order(account)[: MOST_SHOWN + 1])
    ticked = (
        {int(key) for key in mine.getlist("refund") if key.isascii() and key.isdigit() and len(key) < 19}
        if mine is not None
        else None
    )
    return {
        "account": account,
        "ticked": ticked,
        "rows": [{"refund": row, "chosen": ticked is None or row.pk in ticked} for row in found[:MOST_SHOWN]],
        "more": len(found) > MOST_SHOWN,
        "form": OrderForm(
            mine,
            initial={"executes_on": local_day(timezone.now())},
            auto_id=f"id_{account.pk}_%s",
        ),
    }


@require_GET
@member("payments")
def order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(PaymentOrder.objects.select_related("bank_account"), pk=pk)
    context = {
        "order": order,
        "refunds": order.refunds.select_related("customer").order_by("number"),
        "timeline": timeline_of(order, role_of(request)),
    }
    return render(request, "payments/refund/order.html", context)


@require_GET
@member("payments.refund")
def order_file(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(PaymentOrder.objects, pk=pk)
    name = f"{order.number}.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(order.content), content_type="application/xml", headers=headers)
