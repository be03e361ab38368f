"""« Remises »: cheques, cash and cards taken to the bank on one slip; « Caisse »: the journal of the till."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.collecting_columns import REMITTANCES
from payments.collection_forms import RemittanceForm
from payments.forms import ReasonForm
from payments.list_filters import RemittanceFilter
from payments.models import REMITTED, BankAccount, Method, Payment, Refund, Remittance, RemittanceLine
from payments.printing import print_form
from payments.services.cash import Movement, till_balances, till_movements
from payments.services.remittances import cancel_remittance, remit_payments, remittable, with_sums
from payments.views.money_tabs import money_tabs
from payments.views.payments import small_form

SORTS: dict[str, Any] = {"date": "remitted_on", "number": "number", "total": "total"}
MOST_SHOWN = 200  # payments of one slip
NAMES = {
    Method.CHECK: (gettext_lazy("Remise de chèques"), gettext_lazy("Remettre des chèques")),
    Method.CASH: (gettext_lazy("Versement d’espèces"), gettext_lazy("Verser des espèces")),
    Method.CARD: (gettext_lazy("Remise de cartes"), gettext_lazy("Remettre des cartes")),
}


def _company(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


def _may(request: HttpRequest) -> bool:
    return cast(MemberRequest, request).membership.may("bank.reconcile")


@require_GET
@member("bank")
def remittance_list(request: HttpRequest) -> HttpResponse:
    """What waits to be taken to the bank, and the slips with what the bank has credited of each."""
    company = _company(request)
    filters = RemittanceFilter(request.GET)
    rows = filters.narrow(with_sums(Remittance.objects.select_related("bank_account")))
    listed = open_list(request, REMITTANCES, rows, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    waiting = [
        {"method": method.value, "label": method.label, "act": NAMES[method][1], **_waiting(company, method)}
        for method in REMITTED
    ]
    context = {
        "tabs": money_tabs(request, "payments:remittance-list"),
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(_on_them(rows), "amount", currency="payment__currency"),
        "rows": [{"row": row, "name": NAMES[Method(row.method)][0], "state": _state(row)} for row in listed.page],
        "waiting": waiting,
        "may_remit": _may(request),
    }
    return render(request, "payments/remittance/list.html", context)


def _on_them(slips: QuerySet[Any]) -> QuerySet[RemittanceLine]:
    lines: QuerySet[RemittanceLine] = RemittanceLine.objects.filter(removed_at=None)
    return lines.filter(remittance__in=slips.order_by().values("pk"))


def _waiting(company: Company, method: str) -> dict[str, Any]:
    found = remittable(company, method).order_by().aggregate(count=Count("pk"), sum=Sum("amount", default=ZERO))
    return {"count": found["count"], "sum": found["sum"]}


def _state(row: Any) -> tuple[str, str]:
    if row.cancelled_at:
        return _("Annulée"), "neutral"
    if not row.count:
        return _("Vide"), "neutral"
    if row.credited >= row.total:
        return _("Créditée"), "good"
    return (_("Créditée en partie"), "warn") if row.credited else (_("En attente de la banque"), "info")


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def remittance_new(request: HttpRequest) -> HttpResponse:
    """Choose what goes on the slip of one means of payment."""
    company, query = _company(request), request.POST if request.method == "POST" else request.GET
    method = query.get("method", "")
    method = method if method in REMITTED else Method.CHECK.value
    rows = list(remittable(company, method).select_related("customer")[:MOST_SHOWN])
    accounts = BankAccount.objects.order_by("name")
    initial = {"remitted_on": local_day(timezone.now()), "payments": [row.pk for row in rows], "method": method}
    sent = request.POST if request.method == "POST" else None
    form = RemittanceForm(sent, rows=rows, accounts=accounts, is_cash=method == Method.CASH, initial=initial)
    if sent is not None and form.is_valid():
        try:
            made = _remit(request, company, method, rows, form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("%(number)s est prête : imprimez le bordereau.") % {"number": made.number})
            return redirect(made)
    chosen = {str(key) for key in (form["payments"].value() or [])}
    context = {
        "form": form,
        "method": method,
        "heading": NAMES[Method(method)][1],
        "rows": [{"payment": row, "chosen": str(row.pk) in chosen} for row in rows],
        "has_account": accounts.exists(),
    }
    return render(request, "payments/remittance/form.html", context, status=422 if form.errors else 200)


def _remit(
    request: HttpRequest, company: Company, method: str, rows: list[Payment], values: dict[str, Any]
) -> Remittance:
    chosen = {int(key) for key in values["payments"]}
    return remit_payments(
        company=company,
        method=method,
        payments=[row for row in rows if row.pk in chosen],
        bank_account=values["bank_account"],
        remitted_on=values["remitted_on"],
        part=values.get("part"),
        actor=actor_of(request),
        at=timezone.now(),
    )


def _find(pk: int) -> Any:
    return get_object_or_404(with_sums(Remittance.objects.select_related("bank_account", "company")), pk=pk)


def _lines(remittance: Remittance) -> list[RemittanceLine]:
    rows = RemittanceLine.objects.filter(remittance=remittance).select_related("payment__customer")
    return list(rows.order_by("payment__paid_on", "payment__number"))


@require_GET
@member("bank")
def remittance_detail(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(pk)
    context = {
        "row": row,
        "name": NAMES[Method(row.method)][0],
        "state": _state(row),
        "lines": _lines(row),
        "may_cancel": _may(request) and not row.cancelled_at and not row.credited,
        "timeline": timeline_of(row, role_of(request)),
    }
    return render(request, "payments/remittance/detail.html", context)


@require_GET
@member("bank")
def remittance_slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip to print, as PDF: it goes to the bank with what it lists."""
    row = _find(pk)
    lines = [line for line in _lines(row) if line.removed_at is None]
    with override("fr"):
        context = {"row": row, "name": NAMES[Method(row.method)][0], "lines": lines, "company": row.company}
        pdf = print_form("payments/pdf/slip.html", context, name=f"{row.company.siren}:{row.number}")
    return _file(pdf, f"{row.number}.pdf")


