"""The worktable: one bank line at a time, what may explain it beside it, and the next one at once.

By keyboard: Enter accepts the first proposal and a figure another, j and k move, Ctrl Z takes the last decision back.
Every key presses a form or a link of the page, which does the same without JavaScript.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import cast

from django import forms
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import Invoice
from config.kernel.access import actor_of, member, role_of
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.forms import ReasonForm
from payments.line_forms import BookingForm, NoteForm, SplitForm
from payments.models import BankLine, LineStatus, Match, Payment
from payments.services.allocations import Share
from payments.services.noting import note_line
from payments.services.reconciliation import accept_match
from payments.services.settling import settle_line, suspend_line
from payments.services.settling_parts import Credit, Found, Part, Received
from payments.services.undoing import live_match_of, undo_match
from payments.views.bank import MOST_OTHERS, TONES, load_line, matching, parts_of
from payments.views.proposals import proposals_for

MOST_TERMS = 8  # « FAC-12 ; Dubois ; 340 » searched at once
UNDONE = "Repris à la table de travail"


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def worktable(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """One line with its proposals; without a key, the first that is open. `?done=` is the match decided just before."""
    line = load_line(pk) if pk is not None else _first()
    if line is None:
        return render(request, "payments/worktable/empty.html", {"done": _done(request)})
    acting, refused = request.POST.get("act", ""), None
    if request.method == "POST":
        act = ACTS.get(acting)
        if act is None:
            return redirect("payments:worktable-line", line.pk)
        answer = act(request, line)
        if isinstance(answer, HttpResponse):
            return answer
        refused = answer
    return _page(request, line, acting, refused)


def _page(request: HttpRequest, line: BankLine, acting: str, refused: forms.Form | None) -> HttpResponse:
    at, text = timezone.now(), request.GET.get("q", "").strip()[:200]
    is_waiting, match = line.status in BankLine.UNEXPLAINED, live_match_of(line)
    context = {
        "line": line,
        "tone": TONES[LineStatus(line.status)],
        "proposals": proposals_for(line, at=at) if is_waiting else [],
        "is_waiting": is_waiting,
        "q": text,
        "split": refused if acting == "split" else _split_form(line, text),
        "booking": refused if acting == "book" else BookingForm(),
        "reason": refused if acting == "suspend" else ReasonForm(),
        "note": refused if acting == "note" else NoteForm(),
        "acting": acting,
        "refused": refused,
        "match": match,
        "parts": parts_of(match) if match else [],
        "previous": _neighbour(line, forward=False),
        "next": _neighbour(line),
        "open_count": BankLine.objects.filter(status=LineStatus.OPEN).count(),
        "done": _done(request),
        "timeline": timeline_of(line, role_of(request)),
    }
    return render(request, "payments/worktable/line.html", context, status=422 if refused is not None else 200)


# -- the queue ---------------------------------------------------------------------------------------------------


def _first() -> BankLine | None:
    rows = BankLine.objects.filter(status=LineStatus.OPEN).select_related("account", "statement", "company")
    return cast("BankLine | None", rows.order_by("booked_on", "id").first())


def _neighbour(line: BankLine, *, forward: bool = True) -> BankLine | None:
    """The open line after this one, or before it; after the last comes the first."""
    way, sign = ("gt", "") if forward else ("lt", "-")
    beyond = Q(**{f"booked_on__{way}": line.booked_on}) | Q(**{"booked_on": line.booked_on, f"id__{way}": line.pk})
    rows = BankLine.objects.filter(status=LineStatus.OPEN).exclude(pk=line.pk)
    rows = rows.order_by(f"{sign}booked_on", f"{sign}id")
    return cast("BankLine | None", rows.filter(beyond).first() or rows.first())


def _done(request: HttpRequest) -> Match | None:
    """The decision that Ctrl Z takes back, while it stands."""
    key = request.GET.get("done", "")
    rows = Match.objects.filter(undone_at=None).select_related("line")
    return cast("Match | None", rows.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None)


def _onwards(line: BankLine, match: Match) -> HttpResponse:
    following = _neighbour(line)
    path = reverse("payments:worktable-line", args=[following.pk]) if following else reverse("payments:worktable")
    return redirect(f"{path}?done={match.pk}")


# -- the acts: each answers where to go, or the form with what was refused -----------------------------------------


Answer = HttpResponse | forms.Form


def _settle(line: BankLine, form: forms.Form, write: Callable[[], Match]) -> Answer:
    try:
        return _onwards(line, write())
    except DomainError as error:
        add_domain_error(form, error)
        return form


def _parts(request: HttpRequest, line: BankLine, form: forms.Form, parts: list[Part]) -> Answer:
    def write() -> Match:
        return settle_line(
            line=line, parts=parts, rule="person", is_automatic=False, actor=actor_of(request), at=timezone.now()
        )

    return _settle(line, form, write)


def _match(request: HttpRequest, line: BankLine) -> Answer:
    """The invoices as they were shown: balances that moved since are refused."""
    amounts, used = _amounts(request, "share_"), _amounts(request, "credit_")
    invoices = Invoice.objects.select_related("customer").in_bulk(amounts)
    shares = [Share(invoice, amounts[key]) for key, invoice in invoices.items()]
    form = forms.Form(request.POST)
    if used and shares:
        older = [Credit(row, used[key]) for key, row in Payment.objects.in_bulk(used).items()]
        return _parts(request, line, form, [Received(shares[0].invoice.customer, line.amount, shares, older)])

    def write() -> Match:
        return accept_match(line=line, shares=shares, actor=actor_of(request), at=timezone.now())

    return _settle(line, form, write)


def _amounts(request: HttpRequest, prefix: str) -> dict[int, Decimal]:
    """The hidden fields of a proposal: a row's key after the prefix, and its amount."""
    found: dict[int, Decimal] = {}
    for name, value in request.POST.items():
        key = name.removeprefix(prefix)
        if key != name and key.isdecimal() and len(key) < 19:
            try:
                found[int(key)] = Decimal(str(value))
            except InvalidOperation:
                continue
    return found


