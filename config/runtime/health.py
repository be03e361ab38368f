"""`/health/`: whether all that the product needs answers; 503 names what does not, frozen or gone, within a second.

`away` are the services, `stopped` the workers and the clock, each with since when and what to do. `/health/web/` tells
of the web server alone, for whoever decides where requests go: pages are served without a broker and without workers.
`/healthz` says that the process answers, and asks nothing; `/readyz` that a start is complete: services, and every
migration that this code has, so that a release is let in once it can work (config/deploy/upgrade.sh waits for it).
Each check has threads of its own, whose answer is waited for a moment and no longer: a call to a frozen server or disk
cannot be interrupted, and must hold up neither the other checks nor the request.
"""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import structlog
from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from config.kernel import broker
from config.kernel.kept import check_place
from config.kernel.middleware import GetResponse
from config.kernel.models import Heartbeat
from config.runtime import heartbeats

log = structlog.get_logger(__name__)
PATH = "/health/"
WEB_PATH = "/health/web/"
ALIVE_PATH = "/healthz"
READY_PATH = "/readyz"
PATIENCE = 0.8  # seconds, for all checks together
THREADS = 2  # of each check
CONNECT_SECONDS = 2  # the least that libpq takes; a thread is free again after it
SIGNS = f"SELECT {', '.join(heartbeats.COLUMNS)} FROM {Heartbeat._meta.db_table}"  # noqa: S608 - our own table


def _query(sql: str) -> list[Any]:
    """On a connection of its own: those of the pool may all be held by requests that wait for a frozen server."""
    parameters: dict[str, Any] = connection.get_connection_params()
    with psycopg.connect(**{**parameters, "connect_timeout": CONNECT_SECONDS}) as fresh:
        return fresh.execute(sql).fetchall()


def _database() -> None:
    _query("SELECT 1")


def _broker() -> None:
    with broker.asking(), broker.client() as client:
        client.ping()


def _workers() -> list[heartbeats.Worker]:
    return heartbeats.not_working(heartbeats.judge(_query(SIGNS), timezone.now()))


@lru_cache(maxsize=1)
def written_migrations() -> frozenset[tuple[str, str]]:
    """Those of this code, by the names of their files: none is imported, which would take a second."""
    places = {config.label: Path(config.path, "migrations") for config in apps.get_app_configs()}
    return frozenset(
        (label, found.name) for label, place in places.items() for found in pkgutil.iter_modules([str(place)])
    )


def _migrations() -> None:
    """Raises LookupError where this code has one that the database has not. More than ours are a newer release's."""
    applied = set(_query("SELECT app, name FROM django_migrations"))
    if missing := written_migrations() - applied:
        raise LookupError(f"{len(missing)} migrations to apply")


CHECKS: dict[str, Callable[[], Any]] = {
    "database": _database,
    "broker": _broker,
    "files": check_place,
    "workers": _workers,
    "migrations": _migrations,
}
# which of them each address asks
ASKED: dict[str, tuple[str, ...]] = {
    PATH: ("database", "broker", "files", "workers"),
    WEB_PATH: ("database", "files"),
    ALIVE_PATH: (),
    READY_PATH: ("database", "broker", "files", "migrations"),
}
PATHS = tuple(ASKED)
OF_THE_DATABASE = ("workers", "migrations")
_threads = {name: ThreadPoolExecutor(THREADS, thread_name_prefix=f"health-{name}") for name in CHECKS}


def find(names: Collection[str] = ASKED[PATH]) -> tuple[list[str], list[heartbeats.Worker]]:
    """What of these does not answer, and who of the background does not work, where that could be asked."""
    answers = {name: _threads[name].submit(CHECKS[name]) for name in names}
    deadline = time.monotonic() + PATIENCE
    away: list[str] = []
    stopped: list[heartbeats.Worker] = []
    for name, answer in answers.items():
        try:
            found = answer.result(max(0.0, deadline - time.monotonic()))
        except Exception as error:  # noqa: BLE001 - whatever it is, this one is away
            # only one that has not begun can be cancelled; a hanging one keeps its thread until libpq gives up
            answer.cancel()
            log.warning("away", what=name, error=type(error).__name__)
            away.append(name)
        else:
            stopped += found or []
    if "database" in away:
        # nobody could be asked about these
        away = [name for name in away if name not in OF_THE_DATABASE]
    return away, stopped


class HealthMiddleware:
    """Answers before anything asks who calls: with the database frozen, that question would hang."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in PATHS:
            return self.get_response(request)
        away, stopped = find(ASKED[request.path])
        body: dict[str, Any] = {"status": "ok"}
        if away or stopped:
            background = [
                {"name": worker.name, "state": worker.state, "since": worker.since, "remedy": worker.remedy}
                for worker in stopped
            ]
            body = {"status": "unavailable", "away": away, "stopped": background}
        response = JsonResponse(body, status=503 if away or stopped else 200, headers={"Cache-Control": "no-store"})
        # it is an answer, not an error of ours to write down each time somebody asks
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - django.utils.log reads it
        return response
