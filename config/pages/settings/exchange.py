"""« Réglages › Cours de change »: the company's table of rates, from the central bank's file or typed with a source."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.exchange import import_rates, save_rate
from config.kernel.exchange.ecb import MAX_BYTES
from config.kernel.form_errors import add_domain_error
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from config.kernel.models import Company, ExchangeRate
from config.pages.settings.company import settings_page

PAGE = "exchange-settings"
MOST_SHOWN = 60  # days of one currency


class CurrencyField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=3, max_length=3, **kwargs)

    def clean(self, value: Any) -> str:
        return str(super().clean(str(value or "").strip().upper()))


class RateForm(forms.Form):
    day = FrenchDateField(label=gettext_lazy("Jour"))
    base = CurrencyField(label=gettext_lazy("Une unité de"))
    rate = FrenchDecimalField(
        label=gettext_lazy("vaut"),
        max_digits=18,
        decimal_places=8,
        min_value=Decimal("0.00000001"),
        sums=False,
        error_messages={"min_value": gettext_lazy("Un cours est plus grand que zéro.")},
    )
    currency = CurrencyField(label=gettext_lazy("en"), help_text=gettext_lazy("Codes à trois lettres : EUR, CHF, USD."))
    source = TextField(label=gettext_lazy("Source"), max_length=200)


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Fichier de la BCE"),
        help_text=gettext_lazy("eurofxref-daily.xml, eurofxref-hist.xml ou eurofxref-hist.zip, de ecb.europa.eu."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("Ce fichier est trop grand pour un fichier de cours : 20 Mo au plus."))
        return file


def _company(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def exchange_settings(request: HttpRequest) -> HttpResponse:
    """The last rate of each currency, or the last days of one, and one more, typed."""
    company, now = _company(request), timezone.now()
    initial = {"day": local_day(now), "base": "EUR"}
    form = RateForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_rate(company=company, actor=actor_of(request), at=now, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Cours enregistré."))
            return redirect(PAGE)
    return _page(request, form, FileForm())


@require_POST
@member("settings", posts="settings.edit")
def exchange_import(request: HttpRequest) -> HttpResponse:
    """A file of the European Central Bank: what is known already stays."""
    company, now = _company(request), timezone.now()
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            kept = import_rates(company=company, data=form.cleaned_data["file"].read(), actor=actor_of(request), at=now)
        except DomainError as error:
            form.add_error("file", str(error))
        else:
            words = ngettext("%(new)s cours ajouté.", "%(new)s cours ajoutés.", kept.new) % {"new": kept.new}
            messages.success(request, words if kept.new else _("Tous les cours de ce fichier étaient déjà connus."))
            return redirect(PAGE)
    return _page(request, RateForm(initial={"day": local_day(now), "base": "EUR"}), form)


def _page(request: HttpRequest, form: RateForm, upload: FileForm) -> HttpResponse:
    currency = request.GET.get("currency", "")
    rates = ExchangeRate.objects.order_by("base", "currency", "-day")
    if currency:
        shown = list(rates.filter(currency=currency[:3]).order_by("-day", "base")[:MOST_SHOWN])
    else:
        shown = list(rates.distinct("base", "currency"))
    response = settings_page(
        request, "settings/exchange.html", PAGE, form, upload=upload, rates=shown, currency=currency
    )
    if upload.errors:
        response.status_code = 422
    return response
