"""« Réglages › Travaux »: who of the background works, on what, and the jobs that wait for somebody."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from config.celery import QUEUES_AT_WORK
from config.kernel.access import MemberRequest, member
from config.pages.frame import tabs_of
from config.pages.operations import jobs
from config.pages.operations.naming import KIND_LABELS, QUEUE_LABELS, STATE_LABELS, name_of
from config.runtime import heartbeats

FAILED_JOBS = 20


@require_GET
@member("finance")
def operations(request: HttpRequest) -> HttpResponse:
    """Each queue with its worker and its counts, the clock, and the latest failed jobs."""
    counted, queues = jobs.counts(), {queue.name: queue for queue in QUEUES_AT_WORK}
    found = heartbeats.workers(timezone.now())
    rows = [
        {
            "label": QUEUE_LABELS[worker.name],
            "queue": queues.get(worker.name),
            "counts": counted.get(worker.name),
            "worker": worker,
            "state": STATE_LABELS[worker.state],
        }
        for worker in found
    ]
    stopped = [(name_of(worker), worker) for worker in heartbeats.not_working(found)]
    failed = [(KIND_LABELS[job.kind], job) for job in jobs.jobs(state=jobs.FAILED, limit=FAILED_JOBS)]
    context = {
        "rows": rows,
        "stopped": stopped,
        "failed": failed,
        "broker_answers": jobs.broker_lengths() is not None,
        "tabs": tabs_of(cast(MemberRequest, request).membership.role, "operations"),
    }
    return render(request, "settings/operations.html", context)
