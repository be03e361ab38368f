"""« Comptabilité › Clôture »: what is not in order through a day, each with its act, then closing it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.books.reports import FIRST, LAST
from billing.ledger.calendar import DAY, Calendar, calendar_of
from billing.ledger.checks import Outcome, blocking, run_checks
from billing.ledger.closing import close_books, period_to_close
from billing.models import Closing, ClosingKind
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, may_open, member, role_of
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.models import Company
from config.kernel.sent_once import sent_once

MONTHS = 24


def company_of(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


def month_ends(calendar: Calendar, today: date) -> list[date]:
    """The last days of the months that are over and not closed for good, the earliest first."""
    first = calendar.hard + DAY if calendar.hard else calendar.year_of(today).before.starts_on
    ends: list[date] = []
    month = first.replace(day=1)
    while len(ends) < MONTHS:
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if following > today:
            break
        ends.append(following - DAY)
        month = following
    return ends


def _through(text: str, ends: list[date], calendar: Calendar, today: date) -> date | None:
    """The day that the address names, else the last month that is over; None where nothing can be closed."""
    asked = _day(text)
    if asked is not None and asked < today and (calendar.hard is None or asked > calendar.hard):
        return asked
    return ends[-1] if ends else None


@require_GET
@member("books")
def closing_page(request: HttpRequest) -> HttpResponse:
    company, today = company_of(request), local_day(timezone.now())
    calendar = calendar_of(company.pk)
    ends = month_ends(calendar, today)
    through = _through(request.GET.get("through", ""), ends, calendar, today)
    outcomes: list[Outcome] = []
    if through:
        found = run_checks(period_to_close(company, calendar, through, today=today))
        # what stands in the way comes first
        outcomes = sorted(found, key=lambda one: ("bad", "warn", "good").index(one.tone))
    context = {
        "calendar": calendar,
        "is_soft": bool(calendar.soft and (calendar.hard is None or calendar.soft > calendar.hard)),
        "through": through,
        "ends": ends,
        "outcomes": [_shown(one, role_of(request)) for one in outcomes],
        "waiting": blocking(outcomes),
        "closings": Closing.objects.order_by("-at", "-id")[:12],
        "year": calendar.year_of(through or today),
    }
    return render(request, "billing/books/closing.html", context)


def _shown(outcome: Outcome, role: str) -> dict[str, Any]:
    """A check with its findings; an act that is closed to the reader is not offered."""
    findings = [{"finding": one, "url": one.url if may_open(role, one.url) else ""} for one in outcome.findings]
    return {"check": outcome.check, "findings": findings}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


def address_of(through: date) -> str:
    return f"{reverse('billing:closing')}?through={through:%Y-%m-%d}"


@require_POST
@member("books.close")
@sent_once
def closing_soft(request: HttpRequest) -> HttpResponse:
    """Kept for owners and accountants through a day; an earlier one lifts it."""
    through = _day(request.POST.get("through", ""))
    if through is None:
        return redirect("billing:closing")
    return _close(request, ClosingKind.SOFT, through)


@require_http_methods(["GET", "POST"])
@member("books.close")
@sent_once
def closing_hard(request: HttpRequest) -> HttpResponse:
    """For good and for everybody; GET says what it does."""
    through = _day(request.GET.get("through", ""))
    if through is None:
        return redirect("billing:closing")
    if request.method == "POST":
        return _close(request, ClosingKind.HARD, through)
    company, today = company_of(request), local_day(timezone.now())
    calendar = calendar_of(company.pk)
    period = period_to_close(company, calendar, through, today=today)
    outcomes = run_checks(period)
    left = sum(len(one.findings) for one in outcomes)
    return confirm(
        request,
        Confirmation(
            title=_("Clôturer jusqu’au %(day)s") % {"day": typography.day(through)},
            effect=_(
                "Plus aucune écriture ne sera possible jusqu’à ce jour, pour personne : la base de données la refuse. "
                "Ce qui sera daté avant sera comptabilisé le premier jour ouvert, sa date indiquée. "
                "Cela ne se défait pas."
            ),
            warning=_("Des contrôles ne sont pas en ordre : %(count)s.") % {"count": left} if left else "",
            facts=[
                (_("Période"), f"{typography.day(period.start)} – {typography.day(through)}"),
                (_("Exercice"), f"{typography.day(period.year.starts_on)} – {typography.day(period.year.ends_on)}"),
                (_("Premier jour ouvert ensuite"), typography.day(through + DAY)),
            ],
            back=address_of(through),
            back_label=_("Clôture"),
            icon="lock",
            danger=True,
        ),
    )


def _close(request: HttpRequest, kind: ClosingKind, through: date) -> HttpResponse:
    try:
        close_books(company=company_of(request), kind=kind, through=through, actor=actor_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, say(error))
        return redirect(address_of(through))
    said = {"day": typography.day(through)}
    if kind == ClosingKind.HARD:
        messages.success(request, _("Les livres sont clôturés jusqu’au %(day)s.") % said)
    else:
        messages.success(request, _("Jusqu’au %(day)s, seuls gérants et comptables écrivent.") % said)
    return redirect("billing:closing")
