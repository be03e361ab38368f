"""Reminders: what goes out now, what does not and why, what was sent, and the formal notices to read before sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.dunning import Decision
from billing.models import BALANCE, Invoice, Reminder, ReminderLevel, ReminderStatus
from config.kernel import listing, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.folding import holds
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from payments.forms import ReasonForm
from payments.services.facts import LEVELS, refusal_of_all
from payments.services.letters import reminder_letter
from payments.services.reminders import (
    Planned,
    cancel_drafted,
    leaving,
    plan,
    reminder_address,
    send_drafted,
    send_reminders,
)
from payments.services.turns import delays_of, its_turn, not_its_turn, overdue
from payments.views.payments import small_form

MOST_AT_ONCE = 100  # letters of one sending: the page answers within seconds, and the rest keeps its button
TONES = {
    ReminderStatus.DRAFTED: "warn",
    ReminderStatus.QUEUED: "info",
    ReminderStatus.SENT: "good",
    ReminderStatus.CANCELLED: "neutral",
}
DUE, HELD, LETTERS, HISTORY = "due", "held", "letters", "history"


@require_GET
@member("invoices")
def reminder_list(request: HttpRequest, shown: str = DUE) -> HttpResponse:
    """Late invoices whose turn it is, or is not, each with its decision; formal notices to read; what was sent.

    One page of one of them, and the figures of the whole.
    """
    membership, at = cast(MemberRequest, request).membership, timezone.now()
    company = membership.company
    late = overdue(company, at)
    its = its_turn(late, company=company, at=at)
    rows = its if shown == DUE else _of(shown, company, at)
    level, text = request.GET.get("level", ""), request.GET.get("q", "").strip()[:100]
    rows = _narrowed(rows, level, text, delays_of(company))
    planned = shown in (DUE, HELD)
    page = listing.page(rows, sorts=SORTS[planned], default="due" if planned else "-date", query=request.GET)
    refusal = refusal_of_all(company, at=at)
    turn, every = _figures(its), _figures(late)
    context = {
        "shown": shown,
        "tabs": _tabs(shown, turn["count"], every["count"] - turn["count"]),
        "page": page,
        "rows": _decided(page, company, at) if planned else [_sent(one) for one in page],
        "q": text,
        "filters": [
            {"name": "level", "label": _("Niveau"), "kind": "select", "value": level, "choices": ReminderLevel.choices}
        ],
        "filtered": bool(level or text),
        "total": {DUE: turn["total"], HELD: every["total"] - turn["total"]}.get(shown),
        "refusal": _in_words(refusal) if turn["count"] and refusal else "",
        "automatic": company.reminders_enabled,
        "may_read_letters": membership.may("reminders.send"),
        "may_send": membership.may("reminders.send") and turn["count"] and refusal is None,
    }
    return render(request, "payments/reminder/list.html", context)


SORTS: dict[bool, dict[str, Any]] = {
    True: {"due": "due_date", "customer": "buyer_name", "balance": BALANCE},
    False: {"date": "created_at"},
}


def _of(shown: str, company: Company, at: datetime) -> QuerySet[Any]:
    if shown == HELD:
        return not_its_turn(overdue(company, at), company=company, at=at)
    letters = Reminder.objects.select_related("invoice__customer", "email")
    drafted = Q(status=ReminderStatus.DRAFTED)
    return letters.filter(drafted) if shown == LETTERS else letters.exclude(drafted)


def _narrowed(rows: QuerySet[Any], level: str, text: str, delays: Mapping[ReminderLevel, int]) -> QuerySet[Any]:
    """By the level that comes next, or that was sent, and by the number or the customer."""
    sent = rows.model is Reminder
    if level in map(str, ReminderLevel.values):
        chosen = ReminderLevel(int(level))
        rows = rows.filter(level=chosen) if sent else rows.filter(delay=delays[chosen])
    where = "invoice__" if sent else ""
    return rows.filter(holds(text, f"{where}number", f"{where}buyer_name")) if text else rows


def _figures(rows: QuerySet[Invoice]) -> dict[str, Any]:
    found = rows.aggregate(count=Count("pk"), total=Sum(BALANCE))
    return {"count": found["count"], "total": found["total"] or ZERO}


def _tabs(shown: str, due: int, held: int) -> list[dict[str, Any]]:
    letters = Reminder.objects.filter(status=ReminderStatus.DRAFTED).count()
    tabs = (
        (DUE, "payments:reminder-list", _("À relancer"), due),
        (HELD, "payments:reminder-held", _("En attente"), held),
        (LETTERS, "payments:reminder-letters", _("Mises en demeure à relire"), letters),
        (HISTORY, "payments:reminder-history", _("Historique"), None),
    )
    return [
        {"label": label, "url": reverse(name), "active": key == shown, "count": count and typography.number(count)}
        for key, name, label, count in tabs
    ]


def _decided(page: Iterable[Invoice], company: Company, at: datetime) -> list[dict[str, Any]]:
    return [_planned(one) for one in plan(company=company, at=at, invoices=list(page))]


def _planned(one: Planned) -> dict[str, Any]:
    level = str(LEVELS[one.decision.level].label) if one.decision.level else ""
    return {"invoice": one.invoice, "sentence": _in_words(one.decision), "level": level, "address": one.address}


def _in_words(decision: Decision) -> str:
    return _(decision.sentence) % decision.params if decision.params else _(decision.sentence)


def _sent(reminder: Reminder) -> dict[str, Any]:
    return {"reminder": reminder, "tone": TONES[ReminderStatus(reminder.status)]}


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_send_due(request: HttpRequest) -> HttpResponse:
    """What goes out, to whom and how firmly, each ticked; then those that were left ticked."""
    company = cast(MemberRequest, request).membership.company
    if request.method == "GET":
        rows = leaving(company=company, at=timezone.now(), most=MOST_AT_ONCE + 1)
        context = {"rows": [_planned(one) for one in rows[:MOST_AT_ONCE]], "more": len(rows) > MOST_AT_ONCE}
        return render(request, "payments/reminder/send_due.html", context)
    typed = request.POST.getlist("invoice")[:MOST_AT_ONCE]
    chosen = {int(key) for key in typed if key.isascii() and key.isdigit() and len(key) < 19}
    made = send_reminders(company=company, actor=actor_of(request), at=timezone.now(), chosen=chosen)
    words = ngettext("%(count)s relance préparée.", "%(count)s relances préparées.", len(made))
    messages.success(request, words % {"count": len(made)})
    return redirect("payments:reminder-list")


def load_drafted(pk: int) -> Reminder:
    rows = Reminder.objects.select_related("invoice__customer", "invoice__company")
    return cast(Reminder, get_object_or_404(rows, pk=pk, status=ReminderStatus.DRAFTED))


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_letter_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the formal notice as it would leave now, then send it."""
    reminder = load_drafted(pk)
    if request.method == "POST":
        send_drafted(reminder=reminder, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Mise en demeure confiée à l’envoi."))
        return redirect("payments:reminder-letters")
    subject, body = reminder_letter(reminder.invoice, ReminderLevel(reminder.level), at=timezone.now())
    address = reminder_address(reminder.invoice.customer)
    context = {"reminder": reminder, "subject": subject, "letter": body, "address": address}
    return render(request, "payments/reminder/letter.html", context)


@require_http_methods(["GET", "POST"])
@member("reminders.send")
@sent_once
def reminder_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    reminder = load_drafted(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        cancel_drafted(reminder=reminder, reason=reason, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Relance abandonnée."))
        return redirect("payments:reminder-letters")
    return small_form(
        request, form, row=reminder.invoice, title=_("Abandonner la mise en demeure"), button=_("Abandonner")
    )
