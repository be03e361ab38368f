"""The parent side of validation: one long-lived child process, restarted when it dies, recycled when it grows.

Hostile files are parsed over there, never in a web or Celery process. No answer is never a "valid": an engine
that cannot be reached gives a report with the fatal violation ENGINE. Thread-safe, and safe across fork: each
process starts its own child.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from einvoicing.validation.report import Report, from_dict, refusal

SECONDS_PER_DOCUMENT = 30
SECONDS_TO_START = 60
SECONDS_TO_WAIT = 120  # for the documents of other threads
MAX_DOCUMENTS = 500
MAX_RSS = 1024**3
HARD_RSS = 3 * 1024**3
MAX_BYTES = 100 * 1024 * 1024
_ROOT = Path(__file__).resolve().parents[2]
_UNREACHABLE = "Le moteur de contrôle ne répond pas : le document n’est pas contrôlé, donc pas valable. Réessayez."
_TOO_LONG = "Le contrôle du document a dépassé le temps permis : il n’est pas valable."


class _Gone(Exception):
    """The child died or said something that is not an answer."""


class _Late(Exception):
    """The child did not answer in time, or grew beyond bounds."""


class Engine:
    """Hands documents to the child, one at a time."""

    def __init__(self, command: tuple[str, ...] = (), *, seconds: float = SECONDS_PER_DOCUMENT) -> None:
        self._command = command or (sys.executable, "-m", "einvoicing.validation.child", "%(parent)d")
        self._seconds = seconds
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0

    @property
    def pid(self) -> int | None:
        """The child's process id, None when there is none."""
        return self._process.pid if self._process else None

    def check(self, data: bytes, rules: Collection[str] | None = None) -> Report:
        """Judge a document; see `einvoicing.validation.check`."""
        started = time.monotonic()
        if len(data) > MAX_BYTES:
            return refusal("SIZE", f"Le fichier dépasse {MAX_BYTES // 1024**2} Mo.")
        if not self._lock.acquire(timeout=SECONDS_TO_WAIT):
            return refusal("ENGINE", _UNREACHABLE, milliseconds=_since(started))
        try:
            return self._attempt(data, rules)
        except _Late:
            return refusal("ENGINE", _TOO_LONG, milliseconds=_since(started))
        except (_Gone, OSError):
            return refusal("ENGINE", _UNREACHABLE, milliseconds=_since(started))
        finally:
            self._lock.release()

    def _attempt(self, data: bytes, rules: Collection[str] | None) -> Report:
        try:
            return self._ask(data, rules)
        except _Gone:
            self._stop()  # it may have died of something else than this document: once more with a new one
        try:
            return self._ask(data, rules)
        except _Gone:
            self._stop()
            raise

    def _ask(self, data: bytes, rules: Collection[str] | None) -> Report:
        process = self._started()
        header = {
            "size": len(data),
            "rules": None if rules is None else sorted(rules),
            # the parent's patience ends first, so that the child's own alarm is only for a parent that is gone
            "seconds": self._seconds + 1,
        }
        try:
            answer = _exchange(process, json.dumps(header).encode() + b"\n" + data, self._seconds)
            report = from_dict(answer["report"])
        except _Late:
            self._stop()
            raise
        except (KeyError, TypeError) as error:
            raise _Gone from error
        self._served += 1
        # the native engine grows a little with each document, and gives nothing back
        if self._served >= MAX_DOCUMENTS or answer.get("rss", 0) > MAX_RSS:
            self._stop()
        return report

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        command = [part % {"parent": os.getpid()} if "%(" in part else part for part in self._command]
        # a clean environment: the child needs none of the secrets of the application
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOT)}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=_ROOT,
        )
        self._served = 0
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            # a pipe takes 64 KB: a blocking write to a child that hangs would wait for ever
            os.set_blocking(pipe.fileno(), False)
        try:
            if "ready" not in _exchange(self._process, b"", SECONDS_TO_START):
                raise _Gone
        except _Late:
            self._stop()
            raise
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def close(self) -> None:
        """End the child; the next check starts another."""
        if self._lock.acquire(timeout=2):
            try:
                self._stop()
            finally:
                self._lock.release()

    def disown(self) -> None:
        """In a forked process: leave the parent's child alone and start afresh."""
        process = self._process
        if process is not None:
            process.returncode = 0  # not ours to wait for
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self._forget()


def _exchange(process: subprocess.Popen[bytes], request: bytes, seconds: float) -> dict[str, Any]:
    """Write the request, read one line of answer, both within the time given."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise _Gone
    deadline = time.monotonic() + seconds
    view, sent, answer = memoryview(request), 0, b""
    try:
        while sent < len(request):
            _wait(process, stdin, selectors.EVENT_WRITE, deadline)
            sent += os.write(stdin.fileno(), view[sent : sent + 65536])
        while not answer.endswith(b"\n"):
            _wait(process, stdout, selectors.EVENT_READ, deadline)
            chunk = os.read(stdout.fileno(), 65536)
            if not chunk:
                raise _Gone
            answer += chunk
        message: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError) as error:
        raise _Gone from error
    return message


def _wait(process: subprocess.Popen[bytes], pipe: IO[bytes], event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        while not selector.select(timeout=0.25):
            if time.monotonic() > deadline or _rss(process.pid) > HARD_RSS:
                raise _Late


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
    except (OSError, IndexError, ValueError):
        return 0


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


ENGINE = Engine()
atexit.register(ENGINE.close)
os.register_at_fork(after_in_child=ENGINE.disown)
