"""« Achats › Règlements › Lots »: the runs, their confirmation and their file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.middleware import translated
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.collecting_columns import RUNS
from payments.forms import ReasonForm
from payments.list_filters import RunFilter
from payments.models import PaymentRun, PaymentRunLine, RunStatus, SupplierPayment
from payments.outgoing.suppliers.due import settings_of
from payments.outgoing.suppliers.forms import RunForm
from payments.outgoing.suppliers.ordering import OrderTakenBack, cancel_run, order_run
from payments.outgoing.suppliers.preparing import (
    change_run,
    held_of,
    live_lines,
    needs_another_person,
    remove_line,
    reopen_run,
    submit_run,
)
from payments.outgoing.suppliers.tabs import TONES, paying_tabs
from payments.views.payments import small_form

SORTS: dict[str, Any] = {"date": "created_at", "number": "number", "day": "executes_on", "amount": "total"}


@require_GET
@member("purchases")
def run_list(request: HttpRequest) -> HttpResponse:
    filters = RunFilter(request.GET)
    runs = filters.narrow(PaymentRun.objects.select_related("bank_account", "order", "prepared_by"))
    listed = open_list(request, RUNS, runs, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    context = {
        "tabs": paying_tabs(request, "payments:run-list"),
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(runs, "total", currency="bank_account__currency"),
        "rows": [{"run": run, "tone": TONES[run.status]} for run in listed.page],
    }
    return render(request, "payments/run/list.html", context)


def load_run(pk: int) -> PaymentRun:
    rows = PaymentRun.objects.select_related("bank_account__company", "order", "prepared_by", "confirmed_by")
    run: PaymentRun = get_object_or_404(rows, pk=pk)
    return run


@require_GET
@member("purchases")
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, load_run(pk), None)


def _page(request: HttpRequest, run: PaymentRun, form: RunForm | None) -> HttpResponse:
    lines = live_lines(run)
    membership = cast(MemberRequest, request).membership
    may = membership.may("purchases.pay")
    may_change = may and run.status == RunStatus.DRAFT
    held = held_of(run, lines) if run.is_open and lines else {}
    if may_change and form is None:
        form = RunForm(lines=lines, initial={"executes_on": run.executes_on})
    another = run.is_open and needs_another_person(run)
    is_mine = run.prepared_by_id == cast(MemberRequest, request).user.pk
    payments = SupplierPayment.objects.filter(run=run).select_related("supplier").order_by("number")
    context = {
        "run": run,
        "tone": TONES[run.status],
        "lines": [
            {"line": line, "held": held.get(line.pk, ""), **(form.fields_of(line.pk) if may_change and form else {})}
            for line in lines
        ],
        "held_count": len(held),
        "form": form if may_change else None,
        "payments": payments,
        "may": may,
        "may_cancel": may and run.status != RunStatus.CANCELLED,
        "may_order": may and run.is_open and not held and not another,
        "may_submit": may_change and another and not held,
        "may_confirm": may and run.status == RunStatus.TO_CONFIRM and another and not is_mine and not held,
        "waits_for_another": run.status == RunStatus.TO_CONFIRM and another and is_mine,
        "needs_another": another,
        "limit": settings_of(run.company_id).confirm_above,
        "timeline": timeline_of(run, membership.role),
    }
    return render(request, "payments/run/detail.html", context, status=422 if form and form.errors else 200)


@require_POST
@member("purchases.pay")
@sent_once
def run_change(request: HttpRequest, pk: int) -> HttpResponse:
    run = load_run(pk)
    lines = live_lines(run)
    form = RunForm(request.POST, lines=lines)
    if form.is_valid():
        amounts = [(line, *form.amounts_of(line.pk, line.amount)) for line in lines]
        try:
            change_run(
                run=run,
                amounts=amounts,
                executes_on=form.cleaned_data["executes_on"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Lot %(number)s enregistré.") % {"number": run.number})
            return redirect(run)
    return _page(request, run, form)


@require_POST
@member("purchases.pay")
@sent_once
def run_line_remove(request: HttpRequest, pk: int) -> HttpResponse:
    line = get_object_or_404(PaymentRunLine.objects.select_related("run", "purchase__supplier"), pk=pk)
    return _act(request, line.run, lambda: remove_line(line=line, actor=actor_of(request), at=timezone.now()))


@require_POST
@member("purchases.pay")
@sent_once
def run_submit(request: HttpRequest, pk: int) -> HttpResponse:
    run = load_run(pk)
    return _act(request, run, lambda: submit_run(run=run, actor=actor_of(request), at=timezone.now()))


@require_POST
@member("purchases.pay")
@sent_once
def run_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    run = load_run(pk)
    return _act(request, run, lambda: reopen_run(run=run, actor=actor_of(request), at=timezone.now()))


def _act(request: HttpRequest, run: PaymentRun, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        messages.error(request, translated(error.sentence))
    return redirect(run)


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def run_order(request: HttpRequest, pk: int) -> HttpResponse:
    """What the bank will be asked, then the file. The total that was shown is the one that is ordered."""
    run = load_run(pk)
    if request.method == "POST":
        total = _total(request.GET.get("total", ""))
        return _act(request, run, lambda: order_run(run=run, total=total, actor=actor_of(request), at=timezone.now()))
    if request.GET.get("total") != f"{run.total:f}":
        return redirect(f"{request.path}?total={run.total:f}")
    lines = live_lines(run)
    return confirm(request, _confirmation(run, lines))


def _confirmation(run: PaymentRun, lines: Sequence[PaymentRunLine]) -> Confirmation:
    suppliers = {line.purchase.supplier_id for line in lines}
    return Confirmation(
        title=_("Confirmer et ordonner"),
        icon="bank",
        effect=_(
            "Le fichier de virements est fait, les règlements sont comptabilisés et les factures soldées. "
            "Rien ne part d’ici : vous remettez le fichier à la banque, et comparez-y le total."
        ),
        facts=[
            (_("Total"), typography.money(run.total)),
            (_("Factures et avoirs"), typography.number(len(lines))),
            (_("Fournisseurs"), typography.number(len(suppliers))),
            (_("Depuis le compte"), f"{run.bank_account.name} · {run.bank_account.iban[-4:]}"),
            (_("Date d’exécution"), typography.day(run.executes_on)),
            (_("Préparé par"), run.prepared_by.display_name),
        ],
        back=run.get_absolute_url(),
        back_label=run.number,
    )


def _total(text: str) -> Decimal:
    """-1, which no run comes to, for what is no number."""
    try:
        return Decimal(text[:20])
    except InvalidOperation:
        return Decimal(-1)


@require_http_methods(["GET", "POST"])
@member("purchases.pay")
@sent_once
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = load_run(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            cancel_run(run=run, reason=reason, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Lot %(number)s annulé.") % {"number": run.number})
            return redirect(run)
    note = _("Ses factures redeviennent à régler.")
    if run.status == RunStatus.ORDERED:
        note = _("Vérifiez d’abord que la banque n’exécute pas ce fichier : ses factures redeviennent à régler. ")
        note += _("Les écritures inverses sont passées.")
    title = _("Annuler le lot")
    facts = [(_("Total"), typography.money(run.total)), (_("Date d’exécution"), typography.day(run.executes_on))]
    return small_form(request, form, row=run, title=title, button=title, note=note, facts=facts)


@require_GET
@member("purchases.pay")
def run_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, as it was made. Raises OrderTakenBack."""
    run = get_object_or_404(PaymentRun.objects.exclude(order=None).select_related("order"), pk=pk)
    if run.status != RunStatus.ORDERED:
        raise OrderTakenBack(number=run.number)
    order = run.order
    headers = {
        "Content-Disposition": f'attachment; filename="{order.number}.xml"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(order.content), content_type="application/xml", headers=headers)
