"""The background of the product, as it tells of itself: workers and clock."""

from __future__ import annotations

from django.utils import timezone

from config.celery import BEAT, QUEUES_AT_WORK
from config.kernel.models import Heartbeat

NAMES = [*(queue.name for queue in QUEUES_AT_WORK), BEAT]


def all_at_work() -> None:
    """Each has just given a sign of life, which lasts (`_signs_of_life_last`): no test must be quick."""
    at = timezone.now()
    sign = {"place": "test 1", "started_at": at, "seen_at": at, "moved_at": at, "busy": 0}
    Heartbeat.objects.bulk_create([Heartbeat(name=name, **sign) for name in NAMES], ignore_conflicts=True)
