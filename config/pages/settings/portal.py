"""« Réglages › Pages des clients »: open or closed, how long links live, and who takes cards on them."""

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

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.timeline import timeline_of
from config.pages.settings.company import settings_page
from payments.models import PortalSettings
from payments.portal.choices import change_portal
from payments.portal.links import settings_of
from payments.portal.models import LONGEST_PAUSE, MOST_DAYS

TAB = "portal-settings"
FIELDS = ("is_open", "link_days", "pause_days")


class PortalForm(forms.Form):
    def __init__(self, sent: Any = None, *, row: PortalSettings) -> None:
        super().__init__(sent, initial={name: getattr(row, name) for name in FIELDS})
        self.fields.update(fields_for_model(PortalSettings, fields=FIELDS))
        for name, least, most in (("link_days", 1, MOST_DAYS), ("pause_days", 0, LONGEST_PAUSE)):
            self.fields[name] = forms.IntegerField(label=self.fields[name].label, min_value=least, max_value=most)


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def portal_settings(request: HttpRequest) -> HttpResponse:
    company = cast(MemberRequest, request).membership.company
    row = settings_of(company.pk)
    form = PortalForm(request.POST if request.method == "POST" else None, row=row)
    if request.method == "POST" and form.is_valid():
        change_portal(company=company, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Réglages enregistrés."))
        return redirect(TAB)
    timeline = [] if row._state.adding else timeline_of(row, role_of(request))
    return settings_page(request, "settings/portal.html", TAB, form, timeline=timeline)
