"""How a background process tells that it lives: a thread writes its row in PostgreSQL every few seconds.

Rows, not keys of the broker: with the broker away they still say who lives. A thread pool has no time limit of its
own, so the same thread ends a process in which a task lasts too long: it is started again, and the rows in hand are
taken up when their lease ends.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import signals
from celery.beat import PersistentScheduler
from django.db import Error, connection
from django.utils import timezone

log = structlog.get_logger(__name__)
EVERY = 8.0  # seconds
TASK_SECONDS = 300.0  # beyond the longest sweep


class Heart:
    """The work of this process, under one name or several (`celery worker --queues a,b`)."""

    def __init__(self, names: tuple[str, ...], threads: int) -> None:
        self.names = names
        self.threads = threads
        self.started_at = timezone.now()
        self.last_move = time.monotonic()
        self.tasks: dict[str, float] = {}
        self.lock = threading.Lock()

    def moved(self) -> None:
        self.last_move = time.monotonic()

    def begun(self, task: str) -> None:
        with self.lock:
            self.tasks[task] = time.monotonic()
        self.moved()

    def ended(self, task: str) -> None:
        with self.lock:
            self.tasks.pop(task, None)
        self.moved()

    def write(self, at: datetime) -> None:
        """Tell the database, in one statement. A worker that cannot take more is at work."""
        from config.kernel.models import Heartbeat

        busy = len(self.tasks)
        if busy and busy >= self.threads:
            self.moved()
        # told in the time of this sign: a clock set back in between would put the last move after it
        moved_at = at - timedelta(seconds=time.monotonic() - self.last_move)
        columns = ("place", "started_at", "seen_at", "moved_at", "busy")
        values = (f"{os.uname().nodename} {os.getpid()}", self.started_at, at, moved_at, busy)
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, **dict(zip(columns, values, strict=True))) for name in self.names],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=columns,
        )

    def endless(self) -> str:
        """The id of a task that lasts too long; '' when none does."""
        with self.lock:
            too_long = time.monotonic() - TASK_SECONDS
            return next((task for task, began in self.tasks.items() if began < too_long), "")

    def go_on(self) -> None:
        while True:
            try:
                self.write(timezone.now())
            except Error as error:
                log.warning("heartbeat_not_written", names=self.names, error=type(error).__name__)
            finally:
                connection.close()
            if task := self.endless():
                log.error("task_without_end", names=self.names, task=task, seconds=TASK_SECONDS)
                os._exit(1)
            time.sleep(EVERY)


_hearts: list[Heart] = []


def begin(*names: str, threads: int) -> None:
    """From now on this process tells that it lives. `threads`: how many tasks it does at a time, 0 for the clock."""
    heart = Heart(names, threads)
    _hearts.append(heart)
    threading.Thread(target=heart.go_on, name="heartbeat", daemon=True).start()


@signals.task_prerun.connect
def _task_begun(task_id: str = "", **_kwargs: Any) -> None:
    for heart in _hearts:
        heart.begun(task_id)


@signals.task_postrun.connect
def _task_ended(task_id: str = "", **_kwargs: Any) -> None:
    for heart in _hearts:
        heart.ended(task_id)


class Scheduler(PersistentScheduler):
    """Celery's own, each turn of which is a sign of life, and which outlives a clock that is set back."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        for heart in _hearts:
            heart.moved()
        self.forget_the_future()
        return super().tick(*args, **kwargs)

    def forget_the_future(self) -> None:
        """An alarm that rang « later than now » would otherwise be silent until then, and all of them with it."""
        now = self.app.now()
        for entry in self.schedule.values():
            if entry.last_run_at > now:
                entry.last_run_at = now
                # made anew from the entries
                self._heap = None
