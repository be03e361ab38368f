"""Who may open a customer's page: whoever holds its link. The company in scope comes from the token, from nothing else.

A token that opens nothing gets one plain page, whatever is wrong with it. Calls are counted by address and by link.
Answers are kept by no cache and no search engine, and tell other sites nothing of the address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language_from_request, override

from config.kernel.addresses import address_of, network_of
from config.kernel.api import limits
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.scope import company_scope
from payments.portal.links import live_link, note_opening
from payments.portal.models import CustomerLink
from payments.portal.reading import language_of

LANGUAGES = ("fr", "en")
View = Callable[..., HttpResponse]


class LinkRequest(HttpRequest):
    """A request past `by_link`: its link is there."""

    link: CustomerLink


def by_link(view: View) -> View:
    """View decorator of every page for customers: the view is given the token, and finds `request.link`."""

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        response = _answer(view, request, token, kwargs)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        # its own pages alone hear of the address, which is a secret; `no-referrer` would leave forms without an Origin
        response["Referrer-Policy"] = "same-origin"
        return response

    guarded.by_link = True  # type: ignore[attr-defined]  # read by the test of every page
    return guarded


def _answer(view: View, request: HttpRequest, token: str, kwargs: dict[str, Any]) -> HttpResponse:
    at = timezone.now()
    try:
        limits.spend("portal_address", settings.PORTAL_ADDRESS_LIMIT, network_of(address_of(request)))
        link = live_link(token, at)
        if link is not None:
            limits.spend("portal_link", settings.PORTAL_LINK_LIMIT, link.public_id)
    except limits.TooManyCalls as error:
        return _plain(request, "payments/portal/too_often.html", error)
    if link is None:
        return _plain(request, "payments/portal/closed.html")
    with company_scope(link.company_id), override(_language(request, link)):
        request.link = link  # type: ignore[attr-defined]  # a request of ours has one: LinkRequest
        if request.method == "GET":
            note_opening(link=link, at=at)
        try:
            return view(request, token, **kwargs)
        except Http404:
            pass
        except DomainError as error:
            context = {"token": token, "link": link, "sentence": say(error)}
            return render(request, "payments/portal/refused.html", context, status=error.status)
    return _plain(request, "payments/portal/closed.html")


def _language(request: HttpRequest, link: CustomerLink) -> str:
    """The one chosen on the page, else the customer's."""
    chosen = request.GET.get("lang", "")
    return chosen if chosen in LANGUAGES else language_of(link.customer, link.invoice)


def _plain(request: HttpRequest, template: str, error: limits.TooManyCalls | None = None) -> HttpResponse:
    """A page that tells nothing of any company, in the language of the browser."""
    with override(get_language_from_request(request)):
        response = render(request, template, status=error.status if error else 404)
    if error is not None:
        error.quota.write(response)
    return response


def form_key(request: HttpRequest) -> str:
    """The form as it was sent: its CSRF token, masked anew for every page, with all that was typed in it."""
    return hashlib.sha256(f"{request.path}\0{request.POST.urlencode()}".encode()).hexdigest()
