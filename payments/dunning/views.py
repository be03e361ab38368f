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

from billing.models import BALANCE, Invoice
from config.kernel import listing, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.folding import holds
from config.kernel.jobs import requested
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from payments.dunning.evidence import LEVELS, refusal_of_all
from payments.dunning.letters import reminder_letter
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.planning import Planned, letters_due, plan, reminder_address
from payments.dunning.policy import Decision
from payments.dunning.schedule import delays_of, due_for_reminder, not_due_for_reminder, overdue
from payments.dunning.sending import cancel_drafted, send_drafted, send_reminders
from payments.forms import ReasonForm
from payments.views.payments import small_form

MOST_LETTERS = 100  # letters of one sending: the page answers within seconds, and the rest keeps its button
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
    """Late invoices to remind of today, or not yet, each with its decision; formal notices to read; what was sent.

    One page of one of them, and the figures of the whole.
    """
    membership, at = cast(MemberRequest, request).membership, timezone.now()
    company = membership.company
    late = overdue(company, at)
    due = due_for_reminder(late, company=company, at=at)
    rows = due if shown == DUE else _other_rows(shown, company, at)
    level, text = request.GET.get("level", ""), request.GET.get("q", "").strip()[:100]
    rows = _narrowed(rows, level, text, delays_of(company))
    planned = shown in (DUE, HELD)
    page = listing.page(rows, sorts=SORTS[planned], default="due" if planned else "-date", query=request.GET)
    refusal = refusal_of_all(company, at=at)
    today, every = _figures(due), _figures(late)
    context = {
        "shown": shown,
        "tabs": _tabs(shown, today["count"], every["count"] - today["count"]),
        "page": page,
        "rows": _decided(page, company, at) if planned else [_sent(row) for row in page],
        "q": text,
        "filters": [
            {"name": "level", "label": _("Niveau"), "kind": "select", "value": level, "choices": ReminderLevel.choices}
        ],
        "filtered": bool(level or text),
        "total": {DUE: today["total"], HELD: every["total"] - today["total"]}.get(shown),
        "refusal": _sentence(refusal) if today["count"] and refusal else "",
        "automatic": company.reminders_enabled,
        "may_read_letters": membership.may("reminders.send"),
        "may_send": membership.may("reminders.send") and today["count"] and refusal is None,
    }
    return render(request, "payments/reminder/list.html", context)


SORTS: dict[bool, dict[str, Any]] = {
    True: {"due": "due_date", "customer": "buyer_name", "balance": BALANCE},
    False: {"date": "created_at"},
}


def _other_rows(shown: str, company: Company, at: datetime) -> QuerySet[Any]:
    if shown == HELD:
        return not_due_for_reminder(overdue(company, at), company=company, at=at)
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
    return [_planned(row) for row in plan(company=company, at=at, invoices=list(page))]


def _planned(row: Planned) -> dict[str, Any]:
    level = str(LEVELS[row.decision.level].label) if row.decision.level else ""
    return {"invoice": row.invoice, "sentence": _sentence(row.decision), "level": level, "address": row.address}


def _sentence(decision: Decision) -> str:
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
        rows = letters_due(company=company, at=timezone.now(), limit=MOST_LETTERS + 1)
        context = {"rows": [_planned(row) for row in rows[:MOST_LETTERS]], "more": len(rows) > MOST_LETTERS}
        return render(request, "payments/reminder/send_due.html", context)
    typed = request.POST.getlist("invoice")[:MOST_LETTERS]
    chosen = {int(key) for key in typed if key.isascii() and key.isdigit() and len(key) < 19}
    actor, now = actor_of(request), timezone.now()
    with requested("reminders", queue="notifications", company=company, actor=actor, at=now) as (_job, result):
        queued = send_reminders(company=company, actor=actor, at=now, chosen=chosen)
        result["queued"] = len(queued)
    sentence = ngettext("%(count)s relance préparée.", "%(count)s relances préparées.", len(queued))
    messages.success(request, sentence % {"count": len(queued)})
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
