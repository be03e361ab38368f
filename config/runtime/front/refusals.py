"""Refusing, in words, what the front did not read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.kernel.api.problems import of_domain
from config.kernel.api.refusals import LengthMissing, TooLarge
from config.kernel.middleware import PROGRAMS, GetResponse, say
from config.runtime.front.requests import REFUSED

ERRORS = {411: LengthMissing, 413: TooLarge}


class UnreadBodyMiddleware:
    """A problem for programs, a page for people."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        status = getattr(request, "environ", {}).get(REFUSED)
        if status is None:
            return self.get_response(request)
        error = ERRORS[status]()
        if request.path.startswith(PROGRAMS):
            return of_domain(error)
        return render(request, "unread.html", {"sentence": say(error)}, status=status)
