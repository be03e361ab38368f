"""Waiting for a condition instead of for a time: quick where the machine is quick, patient where it is not."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds; only a defect takes so long, however busy the machine


def wait_until(holds: Callable[[], object], *, what: str, seconds: float = PATIENCE, every: float = 0.02) -> None:
    """Return as soon as `holds()` is true. Raises AssertionError, naming `what` was waited for, when it never is.

    `every` seconds it is asked: seldom where the answer itself is work.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(every)
