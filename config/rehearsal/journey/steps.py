"""What a journey needs: its steps, its promises, and the patience to wait for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

from config.kernel.actor import Actor

ACTOR = Actor.system("parcours")
# longer than a lease: a worker killed while it carries an invoice is waited for, then taken over
PATIENCE = 240.0
PAUSE = 0.3  # seconds between two looks


class PromiseBroken(Exception):
    """Something is not as promised: the journey stops there."""


@dataclass
class Journey:
    """`report` is called with each step as it is done."""

    report: Callable[[dict[str, Any]], None]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, step: str, /, **written: Any) -> None:
        entry = {"step": step, **written}
        self.steps.append(entry)
        self.report(entry)


def promise(kept: bool, what: str) -> None:
    if not kept:
        raise PromiseBroken(what)


def wait(what: str, done: Callable[[], bool]) -> None:
    """Work until it is done, as a worker would; a carrier that died is taken over when its lease ends."""
    start = monotonic()
    while not done():
        promise(monotonic() - start < PATIENCE, f"waited {PATIENCE:.0f} s for {what}")
        sleep(PAUSE)
