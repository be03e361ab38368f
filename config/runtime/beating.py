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

import psycopg
import structlog
from celery import signals
from celery.beat import Scheduler as InMemory
from django.db import Error, connection
from django.utils import timezone

log = structlog.get_logger(__name__)
EVERY = 8.0  # seconds
TASK_SECONDS = 300.0  # beyond the longest sweep
BESIDE = 1.0  # seconds after which a clock that does not ring asks again whether it should
CLOCK_LOCK = 7_105_222
# a machine that vanished is noticed within half a minute, by the server and by the clock
_NOTICED = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
_NOTICED_BY_SERVER = "".join(f" -c tcp_{name}={value}" for name, value in _NOTICED.items() if name.startswith("keep"))


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

        if not self.names:
            return
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


class Turn:
    """The right to ring, of one clock at a time: a lock that PostgreSQL takes back with the session."""

    def __init__(self) -> None:
        self._session: psycopg.Connection[Any] | None = None

    def is_ours(self) -> bool:
        """Asked before each turn: who lost the session has lost the right. With the database away nobody has it."""
        try:
            if self._session is not None:
                self._session.execute("SELECT 1")
                return True
            session = self._connected()
            row = session.execute("SELECT pg_try_advisory_lock(%s)", [CLOCK_LOCK]).fetchone()
        except psycopg.Error as error:
            log.warning("clock_without_database", error=type(error).__name__)
            self.give_back()
            return False
        if row != (True,):
            session.close()
            return False
        self._session = session
        return True

    def _connected(self) -> psycopg.Connection[Any]:
        parameters: dict[str, Any] = {**connection.get_connection_params(), **_NOTICED}
        parameters["options"] = f"{parameters.get('options', '')}{_NOTICED_BY_SERVER}"
        return psycopg.connect(**{**parameters, "autocommit": True, "connect_timeout": 5})

    def give_back(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


class Scheduler(InMemory):
    """Celery's own, of which one rings wherever two run. Where it left off stands in PostgreSQL, with its sign of life.

    Each turn is a sign of life; the clock outlives one that is set back.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.turn = Turn()
        # None: not asked yet
        self._rings: bool | None = None
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if not (self.turn.is_ours() and (self._rings or self.take_up())):
            self._stand_beside()
            return BESIDE
        self._rings = True
        self.forget_the_future()
        wait = super().tick(*args, **kwargs)
        # nothing more is due: the next clock goes on from here
        if wait:
            for heart in _hearts:
                heart.moved()
        return wait

    def _stand_beside(self) -> None:
        if self._rings is not False:
            log.info("clock_beside", place=os.getpid())
        self._rings = False
        _tell_beat(rings=False)

    def take_up(self) -> bool:
        """Go on where the last clock left off: what was due since rings now, what it rang does not ring again."""
        from config.kernel.models import Heartbeat

        try:
            left = Heartbeat.objects.filter(name="beat").values_list("moved_at", flat=True).first()
            _tell_beat(rings=True)
        except Error as error:
            log.warning("clock_not_taken_up", error=type(error).__name__)
            return False
        finally:
            connection.close()
        if left is not None:
            for entry in self.schedule.values():
                entry.last_run_at = left.astimezone(self.app.timezone)
        self._heap = None
        return True

    def close(self) -> None:
        super().close()
        self.turn.give_back()

    def forget_the_future(self) -> None:
        """An alarm that rang « later than now » would otherwise be silent until then, and all of them with it."""
        now = self.app.now()
        for entry in self.schedule.values():
            if entry.last_run_at > now:
                entry.last_run_at = now
                # made anew from the entries
                self._heap = None


def _tell_beat(*, rings: bool) -> None:
    """The clock that rings gives the sign of life; one beside it gives none, lest it hide the other's silence."""
    for heart in _hearts:
        heart.names = ("beat",) if rings else ()
        if rings:
            heart.write(timezone.now())
