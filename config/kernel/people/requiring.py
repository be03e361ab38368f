"""Who must have a second factor and has none sees nothing but the pages where it is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kernel.htmx import is_part
from config.kernel.people.second_factor import companies_of, has_second_factor, must_have_second_factor

SETTING_UP = "mfa_index"
OPEN = ("mfa_", "account_reauthenticate", "logout", "language")


class SecondFactorMiddleware:
    """After the company's: its memberships are read already, and without a demand nothing more is asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        user, match = request.user, request.resolver_match
        if not user.is_authenticated or match is None or match.view_name.startswith(OPEN):
            return None
        memberships = getattr(request, "memberships", None)
        companies = companies_of(user) if memberships is None else [row.company for row in memberships]
        if not must_have_second_factor(user, companies) or has_second_factor(user):
            return None
        messages.warning(request, _("Un second facteur est exigé : ajoutez-en un pour continuer."))
        if is_part(request):
            return HttpResponse(status=204, headers={"HX-Redirect": reverse(SETTING_UP)})
        return redirect(SETTING_UP)
