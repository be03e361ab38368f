"""Who may call the simulated provider: any key that begins with the prefix is an account of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.sandbox import faults
from config.sandbox.faults import Faults

SERVICE = "hosted_checkout"
KEY_PREFIX = "sk_demo_"
View = Callable[..., HttpResponse]


def problem(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


def called(operation: str) -> Callable[[View], View]:
    """View decorator: the key, and the failures of this call."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: object) -> HttpResponse:
            scheme, _, key = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not key.startswith(KEY_PREFIX):
                return problem(401, "invalid_key", "Unknown key")
            failures = faults.of(request, operation=operation, client_id=key)
            if "latency" in failures:
                time.sleep(failures.seconds("latency", 1.0))
            for kind in ("429", "503", "500"):
                if kind in failures:
                    return problem(int(kind), "unavailable", "Try again later")
            return view(request, key, failures, **kwargs)

        return csrf_exempt(guarded)

    return decorate


def webhook_faults(request: HttpRequest, key: str) -> Faults:
    return faults.of(request, operation=faults.ANSWER, client_id=key)
