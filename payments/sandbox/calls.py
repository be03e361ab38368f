"""The book of every call to a simulated service, and the quota it is counted against."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils import timezone

from config.sandbox.models import SandboxRecord

WINDOW = timedelta(minutes=1)


def write_down(service: str, client_id: str, call: str) -> None:
    SandboxRecord.objects.create(
        service=service, kind="call", key=uuid.uuid4().hex, client_id=client_id, facts={"call": call}
    )


def used(service: str, client_id: str) -> tuple[int, int]:
    """How many calls the last minute saw, and the seconds until the first of them is a minute old."""
    now = timezone.now()
    recent = SandboxRecord.objects.filter(
        service=service, kind="call", client_id=client_id, created_at__gt=now - WINDOW
    ).order_by("id")
    instants = list(recent.values_list("created_at", flat=True))
    return len(instants), max(1, round((instants[0] + WINDOW - now).total_seconds())) if instants else 0
