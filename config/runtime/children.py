"""Processes that are looked after: one that dies is started again, each time after a longer pause."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from config.runtime import embedded
from config.runtime.processes import die_with_parent

LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0


class Process(Protocol):
    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def send_signal(self, sig: int) -> None: ...


@dataclass
class Child:
    """One process and its descendants. `patience` is what it may take to end its work, in seconds."""

    name: str
    patience: float
    process: Process | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    pause: float = field(default=1.0, init=False)
    again_at: float = field(default=0.0, init=False)

    def start(self) -> None:
        self.process = self.launch()
        self.started = time.monotonic()

    def launch(self) -> Process:
        raise NotImplementedError

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look(self, now: float) -> None:
        """Start it again if it died, each time after a longer pause."""
        if self.alive():
            if now - self.started > STEADY_SECONDS:
                self.pause = 1.0
        elif self.process is not None:
            say(f"{self.name} ne tourne plus (code {self.process.returncode}), nouvel essai dans {self.pause:.0f} s.")
            self.sweep()
            self.again_at, self.pause = now + self.pause, min(self.pause * 2, LONGEST_PAUSE)
        elif now >= self.again_at:
            self.start()

    def signal(self, sign: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)

    def sweep(self) -> None:
        """Kill what is left of it, and wait for its end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self.kill(self.process.pid)
            self.process.wait()
            self.process = None

    def kill(self, pid: int) -> None:
        raise NotImplementedError


@dataclass
class Program(Child):
    """A program in a process group of its own: killed, its descendants go with it."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def launch(self) -> Process:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            cwd=embedded.BASE_DIR,
            env={**os.environ, **self.environment},
            # a group of its own: Ctrl-C in the terminal reaches this process alone, which stops the children in order
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    def kill(self, pid: int) -> None:
        # the group, not the process: a killed celery leaves its pool, a killed granian its workers
        os.killpg(pid, signal.SIGKILL)


@dataclass
class Forked(Child):
    """A copy of this very process, in its group, that runs `work(arguments)`."""

    work: Callable[[list[str]], None]
    arguments: list[str]

    def launch(self) -> Process:
        return Fork(lambda: self.work(self.arguments))

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)


class Fork:
    """What `subprocess.Popen` is for a program."""

    def __init__(self, work: Callable[[], None]) -> None:
        arrange = die_with_parent(signal.SIGTERM)
        sys.stdout.flush()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            for sign in (signal.SIGINT, signal.SIGTERM):
                signal.signal(sign, signal.SIG_DFL)
            arrange()
            os._exit(_code(work))

    def poll(self) -> int | None:
        if self.returncode is None:
            self._reap(os.WNOHANG)
        return self.returncode

    def wait(self) -> int:
        while self.returncode is None:
            self._reap(0)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        os.kill(self.pid, sig)

    def _reap(self, options: int) -> None:
        pid, status = os.waitpid(self.pid, options)
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def _code(work: Callable[[], None]) -> int:
    """How the copy ends: never back in the code of its parent."""
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException:  # noqa: BLE001 - whatever it is, the copy must not go on
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def look_after(children: Sequence[Child]) -> None:
    """Once: to be called again and again."""
    for child in children:
        child.look(time.monotonic())


def stop(children: Sequence[Child], hurried: Callable[[], bool] = lambda: False) -> None:
    """All are asked at once, and each has its patience, unless `hurried`; then what is left is killed."""
    for child in children:
        child.signal(signal.SIGTERM)
    began = time.monotonic()
    for child in children:
        while child.alive() and time.monotonic() - began < child.patience and not hurried():
            time.sleep(0.05)
        child.sweep()
