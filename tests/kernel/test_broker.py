"""A broker that is frozen or away costs one call a moment, and the following nothing."""

from __future__ import annotations

import os
import signal
import tempfile
import time

import kombu.transport.redis
import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from config.celery import app
from config.kernel import broker
from config.kernel.api import limits
from config.pages.operations import jobs
from config.runtime.broker import Transport
from config.runtime.keeper import Valkey
from tests.api.client import a_partner
from tests.factories import story
from tests.silence import frozen_service

pytestmark = pytest.mark.django_db
DIRECTORY = broker._directory  # before the tests are given their own


@pytest.fixture(autouse=True)
def _nothing_known(tmp_path, monkeypatch):
    (tmp_path / "pauses").mkdir()
    monkeypatch.setattr(broker, "_directory", lambda: tmp_path / "pauses")
    broker._pause.cache_clear()
    limits._counter.cache_clear()
    yield
    broker._pause.cache_clear()
    limits._counter.cache_clear()


def end_the_pause(url):
    os.utime(broker._pause(url).path, (1, 1))


def test_a_frozen_broker_is_asked_once_and_left_alone_during_the_pause(settings):
    with frozen_service() as frozen:
        settings.REDIS_URL = f"redis://127.0.0.1:{frozen.port}/0"
        partner = a_partner(story.a_company())
        assert [partner.get("/api/company").status_code for _ in range(5)] == [200] * 5
        assert jobs.broker_lengths() is None
        assert frozen.calls() == 1


def test_an_alarm_for_a_frozen_broker_is_given_up_at_once():
    with frozen_service() as frozen, app.connection_for_write(f"redis://127.0.0.1:{frozen.port}/0") as connection:
        with pytest.raises(OperationalError):
            app.send_task("einvoicing.transmit", connection=connection)
        assert frozen.calls() <= 2


def parameters_of(transport):
    """What a channel connects with, before it is closed and after."""
    with Connection(app.conf.broker_url) as connection:
        connection.transport_cls = transport
        channel = connection.channel()
        before = channel._connparams()
        channel.close()
        with pytest.raises((AttributeError, redis.ConnectionError)) as closed:
            channel._connparams()
        return before, closed.type


def test_our_transport_tries_once_and_a_closed_channel_says_so():
    before, after = parameters_of(Transport)
    assert (before["retry"].get_retries(), after) == (0, redis.ConnectionError)


def test_kombu_still_needs_our_transport():
    """When either fails, kombu does it by itself: config/runtime/broker.py is needless."""
    before, after = parameters_of(kombu.transport.redis.Transport)
    assert "retry" not in before
    assert redis.Redis().connection_pool.make_connection().retry.get_retries() > 0, "what redis-py does without one"
    assert after is AttributeError


def test_after_the_pause_one_caller_alone_tries_again(settings, monkeypatch):
    with frozen_service() as frozen:
        settings.REDIS_URL = f"redis://127.0.0.1:{frozen.port}/0"
        assert jobs.broker_lengths() is None
        end_the_pause(settings.REDIS_URL)
        with broker.asking():
            assert jobs.broker_lengths() is None, "another caller, meanwhile"
        assert frozen.calls() == 1


def test_a_broker_that_answers_again_counts_again(settings, tmp_path):
    valkey = Valkey(tmp_path, tmp_path)
    valkey.start()
    try:
        settings.REDIS_URL = valkey.url
        assert limits.spend("calls", "5/minute", "a partner").remaining == 4
        assert valkey.process is not None
        valkey.process.send_signal(signal.SIGSTOP)
        assert limits.spend("calls", "5/minute", "a partner") is None
        valkey.process.send_signal(signal.SIGCONT)
        assert limits.spend("calls", "5/minute", "a partner") is None, "a pause"
        end_the_pause(settings.REDIS_URL)
        assert limits.spend("calls", "5/minute", "a partner").remaining < 4
        assert limits.spend("calls", "5/minute", "a partner") is not None
    finally:
        if valkey.process:
            valkey.process.send_signal(signal.SIGCONT)
        valkey.stop()


def test_what_one_process_learnt_the_others_know(tmp_path):
    first, second = (broker._Pause(tmp_path, "redis://broker") for _process in range(2))
    first.failed()
    for pause in (first, second):
        with pytest.raises(broker.BrokerAway):
            pause.enter()
    os.utime(first.path, (1, 1))
    second.enter()  # one tries
    with pytest.raises(broker.BrokerAway):
        first.enter()
    second.answered()
    first.enter()
    # a clock set back by an hour
    first.failed()
    os.utime(first.path, (time.time() + 3600,) * 2)
    second.enter()


def test_a_process_that_can_write_no_file_knows_for_itself(tmp_path):
    alone = broker._Pause(tmp_path / "missing", "redis://broker")
    alone.enter()
    alone.failed()
    with pytest.raises(broker.BrokerAway):
        alone.enter()
    alone.answered()
    alone.enter()


def test_a_directory_that_is_not_ours_alone_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = DIRECTORY.__wrapped__()
    assert place.parent == tmp_path
    assert DIRECTORY.__wrapped__() == place
    place.chmod(0o777)
    assert DIRECTORY.__wrapped__() != place
