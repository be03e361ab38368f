"""The end of jobs that were asked for: all their rows have ended, one was given up, or the work was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.errors import Stale
from config.kernel.isolating import treat_each
from config.kernel.jobs import Part, complete_job, fail_job
from config.kernel.models import Job, JobStatus
from config.kernel.scope import across_companies
from config.pages.operations.jobs import ACTIVE, COMPLETED, FAILED, SOURCES, WAITING

FOLLOWER = Actor.system("suivi des travaux")
MOST = 500
GOING_ON = {WAITING, ACTIVE}
# beyond the longest that a request lasts
INTERRUPTED_AFTER = timedelta(hours=1)
INTERRUPTED = "Ce travail a été interrompu : ce qu’il avait fait reste fait, demandez-le à nouveau."
_SOURCES = {source.kind: source for source in SOURCES}


def finish_jobs(*, at: datetime | None = None) -> int:
    """Write the end of those that have ended; how many."""
    moment = at or timezone.now()
    # the companies wait in one line; each job is then looked at in the scope of its own
    with across_companies():
        running = list(Job.everywhere.filter(status=JobStatus.RUNNING).order_by("started_at", "id"))
        unfinished = _unfinished_parts(running)
    # those that wait do not hold up the later ones
    ended = [job for job in running if not any(tuple(part) in unfinished for part in job.parts)][:MOST]
    return sum(treat_each(ended, lambda job: _follow(job, moment), loop="suivi des travaux demandés", at=moment))


def _unfinished_parts(running: Sequence[Job]) -> set[Part]:
    """The rows that go on, of those that these jobs wait for. One query per kind of rows."""
    wanted: dict[str, list[int]] = {}
    for job in running:
        for kind, pk in job.parts:
            wanted.setdefault(kind, []).append(pk)
    unfinished: set[Part] = set()
    for kind, keys in wanted.items():
        source = _SOURCES[kind]
        rows = source.rows().filter(pk__in=keys).annotate(job_state=source.state())
        unfinished |= {(kind, pk) for pk in rows.filter(job_state__in=GOING_ON).values_list("pk", flat=True)}
    return unfinished


def _follow(job: Job, at: datetime) -> bool:
    try:
        return _finish(job, at)
    except Stale:
        # another sweep, which met it at the same moment
        return False


def _finish(job: Job, at: datetime) -> bool:
    if not job.parts:
        late = at - job.started_at > INTERRUPTED_AFTER
        if late:
            fail_job(job, problem=INTERRUPTED, actor=FOLLOWER, at=at)
        return late
    rows = [row for kind, pk in job.parts for row in _rows(kind, pk)]
    states = {row.job_state for row in rows}
    if states & GOING_ON:
        return False
    also = {row.invoice.pk: row.invoice for row in rows if getattr(row, "invoice", None)}.values()
    if FAILED in states:
        problem = next((row.last_error for row in rows if row.job_state == FAILED and row.last_error), "")
        fail_job(job, problem=problem, actor=FOLLOWER, at=at, also=also)
    else:
        result = {COMPLETED: [{"kind": kind, "id": pk} for kind, pk in job.parts]}
        complete_job(job, result=result, actor=FOLLOWER, at=at, also=also)
    return True


def _rows(kind: str, pk: int) -> list[Any]:
    source = _SOURCES[kind]
    return list(source.rows().filter(pk=pk).annotate(job_state=source.state()))
