"""What Chorus Pro answered, kept for all processes: fresh for a day, and a month for when it cannot be asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import caches

SHARED = "shared"  # of settings.CACHES
FRESH = timedelta(hours=24)
KEPT = timedelta(days=30)
BRIEF = timedelta(minutes=10)  # an absence: it may be mended any moment


@dataclass(frozen=True, slots=True)
class Fact:
    """An answer as JSON holds it, and when it was given."""

    value: Any
    asked_at: datetime
    life: timedelta = FRESH

    def is_fresh(self, at: datetime) -> bool:
        return timedelta(0) <= at - self.asked_at < self.life


def recall(*question: str) -> Fact | None:
    """The last answer, of whatever age; None when it was never given, or the memory is away."""
    kept = caches[SHARED].get(_key(question))
    if kept is None:
        return None
    return Fact(kept["value"], datetime.fromisoformat(kept["at"]), timedelta(seconds=kept["life"]))


def remember(*question: str, value: Any, at: datetime, is_absence: bool = False) -> Fact:
    """Keep an answer. One that says « nobody » is asked for again in ten minutes."""
    life = BRIEF if is_absence else FRESH
    kept = {"value": value, "at": at.isoformat(), "life": life.total_seconds()}
    caches[SHARED].set(_key(question), kept, (life if is_absence else KEPT).total_seconds())
    return Fact(value, at, life)


def _key(question: tuple[str, ...]) -> str:
    text = "\0".join(question)
    return f"chorus-pro:1:{hashlib.sha256(text.encode()).hexdigest()}"
