"""The broker as requests ask it: briefly, and after a failure not again for a while. All can be done without it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
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
    """What the processes of this machine know of one broker: a file, whose time is the end of the pause.

    One of them pays for a broker that is frozen, not each. Where no file can be written, each knows for itself.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self.path = directory / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._alone_until = 0.0

    def enter(self) -> None:
        """Raises BrokerAway during the pause; after it one caller tries, while the others still do without."""
        if not self._end():
            return
        with self._turn():
            end, now = self._end(), time.time()
            # what ends later than any pause was written before the clock was set back
            if now < end <= now + PAUSE:
                raise BrokerAway("in a pause after a failure")
            # the pause is renewed before the one try: the others must not all wait on a broker that is still away
            if end:
                self.failed()

    def failed(self) -> None:
        end = time.time() + PAUSE
        try:
            self.path.touch(mode=0o600)
            os.utime(self.path, (end, end))
        except OSError:
            self._alone_until = end

    def answered(self) -> None:
        self._alone_until = 0.0
        with suppress(OSError):
            self.path.unlink()

    def _end(self) -> float:
        """0 when there is none."""
        try:
            return max(self.path.stat().st_mtime, self._alone_until)
        except OSError:
            return self._alone_until

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process and one thread at a time."""
        with ExitStack() as turn:
            # gone meanwhile: somebody was answered
            with suppress(OSError):
                fcntl.flock(turn.enter_context(self.path.open("rb")), fcntl.LOCK_EX)
            yield


@lru_cache(maxsize=1)
def _directory() -> Path:
    """Ours and closed to others, who could otherwise keep the broker from being asked; else one of this process."""
    path = Path(tempfile.gettempdir(), f"quittance-pauses-{os.geteuid()}")
    with suppress(OSError):
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return path
    return Path(tempfile.mkdtemp(prefix="quittance-pauses-"))


@lru_cache(maxsize=8)
def _pause(url: str) -> _Pause:
    return _Pause(_directory(), url)


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
