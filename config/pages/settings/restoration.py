"""« Réglages › Restauration »: what a database that came back from a copy ignores, and its release."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.restored import label_of, raise_counter, series_of
from config.kernel.access import MemberRequest, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.models import Company, Membership, Restoration, User
from config.kernel.quiet import notice
from config.kernel.restoring import Finding, Series, compare, findings_of, release
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.pages.frame import tabs_of

SHOWN = 50
PLACES = {
    "trail": gettext_lazy("La trace hors de la base"),
    "platforms": gettext_lazy("Les plateformes"),
    "banks": gettext_lazy("Les banques reliées par un flux"),
}


class NotOwnerOfAll(DomainError):
    code = "not_owner_of_all"
    message = "Toutes les sociétés de l’installation reprennent ensemble : il faut en être gérant, ou superutilisateur."
    status = 403


class NumbersForm(forms.Form):
    """Behind which number each series of the company goes on."""

    def __init__(self, series: list[Series], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.series = series
        for place, row in enumerate(series):
            last = max(row.last, row.seen)
            help_text = _("Ici : %(last)s. Vu ailleurs : %(seen)s.") % {"last": row.last, "seen": row.seen or "–"}
            self.fields[f"last_{place}"] = forms.IntegerField(
                label=label_of(row), min_value=row.last, initial=last, help_text=help_text
            )

    def numbers(self) -> dict[Series, int]:
        return {row: self.cleaned_data[f"last_{place}"] for place, row in enumerate(self.series)}


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def restoration(request: HttpRequest) -> HttpResponse:
    """What is known of the copy; « Comparer » asks elsewhere, « Reprendre l’activité » releases it."""
    membership = cast(MemberRequest, request).membership
    found = notice(at=timezone.now())
    form = _form(request, found, membership.company)
    if request.method == "POST" and found is not None:
        try:
            if "compare" in request.POST:
                compare(found, at=timezone.now())
                return redirect("restoration")
            if form.is_valid():
                _release(found, form, cast(User, request.user))
                messages.success(request, _("L’activité a repris sur cette base."))
                return redirect("restoration")
        except DomainError as error:
            add_domain_error(form, error)
    context = {
        "form": form,
        "restoration": found,
        "places": _places(found, membership.company),
        "earlier": Restoration.objects.exclude(released_at=None)[:10],
        "tabs": tabs_of(membership.role, "restoration"),
    }
    return render(request, "settings/restoration.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, found: Restoration | None, company: Company) -> NumbersForm:
    findings = findings_of(found, company) if found else {}
    series = series_of(company, (finding for rows in findings.values() for finding in rows or ())) if found else []
    return NumbersForm(series, request.POST if request.method == "POST" and "compare" not in request.POST else None)


def _release(found: Restoration, form: NumbersForm, user: User) -> None:
    """With what was seen of the other companies too. Raises NotOwnerOfAll, and what `release` does."""
    owned = set(Membership.objects.filter(user=user, role=Role.OWNER).values_list("company_id", flat=True))
    companies = list(Company.objects.order_by("pk"))
    if not user.is_superuser and not {company.pk for company in companies} <= owned:
        raise NotOwnerOfAll
    numbers = form.numbers()
    for company in companies:
        rows = [finding for rows in findings_of(found, company).values() for finding in rows or ()]
        for series in _series_of_another(company, rows, known=numbers):
            numbers[series] = max(series.last, series.seen)
    release(restoration=found, numbers=numbers, raise_counter=raise_counter, user=user, at=timezone.now())


def _series_of_another(company: Company, rows: list[Finding], *, known: dict[Series, int]) -> list[Series]:
    with company_scope(company):
        return [] if any(series.company_id == company.pk for series in known) else series_of(company, rows)


def _places(found: Restoration | None, company: Company) -> list[dict[str, Any]]:
    places = findings_of(found, company) if found else {}
    return [
        {"label": PLACES[name], "unknown": rows is None, "count": len(rows or ()), "rows": (rows or [])[-SHOWN:][::-1]}
        for name, rows in places.items()
    ]
