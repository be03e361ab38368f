"""One table of queues (config/celery.py): what is started, deployed and shown is read from it."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from config import celery
from config.kernel import tries
from config.pages.operations import jobs, naming
from config.runtime import beating, supervisor, workers
from config.runtime.heartbeats import SILENCE  # as it is: tests let it last longer

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "config/deploy/compose.yaml").read_text(encoding="utf-8")
# seed 002: five queues and how many of their jobs are done at a time
CONCURRENCY = {"invoice_processing": 5, "ocr_processing": 2, "reconciliation": 1, "notifications": 10, "sync": 3}
APPS = ("billing.", "payments.", "einvoicing.", "kernel.")


def queues_of(task: str) -> list[str]:
    """Those that name the task itself, else those with a pattern for it."""
    named = [queue.name for queue in celery.QUEUES if task in queue.tasks]
    return named or [queue.name for queue in celery.QUEUES if any(fnmatch(task, one) for one in queue.tasks)]


def test_who_stops_is_seen_within_half_a_minute_and_one_lost_sign_is_no_alarm() -> None:
    assert 2 * beating.EVERY < SILENCE.total_seconds() < 30


def test_the_five_queues_have_the_concurrency_that_was_asked_for() -> None:
    assert {queue.name: queue.concurrency for queue in celery.QUEUES} == CONCURRENCY


def test_a_job_is_tried_as_often_as_its_queue_says() -> None:
    found = {queue.name: queue.tries for queue in celery.QUEUES}
    assert found["invoice_processing"] == len(tries.DELAYS) + 1
    assert found["notifications"] == tries.MESSAGE_TRIES == 5
    assert found["sync"] == tries.RECEIVED_TRIES
    assert found["ocr_processing"] == tries.OCR_TRIES == 2


def test_every_task_is_routed_to_the_one_queue_that_names_it() -> None:
    celery.app.loader.import_default_modules()
    ours = [task for task in celery.app.tasks if task.startswith(APPS)]
    assert len(ours) > 10
    assert [task for task in ours if len(queues_of(task)) != 1] == []
    for task in ours:
        assert celery.app.amqp.router.route({}, task)["queue"].name == queues_of(task)[0], task


def test_each_queue_has_tasks_and_a_worker_and_is_shown() -> None:
    names = {queue.name for queue in celery.QUEUES}
    assert [queue.name for queue in celery.QUEUES if not queue.tasks] == []
    for shown in (workers.commands(["queues"]), jobs.AT_WORK, celery.app.amqp.queues):
        assert names <= set(shown)
    with pytest.raises(KeyError):
        workers.commands(["another"])


def test_each_queue_at_work_is_rung_to_show_that_its_worker_takes_tasks() -> None:
    entries = celery.app.conf.beat_schedule.values()
    pulses = [entry["options"]["queue"] for entry in entries if entry["task"] == "kernel.pulse"]
    assert pulses == [queue.name for queue in celery.QUEUES_AT_WORK]


def test_make_run_starts_a_worker_for_each_queue_and_the_clock() -> None:
    (command,) = [
        child.command[2:]
        for child in supervisor.children("127.0.0.1", 1, 2)
        if isinstance(child, supervisor.Program) and "config.runtime.workers" in child.command
    ]
    assert command == ["config.runtime.workers", "queues", "beat"]
    started = workers.commands(command[1:])
    assert list(started) == [queue.name for queue in celery.QUEUES_AT_WORK] + [celery.BEAT]
    for queue in celery.QUEUES_AT_WORK:
        arguments = started[queue.name]
        assert arguments[arguments.index("--concurrency") + 1] == str(queue.concurrency)
        assert arguments[arguments.index("--queues") + 1] == queue.name


def test_compose_starts_the_same_and_repeats_no_figure() -> None:
    assert 'command: ["python", "-m", "config.runtime.workers", "queues"]' in COMPOSE
    assert 'command: ["python", "-m", "config.runtime.workers", "beat"]' in COMPOSE
    assert "concurrency" not in COMPOSE


def test_every_queue_has_a_name_for_people_and_every_job_a_queue() -> None:
    assert naming.QUEUE_LABELS.keys() == {*CONCURRENCY, celery.BEAT}
    assert naming.KIND_LABELS.keys() == {source.kind for source in jobs.SOURCES}
    assert {source.queue for source in jobs.SOURCES} == set(jobs.AT_WORK)
