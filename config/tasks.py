"""Alarm clocks of the roof: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task

from config.pages.operations.finishing import finish_jobs as finish


@shared_task(name="operations.finish_jobs")
def finish_jobs() -> int:
    """Write the end of the jobs that were asked for; how many have ended."""
    return finish()
