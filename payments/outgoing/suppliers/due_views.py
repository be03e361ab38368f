"""« Achats › Règlements › À régler »: what is due, what is held and why; what is chosen becomes a run."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.purchases.models import PurchaseInvoice
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDateField
from config.kernel.sent_once import sent_once
from payments.models import BankAccount, PaymentRun
from payments.outgoing.suppliers.due import Worktable, settings_of, worktable
from payments.outgoing.suppliers.forms import PrepareForm
from payments.outgoing.suppliers.preparing import (
    Choice,
    prepare_run,
)
from payments.outgoing.suppliers.tabs import paying_tabs


@require_http_methods(["GET", "POST"])
@member("purchases", posts="purchases.pay")
@sent_once
def supplier_due(request: HttpRequest) -> HttpResponse:
    """What falls due by `?until=`, the default horizon of the company without it; what is chosen becomes a run."""
    company = cast(MemberRequest, request).membership.company
    terms, today = settings_of(company.pk), local_day(timezone.now())
    until = _day(request.GET.get("until")) or today + timedelta(days=terms.horizon_days)
    table = worktable(company=company, until=until, pay_on=today)
    accounts = BankAccount.objects.filter(currency="EUR").order_by("name")
    sent = request.POST if request.method == "POST" else None
    initial = {"executes_on": today, "is_by_supplier": terms.one_transfer_per_supplier}
    form = PrepareForm(sent, accounts=accounts, rows=table.due, initial=initial)
    chosen = _chosen(request) if sent is not None else {one.purchase.pk for one in table.due}
    if sent is not None and form.is_valid():
        try:
            run = _prepare(form, table, chosen, request)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect(run)
    context = {
        "tabs": paying_tabs(request, "payments:supplier-due"),
        "form": form,
        "rows": [
            {"one": one, "chosen": one.purchase.pk in chosen, **form.fields_of(one.purchase.pk)} for one in table.due
        ],
        "table": table,
        "until": until,
        "total": sum((one.paid for one in table.due if one.purchase.pk in chosen), Decimal(0)),
        "has_account": accounts.exists(),
        "may": cast(MemberRequest, request).membership.may("purchases.pay"),
        "threshold": terms.discount_rate,
    }
    return render(request, "payments/run/due.html", context, status=422 if form.errors else 200)


def _prepare(form: PrepareForm, table: Worktable, chosen: set[int], request: HttpRequest) -> PaymentRun:
    whole = {one.purchase.pk: one for one in table.due}
    # also what another person took meanwhile: the service says so
    rows = PurchaseInvoice.objects.select_related("supplier").in_bulk(chosen)
    choices = []
    for key, purchase in rows.items():
        balance = whole[key].amount if key in whole else purchase.balance
        amounts = form.amounts_of(key, balance) if key in whole else (balance, Decimal(0))
        choices.append(Choice(purchase, *amounts))
    typed = form.cleaned_data
    return prepare_run(
        choices=choices,
        bank_account=typed["bank_account"],
        executes_on=typed["executes_on"],
        is_by_supplier=typed["is_by_supplier"],
        actor=actor_of(request),
        at=timezone.now(),
    )


def _chosen(request: HttpRequest) -> set[int]:
    sent = request.POST.getlist("chosen")[:1000]
    return {int(key) for key in sent if key.isascii() and key.isdigit() and len(key) < 19}


def _day(text: str | None) -> Any:
    try:
        return FrenchDateField(required=False).clean(text)
    except Exception:  # noqa: BLE001 - what is not understood is left out
        return None
