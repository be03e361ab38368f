"""The embedded PostgreSQL and Valkey, for whoever gives no DATABASE_URL or REDIS_URL.

Every program of the project (manage.py, wsgi, celery, the tests) calls `ensure()` first. Afterwards both variables are
set: DATABASE_URL as `postgres://user@/db?host=/directory` (django-environ does not decode %2F in a host), REDIS_URL as
`unix:///path`, the form of redis-py; Celery's broker wants the same path as `redis+socket:///path`.
Services live as long as somebody uses them: see config/runtime/keeper.py. Production gives both URLs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import environ

from config.runtime import production
from config.runtime.processes import StartFailure, check_private

BASE_DIR = Path(__file__).resolve().parents[2]
VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
# names what a parent process found embedded, so that its children hold the services too
INHERITED = "QUITTANCE_EMBEDDED"
# set for a command that needs neither: nothing is started for it
WITHOUT = "QUITTANCE_WITHOUT_SERVICES"
START_SECONDS = 180.0

_held: dict[str, int] = {}


class ServiceUnavailable(SystemExit):
    """Ends the program with one line and exit code 1."""


def state_directory() -> Path:
    """Where the data of this tree are: QUITTANCE_STATE_DIR, else .local in the project."""
    return Path(os.environ.get("QUITTANCE_STATE_DIR") or BASE_DIR / ".local").absolute()


def socket_directory() -> Path:
    """Short, since a socket's path has at most 107 bytes, and the same for every process of this user and tree."""
    digest = hashlib.sha256(os.fsencode(state_directory())).hexdigest()[:12]
    return Path("/tmp", f"quittance-{os.geteuid()}-{digest}")  # noqa: S108 - made private and checked below


def read_env_file() -> None:
    """Take the variables of `.env`, which most installations do without."""
    if (BASE_DIR / ".env").exists():
        environ.Env.read_env(BASE_DIR / ".env")


def wanted() -> list[str]:
    """The variables without which this process cannot work."""
    return [] if os.environ.get(WITHOUT) else list(VARIABLES.values())


def ensure() -> None:
    """Set DATABASE_URL and REDIS_URL, starting the embedded services that nobody gave and nobody runs.

    Raises ServiceUnavailable, whose text is one line.
    """
    if os.environ.get(WITHOUT):
        return
    read_env_file()
    inherited = os.environ.get(INHERITED, "").split()
    missing = [name for name, variable in VARIABLES.items() if name in inherited or not os.environ.get(variable)]
    if not missing or set(missing) <= set(_held):
        return
    if production.Env().bool("PRODUCTION", default=False):
        raise ServiceUnavailable("En production, DATABASE_URL et REDIS_URL doivent être donnés tous les deux.")
    try:
        urls = _hold(missing)
    except StartFailure as failure:
        raise ServiceUnavailable(str(failure)) from failure
    except OSError as failure:
        raise ServiceUnavailable(f"Les services embarqués ne démarrent pas : {failure}") from failure
    for name, url in urls.items():
        os.environ[VARIABLES[name]] = url
    os.environ[INHERITED] = " ".join(missing)


def renew() -> None:
    """For a process that lives long: when the keeper was killed, hold its successor, at the same addresses."""
    for number in set(_held.values()):
        # a copy: closing the socket object must not close the descriptor that keeps the services alive
        with socket.socket(fileno=os.dup(number)) as connection:
            connection.setblocking(False)
            try:
                # peeked, not read: nothing to read is BlockingIOError, an end is b""
                lost = connection.recv(1, socket.MSG_PEEK) == b""
            except BlockingIOError:
                lost = False
            except ConnectionError:
                lost = True
        if lost:
            os.close(number)
            _held.clear()
            ensure()


def _hold(names: list[str]) -> dict[str, str]:
    """Open the connection that keeps the services alive; it is closed by the end of this process alone."""
    state, run = state_directory(), socket_directory()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    urls = _ask(run, names)
    if urls is None:
        # one at a time: whoever waited here finds the keeper started by the one before
        with (state / "start.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            deadline = time.monotonic() + START_SECONDS
            while (urls := _ask(run, names)) is None:
                if time.monotonic() > deadline:
                    raise ServiceUnavailable(f"Les services embarqués ne répondent pas : voir {state}/keeper.log")
                _start_keeper(state, run)
    return urls


def _ask(run: Path, names: list[str]) -> dict[str, str] | None:
    """The URLs, or None when no keeper answers there."""
    if not run.exists():
        return None
    check_private(run)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(START_SECONDS)
        connection.connect(str(run / "keeper.sock"))
        connection.sendall(" ".join(names).encode() + b"\n")
        with connection.makefile("r", encoding="utf-8") as lines:
            answer = json.loads(lines.readline() or "null")
    except (FileNotFoundError, ConnectionError):
        answer = None
    if answer and "urls" in answer:
        # a bare descriptor: no object whose end would close it; not inherited by programs this process starts
        number = connection.detach()
        _held.update(dict.fromkeys(names, number))
        return dict(answer["urls"])
    connection.close()
    if answer:
        raise ServiceUnavailable(answer["error"])
    return None


def _start_keeper(state: Path, run: Path) -> None:
    # its own session and none of our descriptors: it outlives this process
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("keeper.py"), state, run],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
        env=_plain_environment(),
    )
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()
        raise ServiceUnavailable(lines[-1] if lines else "Le gardien des services embarqués ne démarre pas.")


def _plain_environment() -> dict[str, str]:
    """No PG* variable of the user's own databases, no PYTHON* that would change what the keeper runs."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTHON"))}
