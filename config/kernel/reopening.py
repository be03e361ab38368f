"""A session that ended, or was opened anew in another tab: nothing typed is lost, and nobody lands on an empty page.

An address that takes POST alone shows nothing after signing in: whoever pressed a button comes back to the page of the
button. The script of forms puts back what was typed there (static/js/forms.js).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from config.kernel.htmx import is_part, toast

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SEND_AGAIN = "send-again"


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own, for pages whose session ended."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]  # a part is refused where it stands
        if is_part(request):
            return _refused_part(401, _("Votre session est terminée : connectez-vous dans un autre onglet."))
        if request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(_page_before(request) or "/", self.get_login_url(view_func))


def send_again(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that another session showed (CSRF_FAILURE_VIEW): back to its page, to be sent again with what it held."""
    sentence = _(
        "Votre session a été rouverte entre-temps : vérifiez ce que vous aviez saisi, puis envoyez-le de nouveau."
    )
    if is_part(request):
        return _refused_part(403, sentence)
    back = _page_before(request)
    if not back:
        return render(request, "refused.html", {"sentence": sentence}, status=403)
    if request.user.is_authenticated:
        messages.warning(request, sentence, extra_tags=SEND_AGAIN)
    return HttpResponseRedirect(back)


def _refused_part(status: int, sentence: str) -> HttpResponse:
    response = HttpResponse(status=status)
    response["HX-Reswap"] = "none"
    return toast(response, sentence, tone="bad")


def _page_before(request: HttpRequest) -> str:
    """Our own page that sent the request, with its query; '' when none is known."""
    before = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}):
        return ""
    parts = urlsplit(before)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
