"""Who may call the simulated Pennylane, how often, and the failures it is to have before anything is done."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET

PUBLISHED_PREFIX = "pennylane-"  # a published token is this and the account's name: pennylane-demo-…
SHARED_ACCOUNT = "demo-pennylane"  # whose token is the sandbox's own secret
LIMIT = 25  # requests in one window

View = Callable[..., HttpResponse]
_windows: dict[str, deque[float]] = {}
_guard = threading.Lock()


def problem(status: int, message: str, details: Any = None, **headers: str) -> JsonResponse:
    """Pennylane's error body."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    body: dict[str, Any] = {"status": status, "message": message}
    return JsonResponse(body | ({"details": details} if details else {}), status=status, headers=shown)


def window_seconds() -> float:
    return float(getattr(settings, "SANDBOX_WINDOW_SECONDS", 5.0))


def called(operation: str, *parameters: str) -> Callable[[View], View]:
    """View decorator: the token, the limit of requests, then the failures this request is to have."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            client_id = _account(request)
            if not client_id:
                return problem(401, "Access token is missing, expired or invalid")
            left, reset = _take(client_id)
            if left < 0:
                answer: HttpResponse = problem(429, "Too many requests", retry_after=str(max(1, round(reset))))
            else:
                injected = faults.of(request, operation=operation, client_id=client_id)
                if "latency" in injected:
                    time.sleep(injected.seconds("latency", 1.0))
                answer = (
                    _failure(injected)
                    or _unknown(request, parameters)
                    or view(request, client_id, injected, *args, **kwargs)
                )
            answer["ratelimit-limit"] = str(LIMIT)
            answer["ratelimit-remaining"] = str(max(0, left))
            answer["ratelimit-reset"] = f"{reset:.2f}"
            return answer

        return guarded

    return decorate


def _unknown(request: HttpRequest, parameters: Sequence[str]) -> HttpResponse | None:
    """The refusal of a parameter or form field that is not documented for this call."""
    unknown = sorted((request.GET.keys() | request.POST.keys()) - set(parameters))
    return problem(400, "Bad request", [{"message": f"unknown: {', '.join(unknown)}"}]) if unknown else None


def _account(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    if token == CLIENT_SECRET:
        return SHARED_ACCOUNT
    name = token.removeprefix(PUBLISHED_PREFIX)
    return name if name != token and name.startswith(CLIENT_PREFIX) else ""


def _take(client_id: str) -> tuple[int, float]:
    """Count this request: how many are left in the window (-1: refused), and the seconds until it ends."""
    now, length = time.monotonic(), window_seconds()
    with _guard:
        made = _windows.setdefault(client_id, deque())
        while made and made[0] <= now - length:
            made.popleft()
        if len(made) >= LIMIT:
            return -1, made[0] + length - now
        made.append(now)
        return LIMIT - len(made), made[0] + length - now


def _failure(injected: faults.Faults) -> HttpResponse | None:
    if "expired-token" in injected:
        return problem(401, "Access token is missing, expired or invalid")
    if "429" in injected:
        return problem(429, "Too many requests", retry_after=injected.value("429") or "2")
    if "503" in injected:
        return problem(503, "Service unavailable", retry_after=injected.value("503") or "2")
    return problem(500, "Internal server error") if "500" in injected else None
