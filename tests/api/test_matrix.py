"""Every route × who calls × whose row. A route that declares nothing, or that this table does not know, fails here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.kernel.api.keys import SCOPES
from config.kernel.api.operation import Operation
from config.kernel.api.view import ApiView
from config.kernel.roles import allows
from config.kernel.scope import ScopedManager
from tests.api.client import Partner, a_machine, a_partner
from tests.api.world import A_ROW, NAMED, World
from tests.factories import story
from tests.trust.at_once import a_share, who_knocks
from tests.unchanged import as_it_was

pytestmark = pytest.mark.django_db

NOT_OURS = {"api:schema", "api:docs", "api:unknown", "chorus:unknown"}


@dataclass(frozen=True)
class Route:
    path: str
    name: str
    method: str
    view: type[ApiView]
    operation: Operation

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def folder(self) -> str:
        return self.path.split("/")[1]

    def address(self, world: World) -> str:
        """The route's address, with rows of this world in it."""
        parts = []
        for part in self.path.split("/"):
            if part.startswith("<"):
                kind, _, word = part.strip("<>").rpartition(":")
                part = NAMED[word](world) if kind != "int" else str(A_ROW[self._noun(word)](world).pk)
            parts.append(part)
        return "/" + "/".join(parts)

    def _noun(self, word: str) -> str:
        """What an id of this route names: the word itself when it says so, else the folder before it."""
        if word != "id":
            return word
        return self.path.split("/<int:id>")[0].rpartition("/")[2]


def patterns(resolver: Any, path: str = "", namespace: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for one in resolver.url_patterns:
        here = path + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = ":".join(word for word in (namespace, one.namespace) if word)
            yield from patterns(one, here, inner)
        else:
            yield here, f"{namespace}:{one.name}" if namespace else str(one.name), one


def for_programs() -> list[tuple[str, str, URLPattern]]:
    return [
        (path, name, pattern)
        for path, name, pattern in patterns(get_resolver())
        if path.startswith(("api/", "integrations/")) and name not in NOT_OURS
    ]


def routes() -> list[Route]:
    found = []
    for path, name, pattern in for_programs():
        view: Any = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if view is None or not issubclass(view, ApiView):
            continue
        found += [Route(path, name, method, view, operation) for method, operation in view.operations().items()]
    return found


ROUTES = routes()
CLOSED = [route for route in ROUTES if not route.operation.public]
# a period of e-reporting is named by its days, a report by its name: everybody asks for that of their own company
NO_ROW = ("<str:period>", "<slug:slug>")
WITH_A_ROW = [route for route in CLOSED if "<" in route.path and not any(word in route.path for word in NO_ROW)]
FOLDERS = sorted({route.folder for route in CLOSED})


@contextmanager
def address_of(route: Route, world: World) -> Iterator[str]:
    """The route's address in a world of its own: its rows, and what a call changes, are undone."""
    with as_it_was():
        yield route.address(world.copied())


def call(route: Route, address: str, partner: Partner) -> Any:
    body = None if route.method == "get" else {}
    answer = partner.call(route.method.upper(), address, body, key=bool(route.operation.repeatable))
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, a file is closed
    return answer


def test_every_address_for_programs_is_a_declared_route() -> None:
    undeclared = []
    for path, _name, pattern in for_programs():
        view: Any = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if view is None or not issubclass(view, ApiView):
            undeclared.append(path)
            continue
        methods = [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
        undeclared += [f"{name} {path}" for name in methods if not hasattr(getattr(view, name), "operation")]
    assert undeclared == []
    assert len(ROUTES) > 20


def test_every_closed_route_says_what_it_lets_be_read() -> None:
    assert [route.path for route in CLOSED if not route.view.area and not route.operation.action] == []


def test_a_stranger_without_a_credential_is_sent_away() -> None:
    answers = {}
    for route in CLOSED:
        path = "/" + "/".join("1" if part.startswith("<") else part for part in route.path.split("/"))
        answers[str(route)] = getattr(Client(), route.method)(path).status_code
    assert {route: status for route, status in answers.items() if status != 401} == {}


@pytest.mark.trust
@pytest.mark.parametrize("folder", FOLDERS)
def test_each_role_may_do_what_its_table_says_and_nothing_else(folder: str, world: World) -> None:
    wrong = []
    for route in [route for route in CLOSED if route.folder == folder]:
        with address_of(route, world) as address:
            knocking = who_knocks(route.operation.action or route.view.area)
            statuses = {role: call(route, address, world.partners[role]).status_code for role in knocking}
        wrong += [
            f"{route} {role}: {status}"
            for role, status in statuses.items()
            if (status != 403) is not allows(role, route.operation.action or route.view.area) or status >= 500
        ]
    assert wrong == []


def needed_by(route: Route) -> str:
    return route.operation.action or f"{route.view.area}.read"


@pytest.mark.trust
@pytest.mark.parametrize("needed", sorted({needed_by(route) for route in CLOSED}))
def test_a_key_with_every_other_scope_is_refused(needed: str, world: World) -> None:
    others = [scope for scope in SCOPES if scope != needed]
    refused, allowed = a_machine(world.company, *others), a_machine(world.company, needed)
    wrong = []
    asking = [route for route in CLOSED if needed_by(route) == needed]
    for route in a_share(asking, 2) or asking:
        with address_of(route, world) as address:
            statuses = [call(route, address, machine).status_code for machine in (refused, allowed)]
        wrong += [] if statuses[0] == 403 and statuses[1] not in (401, 403) else [f"{route}: {statuses}"]
    assert wrong == []


@pytest.mark.parametrize("filtered", [True, False], ids=["", "without the application's filter"])
def test_another_companys_row_does_not_exist(filtered: bool, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = a_partner(story.a_company())
    stranger_sees: Callable[..., Any] = ScopedManager.get_queryset if filtered else models.Manager.get_queryset
    found = {}
    for route in WITH_A_ROW:
        missing = (400, 404) if "<str" in route.path or "<slug" in route.path else (404,)
        with address_of(route, world) as address, monkeypatch.context() as patch:
            patch.setattr(ScopedManager, "get_queryset", stranger_sees)
            answer = call(route, address, stranger)
        if answer.status_code not in missing:
            found[str(route)] = answer.content
    assert found == {}


def test_a_row_is_looked_for_before_its_body_is_judged() -> None:
    """Whoever names another company's row is told that it does not exist, not what his body lacks."""
    unfound = [
        f"{route.method} {route.path}"
        for route in WITH_A_ROW
        if route.operation.body is not None and route.view.find is ApiView.find
    ]
    assert unfound == []
