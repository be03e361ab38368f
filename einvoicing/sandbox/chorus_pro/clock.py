"""The simulator's clock: the real one, unless a test brings its own (SANDBOX_CLOCK, a callable)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    clock = getattr(settings, "SANDBOX_CLOCK", timezone.now)
    moment: datetime = clock()
    return moment
