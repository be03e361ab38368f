"""`/health/` names what is away, be it gone or frozen, and waits for nobody."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client

from config.runtime import health
from tests.silence import frozen_service

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Only what is away must be named, however busy the machine."""
    monkeypatch.setattr(health, "PATIENCE", 20.0)


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
