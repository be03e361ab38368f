"""The background of the product, as it tells of itself: workers and clock."""

from __future__ import annotations

from datetime import UTC, datetime

from config.celery import BEAT, QUEUES_AT_WORK
from config.kernel.models import Heartbeat

FOR_EVER = datetime(2100, 1, 1, tzinfo=UTC)
NAMES = [*(queue.name for queue in QUEUES_AT_WORK), BEAT]


def all_at_work(at: datetime = FOR_EVER) -> None:
    """Each has just given a sign of life; without a moment, for as long as the test lasts."""
    sign = {"place": "test 1", "started_at": at, "seen_at": at, "moved_at": at, "busy": 0}
    Heartbeat.objects.bulk_create([Heartbeat(name=name, **sign) for name in NAMES], ignore_conflicts=True)
