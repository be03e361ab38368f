"""Who may call the simulated Abby, the judging and the book of every call, and the failures it is to have."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.sandbox import faults
from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from config.sandbox.breaking import cut
from config.sandbox.models import SandboxFault, SandboxRecord
from einvoicing.sandbox.abby.description import ROUTES, Route, problems_of, typed

SERVICE = "abby"
KEY_PREFIX = "suk_"  # a published key is this and the account's name: suk_demo-…
SHARED_ACCOUNT = "demo-abby"  # whose key is the sandbox's own secret
# a failure whose value is one of these waits for that step of a copy
STEPS = ("customer", "create", "title", "lines", "timeline", "general", "income")


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call that the description knows: whose, with what query and body."""

    client_id: str
    query: Mapping[str, Any]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers one route: its view, the kind of failures it may have, and the step of a copy that it is."""

    view: Callable[..., HttpResponse]
    faults: str
    step: str = ""


def problem(status: int, message: str | list[str], **headers: str) -> JsonResponse:
    """Abby's error body."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"statusCode": status, "message": message}, status=status, headers=shown)


def serve(template: str, operations: Mapping[str, Operation]) -> Callable[..., HttpResponse]:
    """The view of one address, method by method: the key, the description, then the failures of this step."""

    @csrf_exempt
    def view(request: HttpRequest, **kwargs: str) -> HttpResponse:
        operation, route = operations.get(request.method or ""), ROUTES.get((request.method or "", template))
        client_id = _account(request)
        if not client_id:
            return problem(401, "Unauthorized")
        _write_down(request, client_id)
        if operation is None or route is None or not (route.published or _is_open_to(client_id)):
            return problem(404, f"Cannot {request.method} {request.path}")
        injected = _faults(request, client_id, operation)
        if "latency" in injected:
            time.sleep(injected.seconds("latency", 1.0) if injected.value("latency") not in STEPS else 1.0)
        if failure := _failure(injected):
            return failure
        call = _judged(request, client_id, route)
        if isinstance(call, HttpResponse):
            return call
        answer = operation.view(call, *kwargs.values())
        return _after(request, injected, answer) if answer.status_code < 400 else answer

    return view


def _account(request: HttpRequest) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    if key == CLIENT_SECRET:
        return SHARED_ACCOUNT
    name = key.removeprefix(KEY_PREFIX)
    return name if name != key and name.startswith(CLIENT_PREFIX) else ""


def _is_open_to(client_id: str) -> bool:
    """Whether this account has the calls that Abby does not publish."""
    return SandboxRecord.objects.filter(service=SERVICE, kind="unpublished", client_id=client_id).exists()


def _write_down(request: HttpRequest, client_id: str) -> None:
    call = f"{request.method} {request.path}"
    SandboxRecord.objects.create(
        service=SERVICE, kind="call", key=uuid.uuid4().hex, client_id=client_id, facts={"call": call}
    )


def _judged(request: HttpRequest, client_id: str, route: Route) -> Call | HttpResponse:
    """The call as the description has it, or its refusal. A write without a body is refused without a word."""
    query = typed(route.query, request.GET.dict())
    body: Any = {}
    if request.method not in {"GET", "DELETE"}:
        try:
            body = json.loads(request.body)
        except ValueError:
            return HttpResponse(status=400)
        if not isinstance(body, dict) or "application/json" not in str(request.content_type):
            return HttpResponse(status=400)
    wrong = [*problems_of(route.query, query), *problems_of(route.body or {}, body)]
    return problem(400, wrong) if wrong else Call(client_id, query, body)


def _faults(request: HttpRequest, client_id: str, operation: Operation) -> faults.Faults:
    waiting = SandboxFault.objects.filter(client_id=client_id, remaining__gt=0, value__in=STEPS)
    if waiting.exclude(value=operation.step).exists():
        return faults.Faults({})
    return faults.of(request, operation=operation.faults, client_id=client_id)


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
