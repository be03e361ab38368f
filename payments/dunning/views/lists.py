"""The lists of reminders: what goes out now, what does not and why, promises, formal notices to read, what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing.models import BALANCE, Invoice
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.folding import holds
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.dunning.columns import DECIDED, HOLDS, SENT
from payments.dunning.evidence import LEVELS, refusal_of_all
from payments.dunning.models import Reminder, ReminderHold, ReminderLevel, ReminderStatus
from payments.dunning.planning import Planned, plan
from payments.dunning.policy import Decision
from payments.dunning.schedule import due_for_reminder, not_due_for_reminder, overdue

TONES = {
    ReminderStatus.DRAFTED: "warn",
    ReminderStatus.QUEUED: "info",
    ReminderStatus.SENT: "good",
    ReminderStatus.CANCELLED: "neutral",
    ReminderStatus.RETURNED: "bad",
}
DUE, HELD, PROMISES, LETTERS, HISTORY = "due", "held", "promises", "letters", "history"
FORECAST = "forecast"
NOTHING = (0, ZERO)


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
    rows = _narrowed(rows, level, text)
    sorts, default = SORTS[shown], DEFAULTS.get(shown, "-date")
    listed = open_list(request, FILES.get(shown, SENT), rows, sorts=sorts, default=default)
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    refusal = refusal_of_all(company, at=at)
    today, waiting = figures_of(late, due)
    context = {
        "shown": shown,
        "tabs": reminder_tabs(shown, today["count"], waiting["count"]),
        "listed": listed,
        "summary": _summary(shown, rows),
        "page": page,
        "rows": _rows(shown, page, company, at),
        "q": text,
        "filters": [] if shown == PROMISES else [_level_filter(level)],
        "filtered": bool(level or text),
        "totals": {DUE: today["totals"], HELD: waiting["totals"]}.get(shown, []),
        "refusal": sentence_of(refusal) if today["count"] and refusal else "",
        "automatic": company.reminders_enabled,
        "may_read_letters": membership.may("reminders.send"),
        "may_send": membership.may("reminders.send") and today["count"] and refusal is None,
    }
    return render(request, "payments/reminder/list.html", context)


_OF_INVOICES: dict[str, Any] = {"due": "due_date", "customer": "buyer_name", "balance": BALANCE}
_OF_LETTERS: dict[str, Any] = {"date": "created_at"}
SORTS = {
    DUE: _OF_INVOICES,
    HELD: _OF_INVOICES,
    LETTERS: _OF_LETTERS,
    HISTORY: _OF_LETTERS,
    PROMISES: {"until": "until", "date": "made_at"},
}
FILES = {DUE: DECIDED, HELD: DECIDED, PROMISES: HOLDS}
DEFAULTS = {DUE: "due", HELD: "due", PROMISES: "until"}


def _summary(shown: str, rows: QuerySet[Any]) -> str:
    """What is owed by the invoices of the filter, or was as each letter left, or was promised."""
    if shown in (DUE, HELD):
        return summary_of(rows, BALANCE)
    return summary_of(rows, "amount" if shown == PROMISES else "balance", currency="invoice__currency")


def _other_rows(shown: str, company: Company, at: datetime) -> QuerySet[Any]:
    if shown == HELD:
        return not_due_for_reminder(overdue(company, at), company=company, at=at)
    if shown == PROMISES:
        return ReminderHold.objects.filter(ended_at=None).select_related("invoice")
    letters = Reminder.objects.select_related("invoice__customer", "email")
    drafted = Q(status=ReminderStatus.DRAFTED)
    return letters.filter(drafted) if shown == LETTERS else letters.exclude(drafted)


def _narrowed(rows: QuerySet[Any], level: str, text: str) -> QuerySet[Any]:
    """By the level that comes next, or that was sent, and by the number or the customer."""
    if level in map(str, ReminderLevel.values) and rows.model is not ReminderHold:
        rows = rows.filter(**{"level" if rows.model is Reminder else "upcoming": int(level)})
    where = "" if rows.model is Invoice else "invoice__"
    return rows.filter(holds(text, f"{where}number", f"{where}buyer_name")) if text else rows


def figures_of(late: QuerySet[Invoice], due: QuerySet[Invoice]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How many invoices are due for a reminder and how many wait, and what each side is owed, by currency."""
    now, every = _by_currency(due), _by_currency(late)
    rest = {
        key: (count - now.get(key, NOTHING)[0], sum_ - now.get(key, NOTHING)[1]) for key, (count, sum_) in every.items()
    }
    return _figures(now), _figures(rest)


def _by_currency(rows: QuerySet[Invoice]) -> dict[str, tuple[int, Decimal]]:
    found = rows.order_by().values_list("currency").annotate(count=Count("pk"), sum=Sum(BALANCE))
    return {currency: (count, total) for currency, count, total in found}


def _figures(found: dict[str, tuple[int, Decimal]]) -> dict[str, Any]:
    return {
        "count": sum(count for count, _sum in found.values()),
        "totals": [typography.money(total, currency) for currency, (count, total) in sorted(found.items()) if count],
    }


def reminder_tabs(shown: str, due: int | None = None, held: int | None = None) -> list[dict[str, Any]]:
    letters = Reminder.objects.filter(status=ReminderStatus.DRAFTED).count()
    tabs = (
        (DUE, "payments:reminder-list", _("À relancer"), due),
        (HELD, "payments:reminder-held", _("En attente"), held),
        (PROMISES, "payments:reminder-promises", _("Promesses et suspensions"), None),
        (LETTERS, "payments:reminder-letters", _("Mises en demeure à relire"), letters),
        (HISTORY, "payments:reminder-history", _("Historique"), None),
        (FORECAST, "payments:reminder-forecast", _("Prévisions"), None),
    )
    return [
        {
            "label": label,
            "url": reverse(name),
            "active": key == shown,
            "count": typography.number(count) if count else "",
        }
        for key, name, label, count in tabs
    ]


def _level_filter(level: str) -> dict[str, Any]:
    choices = ReminderLevel.choices
    return {"name": "level", "label": _("Niveau"), "kind": "select", "value": level, "choices": choices}


def _rows(shown: str, page: Iterable[Any], company: Company, at: datetime) -> list[dict[str, Any]]:
    if shown in (DUE, HELD):
        return [planned_row(row) for row in plan(company=company, at=at, invoices=list(page))]
    if shown == PROMISES:
        today = local_day(at)
        return [{"hold": row, "broken": row.is_broken(row.invoice.balance, today)} | _due(row, today) for row in page]
    return [_sent(row) for row in page]


def _due(hold: ReminderHold, today: date) -> dict[str, Any]:
    return {"is_over": hold.is_over(today), "is_kept": hold.is_kept(hold.invoice.balance)}


def planned_row(row: Planned) -> dict[str, Any]:
    """One invoice and what is decided of it, as the lists and the run show it."""
    level = str(LEVELS[row.decision.level].label) if row.decision.level else ""
    return {
        "invoice": row.invoice,
        "sentence": sentence_of(row.decision),
        "level": level,
        "address": row.address,
        "broken": row.broken_promise,
    }


def sentence_of(decision: Decision) -> str:
    return decision.worded(_, typography.day)


def _sent(reminder: Reminder) -> dict[str, Any]:
    return {"reminder": reminder, "tone": TONES[ReminderStatus(reminder.status)]}
