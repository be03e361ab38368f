"""In which scope tests work, and in which begins what they start.

A test builds and looks at the rows of several companies: its body, its fixtures and its threads work across companies.
What the product starts by itself begins in no scope, as it does in production: a request (its middleware sees to it), a
task, a command, a queue's sweep. One that reads a company's rows without entering a scope fails its tests here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from celery.app.task import Task
from django.core.management.base import BaseCommand

from config.kernel.queue import Queue
from config.kernel.scope import across_companies, no_scope


@contextmanager
def tests_work_across_companies() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    for owner, method, scope in (
        (threading.Thread, "run", across_companies),
        (Task, "__call__", no_scope),
        (BaseCommand, "execute", no_scope),
        *((Queue, act, no_scope) for act in ("claim", "sweep", "visit")),
    ):
        patch.setattr(owner, method, _within(scope, getattr(owner, method)))
    with across_companies():
        yield
    patch.undo()


def _within(scope: Callable[[], AbstractContextManager[None]], method: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        with scope():
            return method(*args, **kwargs)

    return run
