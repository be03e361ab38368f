"""`/health/`: whether all that the product needs answers; 503 names what does not, frozen or gone, within a second.

Each check has threads of its own, whose answer is waited for a moment and no longer: a call to a frozen server or disk
cannot be interrupted, and must hold up neither the other checks nor the request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.kernel import broker
from config.kernel.kept import check_place
from config.kernel.middleware import GetResponse

log = structlog.get_logger(__name__)
PATH = "/health/"
PATIENCE = 0.8  # seconds, for all checks together
THREADS = 2  # of each check
CONNECT_SECONDS = 2  # the least that libpq takes; a thread is free again after it


def _database() -> None:
    """On a connection of its own: those of the pool may all be held by requests that wait for a frozen server."""
    parameters: dict[str, Any] = connection.get_connection_params()
    with psycopg.connect(**{**parameters, "connect_timeout": CONNECT_SECONDS}) as fresh:
        fresh.execute("SELECT 1")


def _broker() -> None:
    with broker.client() as client:
        client.ping()


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "broker": _broker, "files": check_place}
_threads = {name: ThreadPoolExecutor(THREADS, thread_name_prefix=f"health-{name}") for name in CHECKS}


def away() -> list[str]:
    """The names of what does not answer, of CHECKS."""
    answers = {name: _threads[name].submit(check) for name, check in CHECKS.items()}
    deadline = time.monotonic() + PATIENCE
    found = []
    for name, answer in answers.items():
        try:
            answer.result(max(0.0, deadline - time.monotonic()))
        except Exception as error:  # noqa: BLE001 - whatever it is, this one is away
            # only one that has not begun can be cancelled; a hanging one keeps its thread until libpq gives up
            answer.cancel()
            log.warning("away", what=name, error=type(error).__name__)
            found.append(name)
    return found


class HealthMiddleware:
    """Answers before anything asks who calls: with the database frozen, that question would hang."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != PATH:
            return self.get_response(request)
        found = away()
        body = {"status": "unavailable", "away": found} if found else {"status": "ok"}
        return JsonResponse(body, status=503 if found else 200, headers={"Cache-Control": "no-store"})
