"""The broker as requests ask it: briefly, and after a failure not again for a while. All can be done without it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)
PATIENCE = 0.5  # seconds, to connect and then for each answer
PAUSE = 10.0  # seconds


class BrokerAway(Exception):
    """The broker did not answer, now or a moment ago."""


def options() -> dict[str, Any]:
    """For every client. A connection that a restarted broker forgot is opened again; silence is not asked twice."""
    again = Retry(NoBackoff(), 1, supported_errors=(Disconnected,))
    return {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "retry": again}


def client() -> Redis:
    """To be closed by the caller."""
    return Redis.from_url(settings.REDIS_URL, **options())


class _Pause:
    """What one process knows of one broker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def enter(self) -> None:
        """Raises BrokerAway during the pause; after it one caller tries, while the others still do without."""
        with self._lock:
            now = time.monotonic()
            if now < self._until:
                raise BrokerAway("in a pause after a failure")
            # the pause is renewed before the one try: the others must not all wait on a broker that is still away
            if self._until:
                self._until = now + PAUSE

    def failed(self) -> None:
        self._until = time.monotonic() + PAUSE

    def answered(self) -> None:
        self._until = 0.0


@lru_cache(maxsize=8)
def _pause(_url: str) -> _Pause:
    return _Pause()


@contextmanager
def asking() -> Iterator[None]:
    """Around every call to the broker that a request makes. Raises BrokerAway."""
    pause = _pause(settings.REDIS_URL)
    pause.enter()
    try:
        yield
    except (RedisError, OSError) as error:
        pause.failed()
        log.warning("broker_away", error=type(error).__name__, pause=PAUSE)
        raise BrokerAway(type(error).__name__) from error
    pause.answered()