def _found(request: HttpRequest, line: BankLine) -> Answer:
    key = request.POST.get("payment", "")
    payment = get_object_or_404(Payment.objects.select_related("customer"), pk=key if key.isdecimal() else 0)
    return _parts(request, line, forms.Form(request.POST), [Found(payment, line.amount)])


def _book(request: HttpRequest, line: BankLine) -> Answer:
    form = BookingForm(request.POST)
    return _parts(request, line, form, [form.booked(line)]) if form.is_valid() else form


def _split(request: HttpRequest, line: BankLine) -> Answer:
    form = _split_form(line, request.GET.get("q", "").strip()[:200], request)
    return _parts(request, line, form, form.parts(line)) if form.is_valid() else form


def _suspend(request: HttpRequest, line: BankLine) -> Answer:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return form

    def write() -> Match:
        reason = form.cleaned_data["reason"]
        return suspend_line(line=line, reason=reason, actor=actor_of(request), at=timezone.now())

    return _settle(line, form, write)


def _note(request: HttpRequest, line: BankLine) -> Answer:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return form
    note_line(line=line, note=form.cleaned_data["note"], actor=actor_of(request), at=timezone.now())
    return redirect("payments:worktable-line", line.pk)


ACTS: dict[str, Callable[[HttpRequest, BankLine], Answer]] = {
    "match": _match,
    "found": _found,
    "book": _book,
    "split": _split,
    "suspend": _suspend,
    "note": _note,
}


def _split_form(line: BankLine, text: str, request: HttpRequest | None = None) -> SplitForm:
    """What was searched for, several terms at once; else the invoices nearest to the line's amount."""
    rows = Invoice.objects.outstanding().select_related("customer").with_balance()
    terms = [term.strip() for term in text.split(";") if term.strip()][:MOST_TERMS]
    if terms:
        wanted = Q()
        for term in terms:
            wanted |= matching(term)
        found = list(rows.filter(wanted).order_by("due_date", "id")[: MOST_OTHERS * 2])
    else:
        found = list(rows.order_by(Abs(F("open_balance") - abs(line.amount)), "due_date", "id")[:MOST_OTHERS])
    return SplitForm(request.POST if request is not None else None, invoices=found)


@require_POST
@member("bank.reconcile")
@sent_once
def worktable_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision back, and look at its line again."""
    match = get_object_or_404(Match.objects.select_related("line"), pk=pk)
    undo_match(match=match, reason=UNDONE, actor=actor_of(request), at=timezone.now())
    return redirect("payments:worktable-line", match.line_id)
