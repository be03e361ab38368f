"""« Réglages › Différences »: how much each role may settle without payment, kept by the owner."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.roles import Role
from config.pages.settings.company import settings_page
from payments.outgoing.forms import LimitsForm
from payments.services.write_off_limits import save_limits


@require_http_methods(["GET", "POST"])
@member("settings", posts="settings.edit")
def write_off_settings(request: HttpRequest) -> HttpResponse:
    """The limits of each role by reason."""
    company = cast(MemberRequest, request).membership.company
    form = LimitsForm(request.POST if request.method == "POST" else None, company_id=company.pk)
    if request.method == "POST" and form.is_valid():
        save_limits(company=company, limits=form.limits(), actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Limites enregistrées."))
        return redirect("write-off-settings")
    groups = [{"label": Role(group["role"]).label, "fields": group["fields"]} for group in form.by_role()]
    return settings_page(request, "settings/write_offs.html", "write-off-settings", form, groups=groups)
