"""Who may call the simulated Invoice Ninja, the book of every call, and the failures it is to have."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from config.sandbox.models import SandboxRecord

SERVICE = "invoice_ninja"
KEY_PREFIX = "ninja_"  # a published token is this and the account's name: ninja_demo-…
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
            SandboxRecord.objects.create(
                service=SERVICE,
                kind="call",
                key=uuid.uuid4().hex,
                client_id=client_id,
                facts={"call": f"{request.method} {request.get_full_path()}"},
            )
            if request.method != "GET":
                return problem(405, "The method is not supported for this route.")
            failures = faults.of(request, operation=operation, client_id=client_id)
            if "latency" in failures:
                time.sleep(failures.seconds("latency", 1.0))
            return _failure(failures) or view(request, client_id, *args, **kwargs)

        return guarded

    return decorate


def account_of(token: str) -> str:
    """The account whose token it is; '' for any other token."""
    if token == CLIENT_SECRET:
        return SHARED_ACCOUNT
    name = token.removeprefix(KEY_PREFIX)
    return name if name != token and name.startswith(CLIENT_PREFIX) else ""


def _failure(failures: faults.Faults) -> HttpResponse | None:
    if "expired-token" in failures:
        return problem(403, "Invalid token")
    if "429" in failures:
        answer = problem(429, "Too Many Attempts.")
        answer["Retry-After"] = failures.value("429") or "2"
        return answer
    if "503" in failures:
        return problem(503, "Service Unavailable")
    if "500" in failures:
        return problem(500, "Server Error")
    return HttpResponse() if "empty-body" in failures else None
