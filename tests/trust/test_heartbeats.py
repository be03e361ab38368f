"""Workers and clock, really killed and frozen: their signs of life stop, are missed, and come back by themselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from config.celery import QUEUES_AT_WORK, app
from config.kernel.models import Heartbeat
from config.runtime import beating, embedded, heartbeats
from config.runtime.keeper import Valkey
from tests.trust.killed import ROOT, database_of_the_test
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]
STARTED = ["sync", "beat"]
QUEUES = [queue.name for queue in QUEUES_AT_WORK]


@contextmanager
def background(state: Path) -> Iterator[Valkey]:
    """The product's own background on the database of the test, with a broker of its own."""
    state.mkdir(mode=0o700)
    # short: the path of a socket has at most 107 bytes
    run = Path(tempfile.mkdtemp(prefix="quittance-"))
    broker = Valkey(state, run)
    broker.start()
    environment = {"DATABASE_URL": database_of_the_test(), "REDIS_URL": broker.url, "QUITTANCE_STATE_DIR": str(state)}
    environment = {**os.environ, **environment, "LOG_LEVEL": "CRITICAL"}
    environment.pop(embedded.INHERITED, None)
    command = [sys.executable, "-m", "tests.trust.quick_workers", *STARTED]
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or set(signs()) == set(STARTED), what="the workers")
        assert process.poll() is None, (state / "log").read_text()
        yield broker
    finally:
        process.terminate()
        process.wait(PATIENCE)
        broker.stop()
        shutil.rmtree(run, ignore_errors=True)


def signs() -> dict[str, heartbeats.Sign]:
    return {row[0]: row for row in Heartbeat.objects.values_list(*heartbeats.COLUMNS)}


def states(at: datetime) -> dict[str, str]:
    return {worker.name: worker.state for worker in heartbeats.judge(signs().values(), at)}


def process_of(name: str) -> int:
    return int(Heartbeat.objects.get(name=name).place.rpartition(" ")[2])


def wait_for_signs(name: str, *, times: int = 1) -> None:
    for _ in range(times):
        before = signs()[name][1]
        wait_until(lambda before=before: signs()[name][1] > before, what=f"a sign of {name}")  # type: ignore[misc]


def test_who_is_killed_or_frozen_is_missed_and_comes_back_by_itself(tmp_path: Path) -> None:
    with background(tmp_path / "state") as broker:
        first = process_of("sync")
        found = states(timezone.now())
        assert [name for name, state in found.items() if state == "working"] == STARTED, "the others never started"
        os.kill(first, signal.SIGSTOP)
        wait_for_signs("beat")
        silent = signs()["sync"][1]
        wait_for_signs("beat", times=3)
        assert signs()["sync"][1] == silent
        assert states(silent + heartbeats.SILENCE + timedelta(seconds=1))["sync"] == "stopped"
        os.kill(first, signal.SIGCONT)
        wait_for_signs("sync")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: process_of("sync") != first, what="another worker")
        assert broker.process
        broker.process.kill()
        broker.process.wait(PATIENCE)
        wait_for_signs("sync", times=2)
        wait_for_signs("beat", times=2)
        last = process_of("sync")
    assert not any(Path(f"/proc/{number}").exists() for number in (first, last))


def test_a_worker_that_takes_nothing_is_stuck_and_one_whose_threads_are_all_at_work_is_not() -> None:
    now = timezone.now()
    heart = beating.Heart(("sync",), threads=1)
    beating.Heart(("beat",), threads=0).write(now)
    heart.last_move -= heartbeats.STANDSTILL.total_seconds() + 1
    heart.write(now)
    assert {worker.name: worker.state for worker in heartbeats.workers(now)}["sync"] == "stuck"
    heart.begun("task")
    heart.last_move -= heartbeats.STANDSTILL.total_seconds() + 1
    heart.write(now)
    assert {worker.name: worker.state for worker in heartbeats.workers(now)}["sync"] == "working"
    assert heart.endless() == ""
    heart.tasks["task"] -= beating.TASK_SECONDS + 1
    assert heart.endless() == "task"
    heart.ended("task")
    assert heart.endless() == ""


