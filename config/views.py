"""The home page, the search, and the small doors of the frame."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_GET, require_POST

from config import searching
from config.home import figures, is_new, tasks
from config.kernel.access import member
from config.kernel.clock import local_day


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next") or request.headers.get("Referer", "")
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/"


@require_GET
@member()
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    known = figures(now)
    context = {"figures": known, "tasks": tasks(now, known), "is_new": is_new(), "today": local_day(now)}
    return render(request, "home.html", context)


@require_GET
@member()
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`: an exact number opens its record at once; anything else is searched for."""
    text = request.GET.get("q", "")[:100]
    row = searching.exact(text)
    if row is not None:
        return redirect(row)
    return render(request, "search.html", {"search_query": text, "groups": searching.search(text)})


@require_POST
@member()
def switch_company(request: HttpRequest) -> HttpResponse:
    """Work in another of one's companies. A company one is no member of changes nothing."""
    wanted = request.POST.get("company", "")
    mine = {str(one.company_id) for one in request.memberships}  # type: ignore[attr-defined]  # set by the middleware
    if wanted in mine:
        request.session["company_id"] = int(wanted)
    # the page one was on belongs to the other company
    return redirect("home")


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    language = request.POST.get("language", "")
    response = redirect(_back(request))
    if language and check_for_language(language):
        response.set_cookie("django_language", language, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


@require_GET
@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """The process answers and its database too. The broker is no condition: the queues are rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
