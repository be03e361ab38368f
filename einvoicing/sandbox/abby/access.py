"""Who may call the simulated Abby, the book of every call, and the failures it is to have at a given step."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from config.sandbox.breaking import cut
from config.sandbox.models import SandboxFault, SandboxRecord

SERVICE = "abby"
KEY_PREFIX = "suk_"  # a published key is this and the account's name: suk_demo-…
SHARED_ACCOUNT = "demo-abby"  # whose key is the sandbox's own secret
# a failure whose value is one of these waits for that step of a copy
STEPS = ("customer", "create", "title", "lines", "timeline", "general", "income")


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call: whose, with what body."""

    request: HttpRequest
    client_id: str
    body: dict[str, Any]
    injected: faults.Faults

    def query(self, name: str) -> str:
        return str(self.request.GET.get(name, ""))


View = Callable[..., HttpResponse]


def problem(status: int, message: str, **headers: str) -> JsonResponse:
    """Abby's error body."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"statusCode": status, "message": message}, status=status, headers=shown)


def called(method: str, operation: str, step: str = "") -> Callable[[View], View]:
    """View decorator: the method, the key, the body, then the failures of this step; every call is written down."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method != method:
                return problem(405, "Method Not Allowed")
            client_id = _account(request)
            if not client_id:
                return problem(401, "Unauthorized")
            _write_down(request, client_id)
            injected = _faults(request, client_id, operation, step)
            if "latency" in injected:
                time.sleep(injected.seconds("latency", 1.0) if injected.value("latency") not in STEPS else 1.0)
            body = _body(request)
            failure = _failure(injected) or (HttpResponse(status=400) if body is None else None)
            if failure:
                return failure
            answer = view(Call(request, client_id, body or {}, injected), *args, **kwargs)
            return _after(request, injected, answer) if answer.status_code < 400 else answer

        return guarded

    return decorate


def _account(request: HttpRequest) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    if key == CLIENT_SECRET:
        return SHARED_ACCOUNT
    name = key.removeprefix(KEY_PREFIX)
    return name if name != key and name.startswith(CLIENT_PREFIX) else ""


def _write_down(request: HttpRequest, client_id: str) -> None:
    call = f"{request.method} {request.path}"
    SandboxRecord.objects.create(
        service=SERVICE, kind="call", key=uuid.uuid4().hex, client_id=client_id, facts={"call": call}
    )


def _faults(request: HttpRequest, client_id: str, operation: str, step: str) -> faults.Faults:
    elsewhere = SandboxFault.objects.filter(client_id=client_id, remaining__gt=0, value__in=STEPS).exclude(value=step)
    if elsewhere.exists():
        return faults.Faults({})
    return faults.of(request, operation=operation, client_id=client_id)


def _body(request: HttpRequest) -> dict[str, Any] | None:
    """The JSON object of a call that writes; None when there is none, which Abby refuses without a word."""
    if request.method == "GET":
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _failure(injected: faults.Faults) -> HttpResponse | None:
    if "expired-token" in injected:
        return problem(401, "Unauthorized")
    if "429" in injected:
        wait = injected.value("429")
        return problem(429, "Too Many Requests", retry_after=wait if wait.isdigit() else "2")
    if "503" in injected:
        return problem(503, "Service Unavailable", retry_after=injected.value("503") or "2")
    return problem(500, "Internal server error") if "500" in injected else None


def _after(request: HttpRequest, injected: faults.Faults, answer: HttpResponse) -> HttpResponse:
    """It is done; what the client learns of it may be another matter."""
    if "reset-after-accept" in injected:
        cut(request)
    if "accepted-then-500" in injected:
        return problem(500, "Internal server error")
    if "empty-body" in injected:
        return HttpResponse(status=answer.status_code)
    return answer
