"""Jobs that a person or a partner asked for: their end is a fact, which partners hear of with the job's id.

What the product does by itself, every few seconds, is none: its rows have events of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.utils import timezone

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company, CompanyRow, Job, JobStatus

DEFECT = "Une erreur inattendue a interrompu ce travail."
Part = tuple[str, int]


def begin_job(
    kind: str, *, queue: str, company: Company, actor: Actor, at: datetime, parts: Sequence[Part] = ()
) -> Job:
    """Write down that the work was asked for. With `parts`, it ends when those rows of the queues have."""
    job: Job = Job.objects.create(
        company=company, kind=kind, queue=queue, started_at=at, parts=[list(part) for part in parts]
    )
    audit.record("kernel.job.started", subject=job, actor=actor, at=at, data={"job": kind, "queue": queue})
    return job


def complete_job(
    job: Job, *, result: Mapping[str, Any], actor: Actor, at: datetime, also: Iterable[CompanyRow] = ()
) -> None:
    """Raises Stale when somebody else wrote its end."""
    data = {"job": job.kind, "job_id": job.pk, "queue": job.queue, "result": dict(result)}
    states.move(
        job, JobStatus.COMPLETED, tag="kernel.job.completed", actor=actor, at=at, also=also, data=data, finished_at=at
    )


def fail_job(job: Job, *, problem: str, actor: Actor, at: datetime, also: Iterable[CompanyRow] = ()) -> None:
    """Raises Stale when somebody else wrote its end."""
    data = {"job": job.kind, "job_id": job.pk, "queue": job.queue, "error": problem[:500]}
    states.move(
        job,
        JobStatus.FAILED,
        tag="kernel.job.failed",
        actor=actor,
        at=at,
        also=also,
        data=data,
        finished_at=at,
        problem=problem[:500],
    )


@contextmanager
def requested(
    kind: str, *, queue: str, company: Company, actor: Actor, at: datetime
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """A job that is done within, with no transaction around it; what is put into the dictionary is its result.

    With a `problem` in it the job failed, though nothing was raised.
    """
    job, result = begin_job(kind, queue=queue, company=company, actor=actor, at=at), dict[str, Any]()
    try:
        yield job, result
    except Exception as error:
        problem = str(error) if isinstance(error, DomainError | RemoteError) else DEFECT
        fail_job(job, problem=problem, actor=actor, at=timezone.now())
        raise
    if result.get("problem"):
        fail_job(job, problem=str(result["problem"]), actor=actor, at=timezone.now())
    else:
        complete_job(job, result=result, actor=actor, at=timezone.now())


def record_sync(
    *, company: Company, source: CompanyRow, kind: str, synced: int, problem: str, actor: Actor, at: datetime
) -> None:
    """A source was read, to its end or not: how much was new ('' when nothing went wrong)."""
    data = {"source": kind, "name": str(source), "synced": synced, "problem": problem}
    audit.record("kernel.sync.completed", subject=company, also=[source], actor=actor, at=at, data=data)
