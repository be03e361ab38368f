"""A form sent twice (a double click, a page loaded again) acts once: the second sending gets the first one's answer.

A form is known by its CSRF token, which Django masks anew for every page it shows, with all that was typed in it: typed
otherwise, it asks for something else. The answer is kept in the transaction of its effects, beside those given to
programs (config/kernel/api/idempotency.py). So an act that talks to a remote system must not stand behind this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.kernel import outside
from config.kernel.access import MemberRequest, actor_of
from config.kernel.models import IdempotentCall

View = Callable[..., HttpResponse]


def sent_once(view: View) -> View:
    """View decorator, under `member`. A redirect or JSON is kept; a form that is shown again may be sent again."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        run = partial(view, request, *args, **kwargs)
        if request.method != "POST" or not request.POST.get("csrfmiddlewaretoken"):
            return run()
        return _once(request, run)

    guarded.sent_once = True  # type: ignore[attr-defined]  # read by the test of every page
    return guarded


@outside.atomic
def _once(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    digest = hashlib.sha256(f"{request.get_full_path()}\0{request.POST.urlencode()}".encode()).digest()
    _wait_alone(digest)
    key = f"form {digest.hex()}"  # the space: no program's key has one
    kept = IdempotentCall.objects.filter(key=key).first()
    if kept is not None:
        return _again(request, kept)
    response = run()
    # a page shown again (200) has done nothing: the same form may act once what was wrong is mended elsewhere
    if isinstance(response, HttpResponseRedirect | JsonResponse):
        IdempotentCall.objects.create(
            company=cast(MemberRequest, request).membership.company,
            key=key,
            caller=actor_of(request).name[:100],
            method="POST",
            path=request.path[:300],
            fingerprint=digest.hex(),
            status=response.status_code,
            location=response.headers.get("Location", ""),
            body=response.content.decode(),
            created_at=timezone.now(),
        )
    return response


def _wait_alone(digest: bytes) -> None:
    """Wait for the same form sent before, until its transaction ends."""
    with connection.cursor() as cursor:
        # there is no row to lock yet: the second sending must wait for the first one's answer to be committed
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def _again(request: HttpRequest, kept: IdempotentCall) -> HttpResponse:
    if not kept.location:
        return HttpResponse(kept.body, status=kept.status, content_type="application/json")
    messages.info(request, _("Ce formulaire a été envoyé deux fois ; il n’a agi qu’une fois."))
    return HttpResponseRedirect(kept.location)
