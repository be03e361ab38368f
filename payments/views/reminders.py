"""Reminders: what goes out now, what does not and why, what was sent, and the formal notices to read before sending."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Reminder, ReminderLevel, ReminderStatus
from config.kernel import listing
from config.kernel.access import MemberRequest, actor_of, member
from payments.forms import ReasonForm
from payments.services.facts import LEVELS
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
from payments.views.payments import small_form

MOST_PLANNED = 50
MOST_AT_ONCE = 100  # letters of one sending: the page answers within seconds, and the rest keeps its button
TONES = {
    ReminderStatus.DRAFTED: "warn",
    ReminderStatus.QUEUED: "info",
    ReminderStatus.SENT: "good",
    ReminderStatus.CANCELLED: "neutral",
}


@require_GET
@member("invoices")
def reminder_list(request: HttpRequest) -> HttpResponse:
    membership = cast(MemberRequest, request).membership
    planned = plan(company=membership.company, at=timezone.now())
    sent = Reminder.objects.select_related("invoice__customer", "email").exclude(status=ReminderStatus.DRAFTED)
    page = listing.page(sent, sorts={"date": "created_at"}, default="-date", query=request.GET)
    drafted = Reminder.objects.filter(status=ReminderStatus.DRAFTED).select_related("invoice__customer")
    context = {
        "due": _shown(one for one in planned if one.decision.level),
        "held": _shown(one for one in planned if not one.decision.level),
        "drafted": list(drafted.order_by("created_at", "id")),
        "page": page,
        "rows": [{"reminder": one, "tone": TONES[ReminderStatus(one.status)]} for one in page],
        "automatic": membership.company.reminders_enabled,
        "may_send": membership.may("reminders.send"),
    }
    return render(request, "payments/reminder/list.html", context)


def _shown(planned: Iterable[Planned]) -> dict[str, Any]:
    """The oldest debts in words, how many there are and what they add up to."""
    every = list(planned)
    return {
        "rows": [_planned(one) for one in every[:MOST_PLANNED]],
        "count": len(every),
        "more": max(0, len(every) - MOST_PLANNED),
        "total": sum((one.invoice.balance for one in every), Decimal("0.00")),
    }


def _planned(one: Planned) -> dict[str, Any]:
    decision = one.decision
    sentence = _(decision.sentence) % decision.params if decision.params else _(decision.sentence)
    return {"invoice": one.invoice, "sentence": sentence}


@require_http_methods(["GET", "POST"])
@member("reminders.send")
def reminder_send_due(request: HttpRequest) -> HttpResponse:
    """What goes out, to whom and how firmly, each ticked; then those that were left ticked."""
    company = cast(MemberRequest, request).membership.company
    if request.method == "GET":
        rows = leaving(company=company, at=timezone.now())
        shown = [{**_planned(one), "address": one.address, "level": _level(one)} for one in rows[:MOST_AT_ONCE]]
        context = {"rows": shown, "later": max(0, len(rows) - MOST_AT_ONCE)}
        return render(request, "payments/reminder/send_due.html", context)
    typed = request.POST.getlist("invoice")[:MOST_AT_ONCE]
    chosen = {int(key) for key in typed if key.isascii() and key.isdigit() and len(key) < 19}
    made = send_reminders(company=company, actor=actor_of(request), at=timezone.now(), chosen=chosen)
    words = ngettext("%(count)s relance préparée.", "%(count)s relances préparées.", len(made))
    messages.success(request, words % {"count": len(made)})
    return redirect("payments:reminder-list")


def _level(one: Planned) -> str:
    return str(LEVELS[one.decision.level or ""].label)


def load_drafted(pk: int) -> Reminder:
    rows = Reminder.objects.select_related("invoice__customer", "invoice__company")
    return cast(Reminder, get_object_or_404(rows, pk=pk, status=ReminderStatus.DRAFTED))


@require_http_methods(["GET", "POST"])
@member("reminders.send")
def reminder_letter_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the formal notice as it would leave now, then send it."""
    reminder = load_drafted(pk)
    if request.method == "POST":
        send_drafted(reminder=reminder, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Mise en demeure confiée à l’envoi."))
        return redirect("payments:reminder-list")
    subject, body = reminder_letter(reminder.invoice, ReminderLevel(reminder.level), at=timezone.now())
    address = reminder_address(reminder.invoice.customer)
    context = {"reminder": reminder, "subject": subject, "letter": body, "address": address}
    return render(request, "payments/reminder/letter.html", context)


@require_http_methods(["GET", "POST"])
@member("reminders.send")
def reminder_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    reminder = load_drafted(pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        cancel_drafted(reminder=reminder, reason=reason, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Relance abandonnée."))
        return redirect("payments:reminder-list")
    return small_form(
        request, form, row=reminder.invoice, title=_("Abandonner la mise en demeure"), button=_("Abandonner")
    )
