"""Alarm clocks of the roof: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from config.pages.operations.finishing import finish_jobs as finish
from config.runtime.nightly import start_due


@shared_task(name="operations.finish_jobs")
def finish_jobs() -> int:
    """Write the end of the jobs that were asked for; how many have ended."""
    return finish()


@shared_task(name="operations.safekeep")
def safekeep() -> bool:
    """Start what is due of the night's cares, as a process of its own; whether something is."""
    return start_due(timezone.now())