def test_without_the_clock_no_worker_is_called_stuck() -> None:
    now = timezone.now()
    heart = beating.Heart(("sync",), threads=1)
    heart.last_move -= 3600
    heart.write(now)
    found = {worker.name: worker for worker in heartbeats.workers(now)}
    assert (found["sync"].state, found["beat"].state, found["beat"].since) == ("working", "stopped", None)


def test_a_clock_set_back_hides_no_worker_that_takes_nothing() -> None:
    now = timezone.now()
    heart = beating.Heart(("sync",), threads=1)
    heart.write(now + timedelta(hours=1))
    beating.Heart(("beat",), threads=0).write(now)
    heart.last_move -= heartbeats.STANDSTILL.total_seconds() + 1
    heart.write(now)
    assert {worker.name: worker.state for worker in heartbeats.workers(now)}["sync"] == "stuck"


def test_a_sign_left_before_the_clock_was_set_back_is_no_sign_of_life() -> None:
    now = timezone.now()
    beating.Heart(("sync",), threads=1).write(now + heartbeats.SILENCE + timedelta(seconds=1))
    assert {worker.name: worker.state for worker in heartbeats.workers(now)}["sync"] == "stopped"


def test_a_clock_set_back_silences_no_alarm() -> None:
    scheduler = beating.Scheduler(app=app)
    assert scheduler.turn.is_ours()
    for entry in scheduler.schedule.values():
        entry.last_run_at += timedelta(hours=1)
    assert scheduler.tick() <= 5, "the most frequent alarm rings every five seconds"
    scheduler.close()


def rung(broker: Valkey, task: str) -> list[str]:
    """Which process rang each alarm of the task that the broker holds, the newest first."""
    with redis.Redis.from_url(broker.url) as client:
        found = [json.loads(message)["headers"] for queue in QUEUES for message in client.lrange(queue, 0, -1)]
    return [headers["origin"] for headers in found if headers["task"] == task]


@contextmanager
def clocks(state: Path, count: int) -> Iterator[tuple[Valkey, list[subprocess.Popen[bytes]]]]:
    """So many clocks at once on the database of the test; nobody takes what they ring."""
    run = Path(tempfile.mkdtemp(prefix="quittance-"))
    broker = Valkey(state, run)
    broker.start()
    environment = {**os.environ, "DATABASE_URL": database_of_the_test(), "REDIS_URL": broker.url}
    environment |= {"LOG_LEVEL": "INFO", embedded.INHERITED: ""}
    command = [sys.executable, "-m", "celery", "-q", "-A", "tests.trust.daily_clock", "beat", "--pidfile="]
    with (state / "log").open("wb") as log:
        running = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log) for _ in range(count)]
    try:
        yield broker, running
    finally:
        for process in running:
            process.kill()
            process.wait(PATIENCE)
        broker.stop()
        shutil.rmtree(run, ignore_errors=True)


def test_of_two_clocks_one_rings_and_the_other_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    beating.Heart(("beat",), threads=0).write(timezone.now() - timedelta(days=2))
    with clocks(tmp_path, 2) as (broker, running):
        wait_until(lambda: "clock_beside" in (tmp_path / "log").read_text(), what="the clock beside")
        wait_until(lambda: len(rung(broker, "einvoicing.transmit")) >= 6, what="three seconds of alarms")
        (first,) = set(rung(broker, "einvoicing.transmit"))
        assert rung(broker, "payments.remind") == [first], "nobody rang since two days: once is due, whoever rings"
        killed = process_of("beat")
        (other,) = {process.pid for process in running} - {killed}
        wait_for_signs("beat")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(set(rung(broker, "einvoicing.transmit"))) == 2, what="the other clock")
        wait_until(lambda: process_of("beat") == other, what="its sign of life")
        assert rung(broker, "payments.remind") == [first], "what rang this morning does not ring again"
