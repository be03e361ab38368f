"""The child process that judges documents: `python -m einvoicing.validation.child PARENT_PID`.

Speaks on its standard input and output: a JSON line announcing a document and its size, the bytes, and a JSON
line back. It never imports Django, keeps no secret, and dies with its parent or when a document takes too long.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

import pikepdf

EXTRA_ADDRESS_SPACE = 3 * 1024**3  # beyond what Saxon reserves for itself at start
MAX_FILE = 64 * 1024**2
MAX_STREAM = 256 * 1024**2  # what one compressed stream of a PDF may become, a picture included


def memory(field: str = "VmRSS") -> int:
    """Bytes of the process, from /proc; 0 where there is no /proc."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as status:
            for line in status:
                if line.startswith(f"{field}:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _watch(parent: int) -> None:
    # the kernel's own death signal follows the thread that started us, which in a web server comes and goes
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _limit() -> None:
    size = memory("VmSize")
    if size:
        limit = size + EXTRA_ADDRESS_SPACE
        # address space, since Linux enforces no limit on resident memory (getrlimit(2), RLIMIT_RSS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=MAX_STREAM,
        run_length_max_memory=MAX_STREAM,
        png_max_memory=MAX_STREAM,
        tiff_max_memory=MAX_STREAM,
        dct_max_memory=MAX_STREAM,
    )


def _serve(source: BinaryIO, target: BinaryIO) -> None:
    from einvoicing.validation.chain import Chain
    from einvoicing.validation.report import refusal, to_dict

    chain = Chain()
    spent = False
    _limit()
    _answer(target, {"ready": os.getpid()})
    while line := source.readline():
        request = json.loads(line)
        data = source.read(request["size"])
        if len(data) != request["size"]:
            return
        # the kernel ends the process when a document outlasts its time, even inside native code
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        try:
            report = chain.check(data, request["rules"])
        except MemoryError:
            report = refusal("ENGINE", "Le document demande trop de mémoire pour être contrôlé.")
            spent = True
        except Exception as error:  # noqa: BLE001 - whatever a document provokes, the answer is no, and says what broke
            sentence = "Le moteur de contrôle a échoué sur ce document, qui n’est donc pas valable."
            report = refusal("ENGINE", sentence, official=f"{type(error).__name__}: {error}"[:300])
            spent = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        _answer(target, {"report": to_dict(report), "rss": memory()})
        if spent:
            return  # what failed may be left in any state: the parent starts another process


def _answer(target: BinaryIO, message: dict[str, object]) -> None:
    target.write(json.dumps(message).encode("utf-8") + b"\n")
    target.flush()


def main() -> None:
    """Serve until the parent closes the pipe or dies."""
    parent = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be mistaken for an answer
    _serve(source, target)


if __name__ == "__main__":
    main()
