"""What may come in, week by week, drawn and as a table; and the customers with whom most is at risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing.models import Invoice
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from payments.dunning.schedule import due_for_reminder, overdue
from payments.dunning.views.lists import FORECAST, figures_of, reminder_tabs
from payments.outgoing.suppliers.forecast import payables_by_week
from payments.services import scores
from payments.services.scores import Week

MOST_CURRENCIES = 5
WIDTH, HEIGHT, GAP = 640, 160, 6  # of the drawing, in its own units


@require_GET
@member("invoices")
def reminder_forecast(request: HttpRequest) -> HttpResponse:
    at, company = timezone.now(), cast(MemberRequest, request).membership.company
    today, late = local_day(at), overdue(company, at)
    now, waiting = figures_of(late, due_for_reminder(late, company=company, at=at))
    currencies = list(
        Invoice.objects.outstanding()
        .order_by("currency")
        .values_list("currency", flat=True)
        .distinct()[:MOST_CURRENCIES]
    )
    asked = request.GET.get("currency", "EUR")
    currency = asked if asked in currencies else next((one for one in currencies if one == "EUR"), "EUR")
    known = scores.habits(on=today)
    weeks = scores.cash_by_week(on=today, currency=currency, known=known)
    payables = payables_by_week(weeks, on=today, currency=currency)
    context = {
        "tabs": reminder_tabs(FORECAST, now["count"], waiting["count"]),
        "weeks": [
            {"label": label_of(week), "week": week, "payable": payable}
            for week, payable in zip(weeks, payables, strict=True)
        ],
        "with_payables": any(payables),
        "bars": bars(weeks),
        "width": WIDTH,
        "height": HEIGHT,
        "risks": scores.largest_risks(on=today, currency=currency, known=known),
        "habit": known.company,
        "currency": currency,
        "currencies": currencies if len(currencies) > 1 else [],
        "any": any(week.invoices for week in weeks) or any(payables),
    }
    return render(request, "payments/reminder/forecast.html", context)


def label_of(week: Week) -> str:
    """The line's name in words."""
    if week.first and week.last:
        return _("Semaine du %(day)s") % {"day": typography.day(week.first)}
    return {
        scores.OVERDUE: _("Déjà attendu, pas encore reçu"),
        scores.LATER: _("Plus tard"),
        scores.UNKNOWN: _("Date inconnue : aucun règlement passé"),
        scores.DISPUTED: _("Contesté, non compté"),
    }[week.label]


def bars(weeks: Sequence[Week]) -> list[dict[str, Any]]:
    """The rectangles of the weeks, the highest as tall as the drawing; whole numbers of its units."""
    dated = [week for week in weeks if week.label == scores.WEEK]
    highest = max((week.amount for week in dated), default=0)
    step = WIDTH // len(dated)
    drawn = []
    for place, week in enumerate(dated):
        tall = int(week.amount * HEIGHT / highest) if highest > 0 else 0
        drawn.append({"x": place * step, "y": HEIGHT - tall, "width": step - GAP, "height": tall, "week": week})
    return drawn
