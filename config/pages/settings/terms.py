"""« Réglages › Apparence et textes › Conditions de règlement »: when invoices fall due, shown on real days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.editing import RecordForm, as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import TextField
from config.kernel.sent_once import sent_once
from config.pages.settings.company import settings_page
from config.pages.settings.look_pages import TAB, look_pages
from customers.models import PaymentTerms
from customers.services import delete_terms, save_terms

PAGE = "terms-settings"
NET, DAYS_THEN_MONTH, MONTH_THEN_DAYS = "net", "days_then_month", "month_then_days"
RULES = (
    (NET, gettext_lazy("Jours nets après l’émission")),
    (DAYS_THEN_MONTH, gettext_lazy("Les jours, puis la fin du mois atteint")),
    (MONTH_THEN_DAYS, gettext_lazy("La fin du mois d’émission, puis les jours")),
)


class TermsForm(RecordForm):
    name = TextField(label=gettext_lazy("Intitulé"), max_length=80)
    days = forms.IntegerField(
        label=gettext_lazy("Jours"),
        min_value=0,
        max_value=120,
        help_text=gettext_lazy(
            "Entre professionnels : 60 jours nets au plus, ou 45 jours fin de mois (art. L441-10 du code de commerce)."
        ),
    )
    rule = forms.ChoiceField(label=gettext_lazy("Compte des jours"), choices=RULES, widget=forms.RadioSelect)
    then_day = forms.IntegerField(
        label=gettext_lazy("Puis le (jour du mois suivant)"),
        required=False,
        min_value=1,
        max_value=31,
        help_text=gettext_lazy("10 pour « fin de mois le 10 »."),
    )

    def __init__(self, data: Any = None, *, terms: PaymentTerms) -> None:
        rule = MONTH_THEN_DAYS if terms.month_first else DAYS_THEN_MONTH if terms.end_of_month else NET
        initial = {"name": terms.name, "days": terms.days, "rule": rule, "then_day": terms.then_day}
        super().__init__(data, initial=initial)

    def columns(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {
            "name": typed["name"],
            "days": typed["days"],
            "end_of_month": typed["rule"] == DAYS_THEN_MONTH,
            "month_first": typed["rule"] == MONTH_THEN_DAYS,
            "then_day": typed["then_day"],
        }


@require_http_methods(["GET"])
@member("settings")
def terms_settings(request: HttpRequest) -> HttpResponse:
    today = local_day(timezone.now())
    rows = [{"terms": terms, "due": terms.due_date(today)} for terms in PaymentTerms.objects.order_by("days", "name")]
    context = {"rows": rows, "today": today, "pages": look_pages(PAGE)}
    return settings_page(request, "settings/terms.html", TAB, forms.Form(), **context)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def terms_new(request: HttpRequest) -> HttpResponse:
    company_id = cast(MemberRequest, request).membership.company_id
    return _edit(request, PaymentTerms(company_id=company_id, days=30), None)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def terms_edit(request: HttpRequest, pk: int) -> HttpResponse:
    terms = get_object_or_404(PaymentTerms.objects, pk=pk)
    return _edit(request, terms, terms)


def _edit(request: HttpRequest, shown: PaymentTerms, stored: PaymentTerms | None) -> HttpResponse:
    """`preview` shows what is typed on real days; `delete` takes away what nobody has."""
    form = TermsForm(request.POST if request.method == "POST" else None, terms=shown)
    act: dict[str, Any] = {"actor": actor_of(request), "at": timezone.now()}
    tried = shown
    try:
        if stored and "delete" in request.POST:
            delete_terms(terms=stored, **act)
            messages.success(request, _("Conditions supprimées."))
            return redirect(PAGE)
        if request.method == "POST" and form.is_valid():
            tried = PaymentTerms(**form.columns())
            if "preview" not in request.POST:
                with as_read(form, stored, lambda row: TermsForm(terms=row)):
                    save_terms(terms=stored, company_id=shown.company_id, values=form.columns(), **act)
                messages.success(request, _("Conditions enregistrées. Les factures émises gardent leur échéance."))
                return redirect(PAGE)
    except DomainError as error:
        add_domain_error(form, error)
    context = {"stored": stored, "tried": tried, "examples": _examples(tried), "pages": look_pages(PAGE)}
    return settings_page(request, "settings/terms_edit.html", TAB, form, **context)


def _examples(terms: PaymentTerms) -> list[tuple[date, date]]:
    """Issued today, at the end of this month, at the beginning of the next one: when each falls due."""
    today = local_day(timezone.now())
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return [(day, terms.due_date(day)) for day in dict.fromkeys((today, first - timedelta(days=1), first))]
