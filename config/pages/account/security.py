"""« Mon compte › Sécurité »: the second factor, recovery codes, open sessions."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel.models import User
from config.kernel.people.adapters import key_domain
from config.kernel.people.second_factor import companies_of, must_have_second_factor
from config.kernel.people.sessions import end_other_sessions


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """What stands between the account and whoever knows its password."""
    user = cast(User, request.user)
    found = list(Authenticator.objects.filter(user_id=user.pk).order_by("pk"))
    of_type = {kind: [row for row in found if row.type == kind] for kind in Authenticator.Type}
    codes = of_type[Authenticator.Type.RECOVERY_CODES]
    context: dict[str, Any] = {
        "totp": next(iter(of_type[Authenticator.Type.TOTP]), None),
        "keys": of_type[Authenticator.Type.WEBAUTHN],
        "keys_work": bool(key_domain()),
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "is_required": must_have_second_factor(user, companies_of(user)),
    }
    return render(request, "account/security.html", context)


@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in; « Déconnecter partout » ends all but this one, and the API tokens."""
    user = cast(User, request.user)
    if request.method == "POST":
        end_other_sessions(user=user, session_key=request.session.session_key or "", at=timezone.now())
        messages.success(request, _("Vos autres sessions et vos jetons d’API sont fermés."))
        return redirect("usersessions_list")
    rows = sorted(UserSession.objects.purge_and_list(user), key=lambda row: row.created_at, reverse=True)
    context = {"sessions": rows, "current": request.session.session_key}
    return render(request, "account/sessions.html", context)
