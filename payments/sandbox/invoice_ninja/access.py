"""Who may call the simulated Invoice Ninja, the book of every call, and the failures it is to have."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from payments.sandbox import calls

SERVICE = "invoice_ninja"
KEY_PREFIX = "ninja_"  # a published token is this and the account's name: ninja_demo-…
MOST_CALLS = 500  # a minute, as hosted; SANDBOX_NINJA_MINUTE is another number
SHARED_ACCOUNT = "demo-invoice-ninja"  # whose token is the sandbox's own secret

View = Callable[..., HttpResponse]


def problem(status: int, message: str, **errors: list[str]) -> JsonResponse:
    """Invoice Ninja's error body."""
    return JsonResponse({"message": message, "errors": errors}, status=status)


def called(operation: str) -> Callable[[View], View]:
    """View decorator: reading alone, the token, then the failures of this call; every call is written down."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            client_id = account_of(request.headers.get("X-API-TOKEN", ""))
            if not client_id:
                return problem(403, "Invalid token")
            calls.write_down(SERVICE, client_id, f"{request.method} {request.get_full_path()}")
            most = getattr(settings, "SANDBOX_NINJA_MINUTE", MOST_CALLS)
            number, seconds = calls.used(SERVICE, client_id)
            answer = _answer(request, client_id, number > most, seconds) or view(request, client_id, *args, **kwargs)
            answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"] = str(most), str(max(0, most - number))
            return answer

        def _answer(request: HttpRequest, client_id: str, is_over: bool, seconds: int) -> HttpResponse | None:
            if is_over:
                return _slow_down(str(seconds))
            if request.method != "GET":
                return problem(405, "The method is not supported for this route.")
            failures = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in failures:
                time.sleep(failures.seconds("latency", 1.0))
            return _failure(failures)

        return guarded

    return decorate


def account_of(token: str) -> str:
    """The account whose token it is; '' for any other token."""
    if token == CLIENT_SECRET:
        return SHARED_ACCOUNT
    name = token.removeprefix(KEY_PREFIX)
    return name if name != token and name.startswith(CLIENT_PREFIX) else ""


def _slow_down(seconds: str) -> HttpResponse:
    answer = problem(429, "Too Many Attempts.")
    answer["Retry-After"] = seconds
    return answer


def _failure(failures: faults.Faults) -> HttpResponse | None:
    if "expired-token" in failures:
        return problem(403, "Invalid token")
    if "429" in failures:
        return _slow_down(failures.value("429") or "2")
    if "503" in failures:
        return problem(503, "Service Unavailable")
    if "500" in failures:
        return problem(500, "Server Error")
    return HttpResponse() if "empty-body" in failures else None
