"""« Clôture »: the dates of the fiscal year, its end, and the verification of the chain."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from billing.ledger.calendar import calendar_of
from billing.ledger.carrying import result_to_carry
from billing.ledger.closing import close_year
from billing.ledger.proof import MOST, events_of, verify_proof
from billing.ledger.years import change_year, year_ending_in
from billing.models import FiscalYear
from billing.views.books.closing import company_of
from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDateField
from config.kernel.middleware import say
from config.kernel.sent_once import sent_once


class YearForm(forms.Form):
    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Form takes them
        self.fields["starts_on"] = FrenchDateField(label=gettext_lazy("Premier jour"), today=today)
        self.fields["ends_on"] = FrenchDateField(label=gettext_lazy("Dernier jour"), today=today)


@require_http_methods(["GET", "POST"])
@member("books.close")
@sent_once
def year_edit(request: HttpRequest) -> HttpResponse:
    """The dates of the running fiscal year: the first one of a company may be short or long."""
    company, now = company_of(request), timezone.now()
    today = local_day(now)
    year = calendar_of(company.pk).year_of(today)
    written = {"starts_on": year.starts_on, "ends_on": year.ends_on}
    form = YearForm(request.POST or None, initial=written, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            row = change_year(company=company, actor=actor_of(request), at=now, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            days = {"start": typography.day(row.starts_on), "end": typography.day(row.ends_on)}
            messages.success(request, _("L’exercice va du %(start)s au %(end)s.") % days)
            return redirect("billing:closing")
    return render(request, "billing/books/year.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member("books.close")
@sent_once
def year_close(request: HttpRequest, number: int) -> HttpResponse:
    """The end of a fiscal year; GET says what is carried forward."""
    company, now = company_of(request), timezone.now()
    try:
        year = year_ending_in(calendar_of(company.pk), number, today=local_day(now))
    except DomainError as error:
        raise Http404(str(error)) from error
    back = f"{reverse('billing:closing')}?through={year.ends_on:%Y-%m-%d}"
    if request.method == "POST":
        try:
            close_year(company=company, year=year, actor=actor_of(request), at=now)
        except DomainError as error:
            messages.error(request, say(error))
            return redirect(back)
        messages.success(request, _("L’exercice %(year)s est clôturé, ses soldes sont reportés.") % {"year": number})
        return redirect("billing:fec")
    result = result_to_carry(company.pk, before=year.after.starts_on)
    kept = _("Bénéfice, au compte 120") if result <= 0 else _("Perte, au compte 129")
    return confirm(
        request,
        Confirmation(
            title=_("Clôturer l’exercice %(year)s") % {"year": number},
            effect=_(
                "Les livres sont clôturés jusqu’à son dernier jour, pour tous, et les à-nouveaux sont écrits au "
                "premier jour du suivant : chaque poste ouvert de client et de fournisseur avec son échéance, les "
                "autres comptes de bilan, et le résultat. Cela ne se défait pas."
            ),
            facts=[
                (_("Exercice"), f"{typography.day(year.starts_on)} – {typography.day(year.ends_on)}"),
                (kept, typography.money(abs(result))),
            ],
            back=back,
            back_label=_("Clôture"),
            icon="lock",
            danger=True,
        ),
    )


@require_http_methods(["GET", "POST"])
@member("books", posts="books.close")
@sent_once
def closing_proof(request: HttpRequest) -> HttpResponse:
    """Recompute the chain of facts now; what is found is written down, and shown here."""
    company = company_of(request)
    events = events_of(company)
    found = None
    if request.method == "POST" and events <= MOST:
        found = verify_proof(company=company, actor=actor_of(request), at=timezone.now())
        if not found:
            messages.success(request, _("La chaîne de preuve tient : rien n’a été modifié depuis son scellement."))
            return redirect("billing:closing")
        many = ngettext("%(n)s rupture", "%(n)s ruptures", len(found)) % {"n": len(found)}
        messages.error(request, many)
    context = {"events": events, "most": MOST, "found": (found or [])[:200], "siren": company.legal_number}
    return render(request, "billing/books/proof.html", context)


def year_rows(company_id: int, today: date) -> list[dict[str, object]]:
    """The fiscal years that have begun, the latest first: three at least, and every one that is written."""
    calendar = calendar_of(company_id)
    closed = dict(FiscalYear.everywhere.filter(company=company_id).values_list("ends_on", "closed_at"))
    years = {calendar.year_of(today), calendar.year_of(today).before, *calendar.years}
    rows = sorted((year for year in years if year.starts_on <= today), key=lambda year: year.ends_on, reverse=True)
    return [
        {
            "year": year,
            "number": year.ends_on.year,
            "closed_at": closed.get(year.ends_on),
            "is_over": year.ends_on < today,
        }
        for year in rows
    ]
