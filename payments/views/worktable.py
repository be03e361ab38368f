"""The worktable: one bank line at a time, what may explain it beside it, and the next one at once.

By keyboard: Enter accepts the first proposal and a figure another, j and k move, Ctrl Z takes the last decision back.
Every key presses a form or a link of the page, which does the same without JavaScript.
"""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from config.kernel.access import actor_of, member, role_of
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from payments.forms import ReasonForm
from payments.line_forms import BookingForm, NoteForm
from payments.models import BankLine, LineStatus, Match
from payments.services.undoing import live_match_of, undo_match
from payments.views.bank import TONES, load_line, parts_of
from payments.views.proposals import proposals_for
from payments.views.worktable_acts import ACTS, split_form
from payments.views.worktable_queue import first_open, last_decision, neighbour_of

UNDONE = "Repris à la table de travail"


@require_http_methods(["GET", "POST"])
@member("bank.reconcile")
@sent_once
def worktable(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """One line with its proposals; without a key, the first that is open. `?done=` is the match decided just before."""
    line = load_line(pk) if pk is not None else first_open()
    if line is None:
        return render(request, "payments/worktable/empty.html", {"done": last_decision(request)})
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
    proposed = proposals_for(line, role=role_of(request), at=at) if is_waiting else None
    owed_by_payer = [rival.invoice for rival in proposed.rivals] if proposed else []
    near = proposed.customers if proposed else ()
    context = {
        "line": line,
        "tone": TONES[LineStatus(line.status)],
        "proposed": proposed,
        "is_waiting": is_waiting,
        "q": text,
        "split": refused if acting == "split" else split_form(line, text, first=owed_by_payer, near=near),
        "booking": refused if acting == "book" else BookingForm(),
        "reason": refused if acting == "suspend" else ReasonForm(),
        "note": refused if acting == "note" else NoteForm(),
        "acting": acting,
        "refused": refused,
        "match": match,
        "parts": parts_of(match) if match else [],
        "previous": neighbour_of(line, forward=False),
        "next": neighbour_of(line),
        "open_count": BankLine.objects.filter(status=LineStatus.OPEN).count(),
        "done": last_decision(request),
        "timeline": timeline_of(line, role_of(request)),
    }
    return render(request, "payments/worktable/line.html", context, status=422 if refused is not None else 200)


@require_POST
@member("bank.reconcile")
@sent_once
def worktable_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision back, and look at its line again."""
    match = get_object_or_404(Match.objects.select_related("line"), pk=pk)
    undo_match(match=match, reason=UNDONE, actor=actor_of(request), at=timezone.now())
    return redirect("payments:worktable-line", match.line_id)
