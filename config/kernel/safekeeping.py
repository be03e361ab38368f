"""What is done each night so that nothing is lost unseen: each run is written down, as it begins and as it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from config.kernel.errors import DomainError
from config.kernel.models import SafekeepingKind, SafekeepingRun

logger = structlog.get_logger(__name__)
DEFECT = "Une erreur inattendue l’a empêché : voyez les journaux."


class AlreadyRunning(DomainError):
    code = "already_running"
    message = "Le même travail est déjà en cours sur cette installation : attendez qu’il finisse."


@dataclass(frozen=True, slots=True)
class State:
    """The last run that ended well, and the last one of all; None where there was none."""

    kind: SafekeepingKind
    good: SafekeepingRun | None
    last: SafekeepingRun | None

    @property
    def problem(self) -> str:
        """What the last run that ended complained of; '' where it did not."""
        return self.last.problem if self.last else ""


def states() -> dict[SafekeepingKind, State]:
    """Of every kind, from the runs that ended. One query."""
    ended = SafekeepingRun.objects.exclude(finished_at=None).annotate(is_good=Q(problem=""))
    # the last good one and the last bad one of each kind, in the order of their beginning
    rows = list(ended.order_by("kind", "is_good", "-started_at", "-pk").distinct("kind", "is_good"))
    rows.sort(key=lambda run: run.started_at)
    last = {run.kind: run for run in rows}
    good = {run.kind: run for run in rows if not run.problem}
    return {kind: State(kind, good.get(kind), last.get(kind)) for kind in SafekeepingKind}


@contextmanager
def recorded(kind: SafekeepingKind, *, at: datetime) -> Iterator[dict[str, Any]]:
    """Write down the run of what happens inside, with the figures that it puts in the dictionary, and its failure.

    Raises AlreadyRunning, and what was raised inside. Must be called outside a transaction: who looks sees it run.
    """
    with _alone(kind):
        run = SafekeepingRun.objects.create(kind=kind, started_at=at)
        facts: dict[str, Any] = {}
        try:
            yield facts
        except Exception as error:
            run.problem = str(error)[:500] if isinstance(error, DomainError | OSError) else DEFECT
            logger.exception("safekeeping_failed", kind=str(kind))
            raise
        finally:
            run.finished_at, run.facts = timezone.now(), facts
            run.save(update_fields=["finished_at", "problem", "facts"])


@contextmanager
def _alone(kind: SafekeepingKind) -> Iterator[None]:
    """One run of a kind at a time, whatever the machines: PostgreSQL lets go of it with the session."""
    key = f"safekeeping {kind}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