def _file(pdf: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def remittance_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        cancel_remittance(
            remittance=row, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now()
        )
        messages.success(request, _("Remise annulée : ses encaissements attendent de nouveau."))
        return redirect("payments:remittance-list")
    title = _("Annuler la remise")
    note = _("À faire avant le dépôt à la banque. Les encaissements redeviennent à remettre.")
    facts = [(_("Total"), typography.money(row.total)), (_("Encaissements"), str(row.count))]
    return small_form(request, form, row=row, title=title, button=title, note=note, facts=facts)


def _named(movement: Movement) -> Movement:
    """Money that leaves says where it goes, not only whose account or name it is."""
    labels = {Remittance: _("Versement à la banque : %(name)s"), Refund: _("Remboursement de %(name)s")}
    label = labels.get(type(movement.row))
    return replace(movement, label=label % {"name": movement.label}) if label else movement


@require_GET
@member("bank")
def till(request: HttpRequest) -> HttpResponse:
    """The journal of the till: what came in, what went out, and the balance after each, the latest first."""
    company = _company(request)
    movements = list(till_movements(company))[::-1]
    # the currency of the books first, and at nothing where nothing has moved
    balances = {company.currency: ZERO} | till_balances(company)
    context = {
        "tabs": money_tabs(request, "payments:till"),
        "movements": [_named(one) for one in movements[:MOST_SHOWN]],
        "more": len(movements) > MOST_SHOWN,
        "balances": [(currency, held) for currency, held in balances.items() if held or currency == company.currency],
        "remittable": balances.get("EUR", ZERO) > 0,
        "may_remit": _may(request),
    }
    return render(request, "payments/till.html", context)
