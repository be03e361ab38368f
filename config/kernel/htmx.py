"""Two small things over django-htmx: answer with the part or the page, and raise a toast."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event


def is_part(request: HttpRequest) -> bool:
    """True when HTMX asks for a part of the page: a boosted or restored page is a whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]  # set by django-htmx's middleware
    # a boosted link wants a page; a restored one has no page around the part, since the browser threw it away
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page_or_part(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `part` for an HTMX request and `page`, which includes it, for all others: one view, two renderings."""
    return render(request, part if is_part(request) else page, context, status=status)


def toast(response: HttpResponse, sentence: str, *, tone: str = "good") -> HttpResponse:
    """Show the sentence in the page's live region once the part is in place."""
    return trigger_client_event(response, "toast", {"message": sentence, "tone": tone})
