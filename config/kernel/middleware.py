"""Per request: its id, compression, the strict content policy, the company it works in, and refusals in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from structlog.contextvars import clear_contextvars

from config.kernel.errors import DomainError, NotAllowed, Sentence
from config.kernel.htmx import toast
from config.kernel.logs import adopt_request_id
from config.kernel.models import Membership
from config.kernel.scope import across_companies, company_scope, no_scope

# addresses for programs: their own door, and problems instead of pages
PROGRAMS = ("/api/", "/integrations/")
GetResponse = Callable[[HttpRequest], HttpResponse]

POLICY = (
    # no 'unsafe-inline': a script that slipped into a page as data does not run
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


class RequestIdMiddleware:
    """X-Request-Id in and out, and on every log line between."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        request_id = adopt_request_id(request.headers.get("X-Request-Id", ""))
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


# pictures, PDF, fonts and workbooks are compressed already
TEXTS = re.compile(r"text/.+|application/(.+\+)?(json|xml|yaml)|application/javascript|image/svg\+xml|font/ttf")
NO_GZIP = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)")


class CompressMiddleware(GZipMiddleware):
    """Texts travel compressed to whoever accepts gzip; what is streamed stays so.

    Django pads each answer by a random length, so that its size tells nothing of a secret in it (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method == "HEAD" or not _is_whole_text(response):
            return response
        if NO_GZIP.search(request.headers.get("Accept-Encoding", "")):
            return response
        tag = response.get("ETag")
        response = super().process_response(request, response)
        if tag:
            # it names the version of the object however it travels; weakened, as Django does, no If-Match would take it
            response["ETag"] = tag
        return response


def _is_whole_text(response: HttpResponseBase) -> bool:
    """No part of a file, and no answer without a body."""
    kind = response.get("Content-Type", "").partition(";")[0].strip()
    return response.status_code not in (204, 206, 304) and TEXTS.fullmatch(kind) is not None


class ContentSecurityMiddleware:
    """Only our own scripts, styles and pictures; signed-in pages are kept by no cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store, private")
        return response


class RefuseNulMiddleware:
    """A text with a NUL, in the address or in a form, is no text: PostgreSQL keeps none. 400, once for every page.

    Programs have refusals of their own (config/kernel/api).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PROGRAMS) and ("\0" in request.path or _has_nul(request.GET)):
            raise BadRequest("NUL in the address")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Forms: those of strangers only where they are small, since reading one with files writes them down."""
        may_read = request.user.is_authenticated or request.content_type == "application/x-www-form-urlencoded"
        if may_read and not request.path.startswith(PROGRAMS) and _has_nul(request.POST):
            raise BadRequest("NUL in a form")


def _has_nul(typed: QueryDict) -> bool:
    return any("\0" in text for name, values in typed.lists() for text in (name, *values))


class CompanyMiddleware:
    """Put the person's company in scope: the one chosen in the switcher, else the first.

    Whoever has none, or is not signed in, works in no scope, and so do programs until they have shown a credential.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with self._scope_of(request):
            return self.get_response(request)

    def _scope_of(self, request: HttpRequest) -> AbstractContextManager[None]:
        if request.path.startswith("/admin/") and request.user.is_superuser:
            # the superusers' admin shows the rows of every company
            return across_companies()
        if not request.user.is_authenticated or request.path.startswith(("/admin/", *PROGRAMS)):
            return no_scope()
        memberships = list(Membership.objects.filter(user_id=request.user.pk).select_related("company").order_by("id"))
        if not memberships:
            return no_scope()
        chosen = request.session.get("company_id")
        membership = next((row for row in memberships if row.company_id == chosen), memberships[0])
        request.memberships = memberships  # type: ignore[attr-defined]  # read by access.py and frame.py alone
        request.membership = membership  # type: ignore[attr-defined]  # a request of ours has one: MemberRequest
        return company_scope(membership.company_id)


class DomainErrorMiddleware:
    """A DomainError that no form caught: a toast for HTMX, else back to the page with the sentence."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        sentence = say(error)
        if getattr(request, "htmx", False):
            response = HttpResponse(status=error.status)
            toast(response, sentence, tone="bad")
            # the refused part stays as it is: htmx would otherwise put an empty answer in its place
            response["HX-Reswap"] = "none"
            return response
        back = request.headers.get("Referer", "")
        # a Referer is written by the caller: only a page of ours is gone back to (open redirect)
        if request.method == "POST" and url_has_allowed_host_and_scheme(back, {request.get_host()}):
            messages.error(request, sentence)
            return HttpResponseRedirect(back)
        return render(request, "refused.html", {"title": _title(error), "sentence": sentence}, status=error.status)


def _title(error: DomainError) -> str:
    return _("Accès refusé") if isinstance(error, NotAllowed) else _("Action refusée")


def say(error: DomainError) -> str:
    """The error's sentence in the person's language."""
    return translated(error.sentence)


def translated(sentence: str) -> str:
    """A sentence of ours, whole or filled, in the person's language."""
    if isinstance(sentence, Sentence):
        return _(sentence.msgid) % sentence.params if sentence.params else _(sentence.msgid)
    return _(sentence)
