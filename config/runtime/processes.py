"""The programs that `make run` starts: they die with their parent, stop in steps, and explain why they do not start.

Imports nothing but the standard library, so that the keeper starts at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class StartFailure(Exception):
    """A service cannot start; the text is the one line to show."""


def check_private(run: Path) -> None:
    """In a directory everybody can write to, a name proves nothing: it must be ours and closed. Raises StartFailure."""
    # lstat: a link planted there by another user must not be followed
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StartFailure(f"{run} n’est pas un répertoire privé de cet utilisateur : supprimez-le.")


def die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program, so that it gets `sign` when its parent dies, even by SIGKILL."""
    parent = os.getpid()
    # loaded here: between fork and exec the child of a threaded process is safe only while it takes no lock
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sign))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def stop_with_parent(parent: int | None = None) -> None:
    """Ask the system for SIGTERM when the parent of this very process dies; end at once if `parent` is dead already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def tail(log: Path, lines: int = 4) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " / ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def explain(service: str, output: str) -> StartFailure:
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return StartFailure(f"Disque plein : {service} ne peut pas démarrer. Libérez de la place et recommencez.")
    return StartFailure(f"{service} ne démarre pas : {output or 'aucun message'}")


def stop_process(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    for sign, patience in steps:
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def explain_failure(failure: Exception, service: str) -> StartFailure:
    if not isinstance(failure, OSError):
        return explain(service, str(failure))
    if failure.errno in (errno.ENOSPC, errno.EDQUOT):
        return explain(service, "No space left on device")
    return explain(service, f"{failure.strerror} ({failure.filename})")
