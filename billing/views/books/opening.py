"""« Comptabilité › À-nouveaux »: balances of another software, shown as they are understood, then written at once."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.forms.books.opening import OpeningForm
from billing.ledger import account_names
from billing.ledger.calendar import calendar_of
from billing.ledger.manual import journal_entry_of
from billing.ledger.opening import Opening, import_opening, recognise
from billing.ledger.opening_rows import read_opening
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once

SHOWN = 300


@require_http_methods(["GET", "POST"])
@member("books.write")
@sent_once
def opening(request: HttpRequest) -> HttpResponse:
    """`act=look` shows what would be written; `act=write` writes it, all or nothing."""
    company = cast(MemberRequest, request).membership.company
    at = timezone.now()
    first_day = calendar_of(company.pk).year_of(local_day(at)).starts_on
    form = OpeningForm(request.POST if request.method == "POST" else None, request.FILES or None, first_day=first_day)
    context: dict[str, Any] = {"form": form, "shown": SHOWN}
    if request.method == "POST" and form.is_valid():
        rows, wrong = read_opening(form.text())
        found = recognise(company.pk, rows)
        if wrong:
            form.add_error("table", _(wrong))
        elif request.POST.get("act") == "write":
            try:
                manual = import_opening(
                    company=company, opening=found, on=form.cleaned_data["on"], actor=actor_of(request), at=at
                )
            except DomainError as error:
                add_domain_error(form, error)
            else:
                messages.success(request, _("À-nouveaux repris."))
                return redirect("billing:journal-entry", journal_entry_of(manual).pk)
        context |= _looked_at(company.pk, found)
        form.data = {**request.POST.dict(), "table": form.text()}
    return render(request, "billing/books/opening.html", context, status=422 if form.errors else 200)


def _looked_at(company_id: int, found: Opening) -> dict[str, Any]:
    """What is understood of the table: what is wrong first."""
    names = account_names(company_id)
    rows = [
        {
            "row": row,
            "debit": max(row.amount, ZERO),
            "credit": max(-row.amount, ZERO),
            "name": names.get(row.account, ""),
            "third": third,
            "problem": _(row.problem) if row.problem else "",
        }
        for row, third in zip(found.rows, found.customers, strict=True)
    ]
    rows.sort(key=lambda one: not one["problem"])
    return {
        "rows": rows[:SHOWN],
        "count": len(rows),
        "problems": found.problems,
        "debit": found.debit,
        "credit": found.credit,
        "gap": found.debit - found.credit,
        "may_import": rows and not found.problems and found.debit == found.credit,
    }
