"""« Comptabilité › Clôture › Soldes en devises »: what they are worth on a day, booking it, and taking it back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.ledger.chart import account_names
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once
from customers.models import Customer
from payments.forms import DayForm
from payments.services.valuing import (
    ForeignBalance,
    foreign_balances,
    live_entries,
    undo_valuing,
    value_foreign_items,
    valued_days,
)

SHOWN = 200


@require_http_methods(["GET", "POST"])
@member("books", posts="books.close")
@sent_once
def valuing_page(request: HttpRequest) -> HttpResponse:
    """`?on=` the day, the end of last month when left out: each balance and its difference, then booking them."""
    membership = cast(MemberRequest, request).membership
    company, today = membership.company, local_day(timezone.now())
    form = DayForm(request.POST if request.method == "POST" else request.GET)
    given = form.cleaned_data["on"] if form.is_valid() else None
    on = given or today.replace(day=1) - timedelta(days=1)
    if request.method == "POST":
        return _value(request, company, on)
    problem, balances = "", []
    try:
        balances = foreign_balances(company, on)
    except DomainError as error:
        problem = say(error)
    context = {
        "form": DayForm(initial={"on": on}),
        "on": on,
        "company": company,
        "problem": problem,
        "rows": _rows(company, balances[:SHOWN]),
        "left_out": max(len(balances) - SHOWN, 0),
        "lost": sum((-row.gained for row in balances if row.gained < 0 and not row.is_money), ZERO),
        "gained": sum((row.gained for row in balances if row.gained > 0 and not row.is_money), ZERO),
        "final": sum((row.gained for row in balances if row.is_money), ZERO),
        "differs": any(row.gained for row in balances),
        "is_over": on < today,
        "standing": bool(live_entries(company, on)),
        "valued": valued_days(company)[:24],
        "may_act": membership.may("books.close"),
    }
    return render(request, "payments/valuing.html", context)


def _value(request: HttpRequest, company: Company, on: date) -> HttpResponse:
    try:
        entries = value_foreign_items(company=company, on=on, actor=actor_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, say(error))
    else:
        done = _("Soldes en devises évalués au %(day)s.") if entries else _("Rien ne diffère au %(day)s.")
        messages.success(request, done % {"day": typography.day(on)})
    return redirect(address_of(on))


def address_of(on: date) -> str:
    return f"{reverse('payments:valuing')}?on={on:%Y-%m-%d}"


def _rows(company: Company, balances: list[ForeignBalance]) -> list[dict[str, Any]]:
    names = account_names(company.pk)
    customers = Customer.objects.in_bulk({row.customer_id for row in balances if row.customer_id})
    return [
        {"balance": row, "name": names.get(row.account, ""), "customer": customers.get(row.customer_id or 0)}
        for row in balances
    ]


@require_http_methods(["GET", "POST"])
@member("books.close")
@sent_once
def valuing_undo(request: HttpRequest) -> HttpResponse:
    """Take the valuing of a day back; GET says what it does."""
    company = cast(MemberRequest, request).membership.company
    form = DayForm(request.GET)
    on = form.cleaned_data["on"] if form.is_valid() else None
    if on is None:
        return redirect("payments:valuing")
    if request.method == "POST":
        try:
            undo_valuing(company=company, on=on, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            messages.error(request, say(error))
        else:
            messages.success(request, _("Évaluation au %(day)s annulée.") % {"day": typography.day(on)})
        return redirect(address_of(on))
    entries = live_entries(company, on)
    return confirm(
        request,
        Confirmation(
            title=_("Annuler l’évaluation au %(day)s") % {"day": typography.day(on)},
            effect=_(
                "Chaque écriture est contre-passée à sa date ; ces soldes peuvent ensuite être évalués de nouveau."
            ),
            facts=[(entry.number, f"{entry.label}, {typography.day(entry.day)}") for entry in entries],
            back=address_of(on),
            back_label=_("Soldes en devises"),
            icon="undo",
        ),
    )
