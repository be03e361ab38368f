"""The background processes: a worker for each queue, and the clock, forked from one that has imported the product.

`python -m config.runtime.workers NAME…`: names of queues, `queues` for all that have work, `beat` for the clock. They
share the memory of what was imported once; one that dies is forked again, later and later.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Iterable
from types import FrameType

from config.runtime import embedded
from config.runtime.children import Child, Forked, look_after, stop

QUEUES = "queues"
PATIENCE = 25.0  # seconds for the tasks at work when all is stopped; `make run` has less


def commands(names: Iterable[str]) -> dict[str, list[str]]:
    """Name → the arguments of its celery. Raises KeyError for a queue that nothing is routed to."""
    from config.celery import BEAT, QUEUES_AT_WORK

    known = {queue.name: queue.worker() for queue in QUEUES_AT_WORK}
    asked: dict[str, list[str]] = {}
    for name in names:
        if name == QUEUES:
            asked |= known
        elif name == BEAT:
            asked[BEAT] = ["beat", "--pidfile="]
        else:
            asked[name] = known[name]
    return asked


def _celery(arguments: list[str]) -> None:
    from config.celery import app

    app.start(["-q", *arguments])


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    embedded.ensure()
    import django

    django.setup()
    from config.celery import app

    # every task, and what it needs
    app.loader.import_default_modules()
    children: list[Child] = [
        Forked(f"L’ouvrier {name}" if arguments[0] == "worker" else "L’horloge", PATIENCE, _celery, arguments)
        for name, arguments in commands(names).items()
    ]
    ending = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal ending
        ending = True

    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, end)
    gc.collect()
    # what is there stays where it is: the collector of a child would copy the pages that it marks
    gc.freeze()
    try:
        while not ending:
            look_after(children)
            embedded.renew()
            time.sleep(0.3)
    finally:
        stop(children)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
