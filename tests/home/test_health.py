"""`/health/` names what is away, be it gone or frozen, and waits for nobody."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from config.kernel.models import Heartbeat
from config.runtime import health
from tests.factories.background import all_at_work
from tests.silence import frozen_service

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Only what is away must be named, however busy the machine."""
    monkeypatch.setattr(health, "PATIENCE", 20.0)
    # asked on a connection of its own, which sees nothing of a test's transaction
    monkeypatch.setitem(health.CHECKS, "workers", list)


def answered():
    answer = Client().get("/health/")
    return answer.status_code, answer.json().get("away", [])


def test_all_is_well():
    assert answered() == (200, [])


def test_a_broker_that_is_gone_or_frozen_is_named(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert answered() == (503, ["broker"])
    with frozen_service() as frozen:
        settings.REDIS_URL = f"redis://127.0.0.1:{frozen.port}/0"
        assert answered() == (503, ["broker"])


def test_a_database_that_is_gone_or_frozen_is_named(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.delitem(connection.settings_dict["OPTIONS"], "host", raising=False)
    assert answered() == (503, ["database"])
    with frozen_service() as frozen:
        monkeypatch.setitem(connection.settings_dict, "PORT", str(frozen.port))
        assert answered() == (503, ["database"])


def test_a_disk_that_takes_nothing_is_named(settings, tmp_path):
    (tmp_path / "full").write_text("no directory")
    settings.MEDIA_ROOT = str(tmp_path / "full")
    assert answered() == (503, ["files"])


@pytest.mark.django_db(transaction=True)
def test_workers_that_stopped_never_started_or_take_nothing_are_named_and_the_web_is_well(monkeypatch):
    monkeypatch.setitem(health.CHECKS, "workers", health._workers)
    all_at_work()
    assert answered() == (200, [])
    now = timezone.now()
    Heartbeat.objects.filter(name="sync").update(seen_at=now - timedelta(hours=2))
    Heartbeat.objects.filter(name="notifications").update(seen_at=now, moved_at=now - timedelta(seconds=50))
    Heartbeat.objects.filter(name="reconciliation").delete()
    answer = Client().get("/health/")
    stopped = {one["name"]: (one["state"], one["since"] is None) for one in answer.json()["stopped"]}
    assert stopped == {
        "reconciliation": ("stopped", True),
        "notifications": ("stuck", False),
        "sync": ("stopped", False),
    }
    assert (answer.status_code, answer.json()["away"]) == (503, [])
    assert all("perdu" in one["remedy"] for one in answer.json()["stopped"])
    assert Client().get("/health/web/").json() == {"status": "ok"}


def test_the_web_is_well_without_a_broker(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert Client().get("/health/web/").status_code == 200


def test_alive_asks_nobody_and_ready_wants_every_migration_of_this_code(settings, monkeypatch):
    ready = {tuple(row) for row in MigrationRecorder(connection).applied_migrations()}
    monkeypatch.setattr(health, "_query", lambda _sql: list(ready))
    assert {"kernel", "billing", "sessions"} <= {label for label, _name in health.written_migrations()}
    assert health.written_migrations() <= set(MigrationLoader(None).disk_migrations)
    assert Client().get("/readyz").status_code == 200
    newer = [*ready, ("billing", "9999_of_the_next_release")]
    monkeypatch.setattr(health, "_query", lambda _sql: newer)
    assert Client().get("/readyz").status_code == 200
    ready.remove(max(row for row in ready if row[0] == "billing"))
    monkeypatch.setattr(health, "_query", lambda _sql: list(ready))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["away"]) == (503, ["migrations"])
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert Client().get("/readyz").json()["away"] == ["broker", "migrations"]
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_what_hangs_for_ever_holds_up_neither_the_answer_nor_the_other_checks(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    monkeypatch.setitem(health.CHECKS, "files", let_go.wait)
    try:
        for _ in range(2 * health.THREADS + 1):
            assert "files" in answered()[1]
    finally:
        let_go.set()
    monkeypatch.undo()
    assert "files" not in answered()[1]


def test_it_asks_the_database_nothing_on_the_way(django_assert_num_queries, client, company):
    client.cookies["sessionid"] = "s" * 32
    with django_assert_num_queries(0):
        assert client.get("/health/").status_code in (200, 503)
