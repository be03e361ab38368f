"""A run is carried out row by row: each in one transaction with its result, so that none is done twice.

A worker holds a run for a turn and then lets the next have it. One that dies leaves the row it was at as it was: its
transaction is undone, and whoever takes the run over goes on from there.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Count, F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext_noop as n

from config.kernel import outside, states
from config.kernel.actor import Actor
from config.kernel.bulk.acts import ACTS, LISTS, BulkAct
from config.kernel.errors import DomainError, RemoteError
from config.kernel.middleware import say, translated
from config.kernel.models import BulkRow, BulkRowStatus, BulkRun, BulkStatus, Membership
from config.kernel.queue import FREE, Clock, Queue, held

logger = structlog.get_logger(__name__)

TURN_SECONDS = 20.0
TRIES = 3  # of a row whose worker died each time
GONE = n("Cette fiche n’existe plus.")
DEFECT = n("Une erreur inattendue l’a empêché : rien n’a été fait. Réessayez-la seule, depuis sa fiche.")
INTERRUPTED = n("Le traitement s’est interrompu trois fois à cette ligne : elle est laissée de côté.")
NO_LONGER_ALLOWED = n("Le rôle de la personne qui l’a demandé ne permet plus cet acte.")
RUNNER = Actor.system("actes groupés")


def counts_of(run: BulkRun) -> dict[str, int]:
    """How many rows wait, are done and are refused. One query."""
    rows: QuerySet[BulkRow] = BulkRow.objects.filter(run=run).order_by()
    return {
        state.value: count
        for state, count in zip(
            BulkRowStatus,
            rows.aggregate(**{state.value: Count("pk", filter=Q(status=state)) for state in BulkRowStatus}).values(),
            strict=True,
        )
    }


def stop_run(*, run: BulkRun, actor: Actor, at: datetime) -> None:
    """What is done stays done; the rest is left as it is. Raises TransitionRefused, Stale."""
    states.move(run, BulkStatus.STOPPED, tag="kernel.bulk.stopped", actor=actor, at=at, finished_at=at, **FREE)


def _due(_at: datetime) -> QuerySet[BulkRun]:
    rows: QuerySet[BulkRun] = BulkRun.everywhere.filter(status=BulkStatus.RUNNING).order_by("turn_at", "id")
    return rows


def _work(run: BulkRun, now: Clock) -> None:
    act = ACTS[run.rows_of][run.act]
    until = time.monotonic() + TURN_SECONDS
    with translation.override(run.language):
        if not _still_may(run, act):
            BulkRow.objects.filter(run=run, status=BulkRowStatus.WAITING).update(
                status=BulkRowStatus.REFUSED, sentence=translated(NO_LONGER_ALLOWED), done_at=now()
            )
        while time.monotonic() < until:
            rows = BulkRow.objects.filter(run=run, status=BulkRowStatus.WAITING).order_by("position")
            row = rows.first()
            if row is None:
                _finish(run, now())
                return
            if not _treat(run, row, act, now):
                return  # stopped, or in another worker's hands
    BulkRun.everywhere.filter(pk=run.pk, lease_owner=run.lease_owner).update(turn_at=now(), **FREE)


def _still_may(run: BulkRun, act: BulkAct) -> bool:
    found = Membership.objects.filter(user=run.requested_by_id, company=run.company_id, user__is_active=True).first()
    return found is not None and found.may(act.needs)


def _treat(run: BulkRun, row: BulkRow, act: BulkAct, now: Clock) -> bool:
    """Whether the run is still ours to go on with."""
    # counted before and apart from the work: what takes the worker with it is undone, this is not
    BulkRow.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
    if row.attempts >= TRIES:
        return _refuse(run, row, translated(INTERRUPTED), now())
    try:
        return _act(run, row, act, now)
    except DomainError as error:
        sentence = say(error)
    except RemoteError as error:
        sentence = translated(error.message)
    except Exception as error:
        # the server is gone, not the row bad: the lease runs out and the row is met again
        if isinstance(error, OperationalError | InterfaceError) and not connection.is_usable():
            raise
        logger.exception("bulk_row_failed", run=run.pk, row=row.pk, act=run.act)
        sentence = translated(DEFECT)
    return _refuse(run, row, sentence, now())


@outside.atomic
def _act(run: BulkRun, row: BulkRow, act: BulkAct, now: Clock) -> bool:
    """The service and its result in one commit, under the run's fence."""
    with held(run, status=BulkStatus.RUNNING) as mine:
        if mine is None:
            return False
        record = LISTS[run.rows_of].rows().filter(pk=row.record).first()
        if record is None:
            return _write(run, row, BulkRowStatus.REFUSED, translated(GONE), now())
        sentence = act.work(record, run.options, Actor.user(run.requested_by), now())
        return _write(run, row, BulkRowStatus.DONE, sentence, now())


def _refuse(run: BulkRun, row: BulkRow, sentence: str, at: datetime) -> bool:
    with held(run, status=BulkStatus.RUNNING) as mine:
        return mine is not None and _write(run, row, BulkRowStatus.REFUSED, sentence, at)


def _write(run: BulkRun, row: BulkRow, status: BulkRowStatus, sentence: str, at: datetime) -> bool:
    waiting = BulkRow.objects.filter(pk=row.pk, status=BulkRowStatus.WAITING)
    waiting.update(status=status, sentence=sentence[:500], done_at=at)
    BulkRun.everywhere.filter(pk=run.pk).update(lease_until=at + LEASE)
    return True


def _finish(run: BulkRun, at: datetime) -> None:
    with held(run, status=BulkStatus.RUNNING) as mine:
        if mine is not None:
            counts = counts_of(run)
            data = {"done": counts["DONE"], "refused": counts["REFUSED"]}
            tag = "kernel.bulk.finished"
            states.move(mine, BulkStatus.DONE, tag=tag, actor=RUNNER, at=at, data=data, finished_at=at, **FREE)


# beyond the longest that one row lasts
LEASE = timedelta(minutes=3)
RUNS = Queue(name="actes groupés", due=_due, work=_work, lease=LEASE)
