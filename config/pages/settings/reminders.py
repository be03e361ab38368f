"""« Réglages › Relances »: one letter per customer or per invoice, the statement joined, and their words."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from config.pages.settings.company import settings_page
from payments.dunning.configuring import save_settings
from payments.dunning.forms import CompanyRemindersForm
from payments.dunning.views.practice import text_page, texts_of
from payments.models import ReminderSettings


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def reminder_settings(request: HttpRequest) -> HttpResponse:
    company = cast(MemberRequest, request).membership.company
    row = ReminderSettings.objects.filter(customer=None).first()
    shown = row or ReminderSettings(company=company)
    form = CompanyRemindersForm(request.POST if request.method == "POST" else None, row=shown)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, row, lambda now: CompanyRemindersForm(row=now)):
                values = form.cleaned_data
                save_settings(company=company, customer=None, values=values, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réglages enregistrés."))
            return redirect("reminder-settings")
    days = (company.friendly_after_days, company.firm_after_days, company.final_after_days)
    context = {"texts": texts_of(company, None), "days": days}
    return settings_page(request, "settings/reminders.html", "reminder-settings", form, **context)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def reminder_text(request: HttpRequest, level: int, language: str) -> HttpResponse:
    """The words of one letter for the whole company."""
    company = cast(MemberRequest, request).membership.company
    return text_page(request, company, None, level, language, back="reminder-settings")
