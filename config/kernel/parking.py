"""A form set aside while something it needs is created on a page of its own, and found again as it was typed.

What was typed waits in the person's session; the page that creates ends by `way_back`, which names what it made.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.forms import BaseForm, BaseFormSet
from django.forms.utils import ErrorDict
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

PARKED = "parked_forms"
MOST = 5  # of one person; the oldest gives way
PLACE, MADE = "parked", "made"


def park(request: HttpRequest, slot: str) -> str:
    """Keep the form sent, for whose `slot` something is about to be created. Returns its token."""
    kept: list[dict[str, str]] = request.session.get(PARKED, [])
    token = secrets.token_urlsafe(9)
    form = {"token": token, "path": request.path, "slot": slot, "typed": request.POST.urlencode()}
    request.session[PARKED] = [*kept, form][-MOST:]
    return token


def way_back(request: HttpRequest, made: Any = None) -> str:
    """The address of the form that waits (`?back=` is its token), '' when none does; `made` is what was created."""
    form = _kept(request, request.GET.get("back", ""))
    if form is None:
        return ""
    return f"{form['path']}?{urlencode({PLACE: form['token']} | ({MADE: made} if made else {}))}"


def unpark(request: HttpRequest) -> tuple[QueryDict, str, str] | None:
    """What was typed in the form that comes back, its slot, and what was made for it ('' when nothing was)."""
    form = _kept(request, request.GET.get(PLACE, ""))
    if form is None or form["path"] != request.path:
        return None
    return QueryDict(form["typed"], mutable=True), form["slot"], request.GET.get(MADE, "")


def _kept(request: HttpRequest, token: str) -> dict[str, str] | None:
    kept: list[dict[str, str]] = request.session.get(PARKED, []) if token else []
    return next((form for form in kept if form["token"] == token), None)


def unjudged(form: BaseForm, formset: BaseFormSet) -> None:
    """Show a bound form without its errors: the person had not sent it yet."""
    for shown in (form, *formset.forms):
        shown._errors = ErrorDict()  # noqa: SLF001 – Django’s own place of a form’s errors
        shown.cleaned_data = {}
    rows: Any = formset
    rows._errors = [ErrorDict() for _form in formset.forms]  # noqa: SLF001
    rows._non_form_errors = formset.error_class()  # noqa: SLF001
