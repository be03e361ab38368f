"""« Réglages › Taux de retard »: the dated table of late interest, kept by the owner with its sources."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.forms.models import fields_for_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDecimalField
from config.pages.settings.company import settings_page
from payments.dunning.late_interest import half_year
from payments.dunning.law import law_of
from payments.dunning.rates import rates_of, save_rate
from payments.models import LateInterestRate


class RateForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(LateInterestRate, fields=("year", "half", "ecb", "legal", "source")))
        for name in ("ecb", "legal"):
            self.fields[name] = FrenchDecimalField(
                label=self.fields[name].label, max_digits=4, decimal_places=2, min_value=0
            )


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def rate_settings(request: HttpRequest) -> HttpResponse:
    """The half-years that are known, and one more, or a correction."""
    company = cast(MemberRequest, request).membership.company
    now = timezone.now()
    year, half = half_year(local_day(now))
    form = RateForm(request.POST if request.method == "POST" else None, initial={"year": year, "half": half})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data | {"half": int(form.cleaned_data["half"])}
        try:
            save_rate(company=company, actor=actor_of(request), at=now, **typed)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Taux enregistré."))
            return redirect("rate-settings")
    fixed = law_of(company).rate
    missing = (
        "" if fixed is not None or (year, half) in rates_of(company.pk) else str(LateInterestRate(year=year, half=half))
    )
    rates = LateInterestRate.objects.all()
    return settings_page(
        request, "settings/rates.html", "rate-settings", form, rates=rates, missing=missing, fixed=fixed
    )
