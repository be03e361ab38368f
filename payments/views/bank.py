"""The bank: lines to reconcile one by one with their evidence, statements, and the run that matches what is proven."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.currency_sums import by_currency
from config.kernel.errors import DomainError
from config.kernel.folding import holds
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDecimalField
from config.kernel.jobs import requested
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.collecting_columns import STATEMENTS
from payments.columns import BANK_LINES
from payments.forms import BankFilter, ReasonForm, SharesForm, StatementForm
from payments.imported import known_lines
from payments.list_filters import StatementFilter
from payments.matching import NONE, Verdict
from payments.models import BankAccount, BankLine, BankStatement, LineStatus, Match, MatchPart
from payments.sentences import why_matched
from payments.services.nearby import customers_near
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import accept_match, reconcile
from payments.services.settling import suspend_line
from payments.services.undoing import live_match_of, reopen_line, undo_match
from payments.services.uploads import LARGEST
from payments.views.accounts import positions
from payments.views.payments import small_form
from payments.views.uploads import hold_files

SORTS: dict[str, Any] = {"date": "booked_on", "amount": "amount", "counterparty": "counterparty"}
TONES = {LineStatus.OPEN: "warn", LineStatus.MATCHED: "good", LineStatus.SUSPENSE: "warn", LineStatus.VOID: "neutral"}
MOST_OTHERS = 12


@require_http_methods(["GET", "POST"])
@member("bank", posts="bank.reconcile")
def bankline_list(request: HttpRequest) -> HttpResponse:
    """The lines, and the door where a statement comes in."""
    membership = cast(MemberRequest, request).membership
    form = StatementForm(request.POST, request.FILES) if request.method == "POST" else StatementForm()
    if request.method == "POST" and form.is_valid():
        return redirect("payments:upload-batch", hold_files(request, form.cleaned_data["file"]).pk)
    filters = BankFilter(request.GET)
    found = filters.narrow(BankLine.objects.all())
    rows = found.select_related("account")
    listed = open_list(request, BANK_LINES, rows, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    now = timezone.now()
    accounts = list(BankAccount.objects.order_by("name"))
    context = {
        "listed": listed,
        "page": page,
        "rows": [{"line": line, "tone": TONES[LineStatus(line.status)]} for line in page],
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "form": form,
        "positions": positions(accounts, local_day(now)),
        "stale": [account for account in accounts if account.is_stale(now)],
        "open_count": BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0).count(),
        "may_reconcile": membership.may("bank.reconcile"),
    }
    return render(request, "payments/bankline/list.html", context, status=422 if form.errors else 200)


# many files at once, and the largest that is read: the front asks before it reads a body
bankline_list.largest_body = LARGEST + 10_000_000  # type: ignore[attr-defined]


def _summary(found: Any) -> str:
    sums = by_currency(found, "amount")
    if not sums.count:
        return ""
    summary = ngettext("%(rows)s ligne", "%(rows)s lignes", sums.count) % {"rows": typography.number(sums.count)}
    return f"{summary} · {_('mouvements %(total)s') % {'total': str(sums)}}"


@require_POST
@member("bank.reconcile")
def bank_reconcile(request: HttpRequest) -> HttpResponse:
    """« Rapprocher maintenant »: what the evidence proves; the rest is left to a person."""
    company, actor, now = cast(MemberRequest, request).membership.company, actor_of(request), timezone.now()
    with requested("reconciliation", queue="reconciliation", company=company, actor=actor, at=now) as (_job, counts):
        counts |= asdict(reconcile(company=company, actor=actor, at=now))
    sentence = _("%(matched)s rapprochées, %(proposed)s proposées, %(left)s sans proposition.")
    messages.success(request, sentence % counts)
    return redirect("payments:bankline-list")


@require_GET
@member("bank")
def statement_list(request: HttpRequest) -> HttpResponse:
    filters = StatementFilter(request.GET)
    rows = filters.narrow(BankStatement.objects.select_related("account"))
    listed = open_list(request, STATEMENTS, rows, sorts={"date": "imported_at"}, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    context = {
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "rows": [{"statement": statement, "known": known_lines([statement])} for statement in listed.page],
        # balances of different days are no sum
        "summary": summary_of(rows),
    }
    return render(request, "payments/statement/list.html", context)


def load_line(pk: int) -> BankLine:
    rows = BankLine.objects.select_related("account", "statement", "company")
    return cast(BankLine, get_object_or_404(rows, pk=pk))


@require_http_methods(["GET", "POST"])
@member("bank", posts="bank.reconcile")
@sent_once
def bankline_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One line at a time: the proposal with its evidence, its rivals, and other invoices to choose from."""
    line = load_line(pk)
    may = cast(MemberRequest, request).membership.may("bank.reconcile")
    verdict = _verdict(line) if line.status == LineStatus.OPEN else None
    text = request.GET.get("q", "")
    invoices, preset = _candidates(line, verdict, text)
    form = SharesForm(request.POST if request.method == "POST" else None, invoices=invoices, preset=preset)
    for field in form.fields.values():
        field.disabled = not may
    if request.method == "POST" and form.is_valid():
        try:
            accepted = accept_match(line=line, shares=form.shares(), actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            numbers = ", ".join(part.payment.number for part in parts_of(accepted) if part.payment)
            messages.success(request, _("Ligne rapprochée : %(number)s.") % {"number": numbers})
            return redirect(_next_open(line) or "payments:bankline-list")
    match = live_match_of(line)
    context = {
        "line": line,
        "tone": TONES[LineStatus(line.status)],
        "sentence": why_matched(verdict) if verdict else "",
        "proposed": bool(verdict and verdict.kind != NONE),
        "excess": verdict.excess if verdict else Decimal("0.00"),
        "form": form,
        "rows": form.rows(),
        "q": text,
        "match": match,
        "parts": parts_of(match) if match else [],
        "next": _next_open(line),
        "may_reconcile": may,
        "timeline": timeline_of(line, role_of(request)),
    }
    return render(request, "payments/bankline/detail.html", context, status=422 if form.errors else 200)


def _verdict(line: BankLine) -> Verdict:
    """On those alone whom the line may come from: the verdict on everybody is the same."""
    now = timezone.now()
    return propose(line, build_index(line.company, at=now, customers=customers_near(line, at=now)))


def parts_of(match: Match) -> list[MatchPart]:
    return list(
        MatchPart.objects.filter(match=match)
        .select_related("payment__customer", "refund__customer", "supplier_payment__supplier")
        .order_by("position")
    )


def _candidates(line: BankLine, verdict: Verdict | None, text: str) -> tuple[list[Invoice], dict[int, Decimal]]:
    """The invoices to show: those proposed with their amounts, their rivals, then what was searched for."""
    if verdict is None or line.amount <= 0:
        return [], {}
    preset = {int(str(key)): amount for key, amount in verdict.allocations}
    wanted = [*preset, *(int(str(key)) for key in verdict.rivals)]
    found = Invoice.objects.select_related("customer").in_bulk(wanted)
    chosen = [found[key] for key in wanted if key in found]
    others = Invoice.objects.outstanding().select_related("customer").exclude(pk__in=wanted)
    if text:
        others = others.with_balance().filter(matching(text))
        found_now = list(others.order_by("due_date", "id")[:MOST_OTHERS])
        if len(found_now) == 1 and not preset:
            # the one looked for is the one meant
            preset = {found_now[0].pk: min(found_now[0].balance, line.amount)}
        chosen += found_now
    elif not chosen:
        nearest = Abs(F("open_balance") - line.amount)
        chosen = list(others.with_balance().order_by(nearest, "due_date", "id")[:MOST_OTHERS])
    return chosen, preset


def matching(text: str) -> Q:
    """What was typed is in the number or the name, or is the invoice's total or what remains of it."""
    found = holds(text, "number", "buyer_name")
    try:
        amount = FrenchDecimalField(max_digits=16, decimal_places=2, sums=False).clean(text)
    except ValidationError:
        return found
    return found | Q(total_gross=amount) | Q(open_balance=amount)


def _next_open(line: BankLine) -> BankLine | None:
    rows = BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0).exclude(pk=line.pk)
    following = rows.order_by("booked_on", "id").first()
    return cast("BankLine | None", following)


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def bankline_ignore(request: HttpRequest, pk: int) -> HttpResponse:
    line = load_line(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        suspend_line(line=line, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Ligne en attente sur le compte 471."))
        return redirect("payments:bankline-list")
    note = _("Elle est inscrite au compte d’attente 471, qui doit être vide pour clore le mois.")
    return small_form(
        request, form, row=line, title=_("Mettre la ligne en attente"), button=_("Mettre en attente"), note=note
    )


@require_POST
@member("bank.reconcile")
@sent_once
def bankline_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect(reopen_line(line=load_line(pk), actor=actor_of(request), at=timezone.now()))


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def match_undo(request: HttpRequest, pk: int) -> HttpResponse:
    match = get_object_or_404(Match.objects.select_related("line"), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        undo_match(match=match, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Rapprochement défait : les factures sont de nouveau comme avant."))
        return redirect(match.line)
    note = _("Ce qu’il a écrit est annulé par une écriture inverse et la ligne redevient à rapprocher.")
    return small_form(
        request, form, row=match.line, title=_("Défaire le rapprochement"), button=_("Défaire"), note=note
    )
