"""The home page, the search, and what the frame of every page sends."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import check_for_language
from django.views.decorators.http import require_GET, require_POST
from django.views.defaults import server_error as error_page

from billing.models import Invoice
from config.kernel import arithmetic, typography
from config.kernel.access import MemberRequest, member, role_of
from config.kernel.api.problems import broken
from config.kernel.clock import local_day
from config.kernel.forms import FrenchDecimalField
from config.kernel.htmx import is_part, page_or_part
from config.kernel.middleware import PROGRAMS
from config.kernel.models import User
from config.kernel.search import SearchTerms
from config.kernel.timeline import latest_of
from config.kernel.todo import Today
from config.pages import figures
from config.pages.home import first_steps, todos
from config.pages.places import find_places
from config.pages.search import numbered_record, sections_found
from einvoicing.views.readiness import readiness_banner

RECENT = 8


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next") or request.headers.get("Referer", "")
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/"


@require_GET
@member("company")
def home(request: HttpRequest) -> HttpResponse:
    """What needs me today, each line with its one action, and four figures. A new company gets its first steps."""
    membership = cast(MemberRequest, request).membership
    today = Today(timezone.now(), user_id=membership.user_id, role=membership.role)
    is_new = not Invoice.objects.issued().exists()
    context = {
        "today": today.date,
        "figures": [] if is_new else figures.figures(today, membership),
        "todos": todos(today, membership.role, is_superuser=bool(request.user.is_superuser)),
        "steps": first_steps(membership.role) if is_new else [],
        "recent": latest_of(RECENT, membership.role),
        "readiness": readiness_banner(membership.company, today.date),
    }
    return render(request, "home.html", context)


@require_GET
@member("company")
def figure(request: HttpRequest) -> HttpResponse:
    """What a sum typed in a field makes (`?text=12/3&places=2`), as the field will read it: text, empty for no sum."""
    places = request.GET.get("places", "")
    field = FrenchDecimalField(decimal_places=min(int(places), 6) if places.isascii() and places.isdigit() else 2)
    try:
        value = field.to_python(request.GET.get("text", "")[: arithmetic.LONGEST + 1])
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), content_type="text/plain", status=422)
    return HttpResponse(f"= {typography.number(value)}", content_type="text/plain")


@require_GET
@member("company")
def search(request: HttpRequest) -> HttpResponse:
    """Everything that answers `?q=`; a number goes straight to its record. HTMX: the options under the search field."""
    role = role_of(request)
    terms = SearchTerms(request.GET.get("q", ""))
    if not is_part(request) and terms.text and (address := numbered_record(terms, role)):
        return redirect(address)
    context = {
        "search_query": terms.text,
        "places": find_places(role, terms.text),
        "sections": [] if terms.is_too_short else sections_found(terms, role, local_day(timezone.now())),
        "too_short": terms.is_too_short,
    }
    return page_or_part(request, "search.html", "_search_options.html", context)


@require_POST
@member("company")
def switch_company(request: HttpRequest) -> HttpResponse:
    """Work in another of one's companies. A company one is no member of changes nothing."""
    wanted, typed = request.POST.get("company", ""), request.POST.get("company_text", "")
    mine = {str(membership.company_id) for membership in cast(MemberRequest, request).memberships}
    if wanted not in mine:
        # typed without JavaScript: the list answers
        return redirect(f"{reverse('dossiers')}?{urlencode({'q': typed})}" if typed else "home")
    request.session["company_id"] = int(wanted)
    # the page one was on belongs to the other company; a list of what waits in this one says where it leads
    asked = request.POST.get("next", "")
    return redirect(asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else "home")


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    language = request.POST.get("language", "")
    response = redirect(_back(request))
    if language and check_for_language(language):
        response.set_cookie("django_language", language, max_age=365 * 86400, samesite="Lax", httponly=True)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect: a page for people, a problem for programs."""
    return broken(request) if request.path.startswith(PROGRAMS) else error_page(request)
