"""« Prélèvements »: what may be debited and is announced, the orders to the bank, and what came back and why."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.filters import ListFilter
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.collecting_columns import DEBIT_ORDERS, DEBIT_RETURNS
from payments.debits.announcing import announce_debit, cancel_debit, candidates, debitable
from payments.debits.collecting import handle_return, return_debit, undo_return
from payments.debits.forms import ChosenForm, OrderForm, ReturnForm
from payments.debits.orders import announced, cancel_order, make_order, prepare
from payments.debits.reasons import reason_of
from payments.debits.tabs import TONES, debit_tabs
from payments.forms import ReasonForm
from payments.list_filters import DebitOrderFilter, DebitReturnFilter
from payments.models import BankAccount, DebitOrder, DebitStatus, DirectDebit, Scheme
from payments.services.cash import settings_of
from payments.views.money_tabs import money_tabs
from payments.views.payments import small_form

MOST_SHOWN = 100


def _company(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


def _frame(request: HttpRequest, active: str) -> dict[str, Any]:
    return {
        "tabs": money_tabs(request, "payments:debit-list"),
        "kinds": debit_tabs(active),
        "may_debit": cast(MemberRequest, request).membership.may("payments.collect"),
    }


@require_http_methods(["GET", "POST"])
@member("bank", posts="payments.collect")
@sent_once
def debit_list(request: HttpRequest) -> HttpResponse:
    """The invoices that may be debited, ticked to be announced; and those that are announced and wait for a file."""
    company, at = _company(request), timezone.now()
    all_debitable = debitable(company).order_by("due_date", "id")
    found = candidates(list(all_debitable[:MOST_SHOWN]), at=at)
    form = ChosenForm(request.POST if request.method == "POST" else None, keys=[one.invoice.pk for one in found])
    if request.method == "POST" and form.is_valid():
        chosen = form.keys()
        try:
            made = [
                announce_debit(invoice=one.invoice, actor=actor_of(request), at=at)
                for one in found
                if one.invoice.pk in chosen
            ]
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _announced(made))
            return redirect("payments:debit-list")
    waiting = {scheme: prepare(announced(company, scheme), at=at) for scheme in Scheme.values}
    context = _frame(request, "payments:debit-list") | {
        "form": form,
        "candidates": found,
        "later": max(0, all_debitable.count() - MOST_SHOWN),
        "waiting": [
            {
                "scheme": scheme,
                "label": Scheme(scheme).label,
                "rows": rows[:MOST_SHOWN],
                "more": max(0, len(rows) - MOST_SHOWN),
                "total": sum((r.amount for r in rows), ZERO),
            }
            for scheme, rows in waiting.items()
            if rows
        ],
        "has_identifier": bool(settings_of(company.pk).creditor_identifier),
    }
    return render(request, "payments/debit/list.html", context, status=422 if form.errors else 200)


def _announced(made: list[DirectDebit]) -> str:
    sentence = ngettext("%(n)s prélèvement annoncé.", "%(n)s prélèvements annoncés.", len(made)) % {"n": len(made)}
    silent = [debit.invoice.number for debit in made if debit.notice_id is None]
    if silent:
        sentence += " " + _("Sans adresse e-mail, prévenez vous-même pour %(invoices)s.") % {
            "invoices": ", ".join(str(number) for number in silent)
        }
    return sentence


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_order_new(request: HttpRequest) -> HttpResponse:
    """What the file will ask of the bank, before it is made."""
    company, at = _company(request), timezone.now()
    query = request.POST if request.method == "POST" else request.GET
    scheme = query.get("scheme", "")
    scheme = scheme if scheme in Scheme.values else Scheme.CORE.value
    rows = prepare(announced(company, scheme), at=at)
    sent = request.POST if request.method == "POST" else None
    free = [one.debit for one in rows if not one.problem]
    form = OrderForm(sent, debits=free, accounts=BankAccount.objects.order_by("name"))
    if sent is not None and form.is_valid():
        chosen = form.keys()
        try:
            order = make_order(
                company=company,
                debits=[debit for debit in free if debit.pk in chosen],
                bank_account=form.cleaned_data["bank_account"],
                actor=actor_of(request),
                at=at,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("%(number)s est fait : remettez le fichier à la banque.") % {"number": order})
            return redirect(order)
    context = {"form": form, "rows": rows, "scheme": scheme, "label": Scheme(scheme).label}
    return render(request, "payments/debit/order_form.html", context, status=422 if form.errors else 200)


@require_GET
@member("bank")
def debit_order_list(request: HttpRequest) -> HttpResponse:
    filters = DebitOrderFilter(request.GET)
    rows = filters.narrow(DebitOrder.objects.select_related("bank_account").defer("xml"))
    sorts = {"date": "made_at", "number": "number", "total": "total"}
    listed = open_list(request, DEBIT_ORDERS, rows, sorts=sorts, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    context = _frame(request, "payments:debit-order-list") | _listed(listed, filters, rows, "total")
    return render(request, "payments/debit/orders.html", context)


def _listed(listed: ShownList, filters: ListFilter, rows: Any, amount: str) -> dict[str, Any]:
    # in euros alone: the schemes are those of SEPA
    return {
        "listed": listed,
        "page": listed.page,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "summary": summary_of(rows, amount, currency=Value("EUR")),
    }


def _order(pk: int) -> DebitOrder:
    return cast(DebitOrder, get_object_or_404(DebitOrder.objects.select_related("bank_account", "company"), pk=pk))


@require_GET
@member("bank")
def debit_order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    order = _order(pk)
    debits = list(
        DirectDebit.objects.filter(order=order)
        .select_related("invoice", "mandate__customer")
        .order_by("collected_on", "id")
    )
    changed = [
        debit for debit in debits if debit.status == DebitStatus.ORDERED and debit.invoice.balance < debit.amount
    ]
    context = _frame(request, "payments:debit-order-list") | {
        "order": order,
        "rows": [{"debit": debit, "tone": TONES[DebitStatus(debit.status)]} for debit in debits],
        "changed": ", ".join(str(debit.invoice) for debit in changed),
        "timeline": timeline_of(order, role_of(request)),
    }
    return render(request, "payments/debit/order.html", context)


@require_GET
@member("bank")
def debit_order_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was made, byte for byte."""
    order = _order(pk)
    answer = HttpResponse(order.xml.encode(), content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{order.number}.xml"'
    return answer


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    order = _order(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            cancel_order(order=order, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Ordre annulé : ses prélèvements attendent un autre fichier."))
            return redirect("payments:debit-list")
    title = _("Annuler l’ordre")
    note = _("Si la banque a déjà reçu le fichier, demandez-lui aussi de ne pas l’exécuter.")
    facts = [(_("Total"), typography.money(order.total)), (_("Prélèvements"), str(order.debit_count))]
    return small_form(request, form, row=order, title=title, button=title, note=note, facts=facts)


def _debit(pk: int) -> DirectDebit:
    rows = DirectDebit.objects.select_related("invoice__customer", "mandate__customer", "notice", "order")
    return cast(DirectDebit, get_object_or_404(rows, pk=pk))


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    debit = _debit(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            cancel_debit(debit=debit, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Prélèvement annulé : la facture se règle autrement."))
            return redirect("payments:debit-list")
    title = _("Annuler le prélèvement")
    note = _("L’avis déjà parti ne se reprend pas : prévenez le client.")
    return small_form(request, form, row=debit.invoice, title=title, button=title, note=note)


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_reject(request: HttpRequest, pk: int) -> HttpResponse:
    """The bank refused the debit, or took back what it had paid."""
    debit = _debit(pk)
    initial = {"returned_on": local_day(timezone.now())}
    form = ReturnForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return_debit(debit=debit, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Rejet enregistré : la facture reste à payer."))
            return redirect("payments:debit-returns")
    title = _("La banque l’a rejeté")
    note = _("La facture redevient à payer. Si la banque l’avait crédité, l’argent repris est écrit.")
    return small_form(request, form, row=debit.invoice, title=title, button=_("Enregistrer"), note=note)


@require_GET
@member("bank")
def debit_returns(request: HttpRequest) -> HttpResponse:
    filters = DebitReturnFilter(request.GET)
    returned = DirectDebit.objects.filter(status=DebitStatus.RETURNED)
    rows = filters.narrow(returned.select_related("invoice", "mandate__customer"))
    sorts = {"date": "returned_on", "customer": "mandate__customer__name", "amount": "amount"}
    listed = open_list(request, DEBIT_RETURNS, rows, sorts=sorts, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    shown = [{"debit": debit, "reason": _reason(debit)} for debit in listed.page]
    context = _frame(request, "payments:debit-returns") | _listed(listed, filters, rows, "amount") | {"rows": shown}
    return render(request, "payments/debit/returns.html", context)


def _reason(debit: DirectDebit) -> dict[str, Any]:
    reason = reason_of(debit.return_code)
    return {"sentence": _(reason.sentence), "advice": _(reason.advice), "is_final": reason.is_final}


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """A return recorded by mistake is undone: the debit stands as before."""
    debit = _debit(pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            undo_return(debit=debit, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Retour annulé : le prélèvement est comme avant."))
            return redirect("payments:debit-returns")
    title = _("Annuler le retour")
    note = _("La banque l’a payé après tout : la facture est réglée de nouveau.")
    if debit.payment_id is None:
        note = _("Le prélèvement est de nouveau attendu de la banque.")
    facts = [(_("Facture"), str(debit.invoice)), (_("Montant"), typography.money(debit.amount))]
    return small_form(request, form, row=debit.invoice, title=title, button=title, note=note, facts=facts)


@require_http_methods(["GET", "POST"])
@member("payments.collect")
@sent_once
def debit_handled(request: HttpRequest, pk: int) -> HttpResponse:
    debit = _debit(pk)
    if request.method == "POST":
        handle_return(debit=debit, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Retour classé."))
        return redirect("payments:debit-returns")
    reason = _reason(debit)
    confirmation = Confirmation(
        title=_("Classer le retour"),
        effect=_("Il quitte la page d’accueil. La facture reste à payer, et peut être prélevée de nouveau."),
        back=reverse("payments:debit-returns"),
        back_label=_("Retours"),
        icon="check",
        facts=[(_("Facture"), str(debit.invoice)), (_("Motif"), reason["sentence"]), (_("À faire"), reason["advice"])],
    )
    return confirm(request, confirmation)
