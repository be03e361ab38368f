"""The durable queue: rows that wait are leased to one worker (commit), worked on with no transaction open, recorded.

The row is the queue; Celery only wakes the sweeps. Who dies leaves the row to the next sweep after its lease, and who
was merely slow finds the lease taken over and throws its result away (`held`). A row that breaks is written down where
people look, and the next is reached. A flow declares one `Queue`, and passes `tests/trust/test_queues.py`.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from config.kernel.isolating import treat_each
from config.kernel.models.queues import Leased
from config.kernel.quiet import is_quiet
from config.kernel.scope import across_companies, scope_of
from config.kernel.tries import DELAYS as DELAYS

R = TypeVar("R", bound=Leased)
Clock = Callable[[], datetime]

JITTER = 0.1
LONGEST_ASKED = timedelta(days=1)
# written with whatever ends a lease
FREE: Mapping[str, Any] = {"lease_owner": "", "lease_until": None}


def backoff(attempts: int, *, delays: Sequence[timedelta] = DELAYS, retry_after: int | None = None) -> timedelta:
    """The wait after so many tries: the table's, ±10 % so that rows do not march in step, or what was asked for.

    `retry_after`: seconds, as the remote system asked; a day at most.
    """
    # a failed platform must not get all of its waiting rows back in the same second
    wait = delays[min(attempts, len(delays)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 – spreads a herd
    return max(wait, min(timedelta(seconds=retry_after or 0), LONGEST_ASKED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Generic[R]):
    """One flow of durable work.

    name: French, as people read it beside a failure.
    due: the rows, of all companies, that may be worked on at a moment, the most urgent first.
    work: what is done with one, no transaction open; what it writes at the end, it writes under `held`.
    lease: beyond the longest that the work lasts.
    take: what is done with a row within its claim, to write down the attempt; False leaves the row for now.
    leaves: the work tells somebody outside something; none is claimed from a copy that nobody has released.
    """

    name: str
    due: Callable[[datetime], QuerySet[R]]
    work: Callable[[R, Clock], Any]
    lease: timedelta
    take: Callable[[R, datetime], bool] | None = None
    leaves: bool = False

    @transaction.atomic(durable=True)
    def claim(self, *, at: datetime, worker: str = "", limit: int = 1) -> list[R]:
        """Lease the next rows to this worker. Must be called outside a transaction."""
        if self.leaves and is_quiet():
            return []
        owner = worker or uuid.uuid4().hex
        met: list[int] = []
        claimed: list[R] = []
        # `met` holds what `take` left for now: without it the same row would be found again, for ever
        while len(claimed) < limit and (row := self._next(at, met)):
            met.append(row.pk)
            with scope_of(row.company_id):
                if self.take is None or self.take(row, at):
                    _lease(row, owner, at + self.lease)
                    claimed.append(row)
        return claimed

    def sweep(self, *, now: Clock = timezone.now, limit: int = 200, seconds: float = 60) -> list[Any]:
        """Work on what is due, one row after the other, up to `limit` rows and `seconds`. Returns what `work` answered.

        One at a time: a lease begins when its row is taken, and a worker that dies leaves one row in doubt, not ten.
        """
        until = time.monotonic() + seconds
        answers: list[Any] = []
        for _turn in range(limit):
            claimed = self.claim(at=now()) if time.monotonic() < until else []
            if not claimed:
                break
            answers += self._treat(claimed, now)
        return answers

    def visit(self, *, now: Clock = timezone.now) -> list[Any]:
        """Work once on each row that is due now and in nobody's hands, then let go of it. Returns what `work` answered.

        For rows that are due for ever: accounts to read, say.
        """
        answers: list[Any] = []
        # the rows of every company that are due; each is then worked on in the scope of its own
        with across_companies():
            due = [(row.pk, row.company_id) for row in self._due(now())]
        for key, company_id in due:
            with scope_of(company_id):
                claimed = self._claim_row(key, now())
                answers += self._treat(claimed, now)
                for row in claimed:
                    release(row)
        return answers

    @transaction.atomic(durable=True)
    def _claim_row(self, key: int, at: datetime) -> list[R]:
        rows = list(self._free(at).filter(pk=key))
        for row in rows:
            _lease(row, uuid.uuid4().hex, at + self.lease)
        return rows

    def _next(self, at: datetime, met: Collection[int]) -> R | None:
        # the companies wait in one line; each row is then worked on in the scope of its own
        with across_companies():
            return self._free(at).exclude(pk__in=met).first()

    def _treat(self, rows: Collection[R], now: Clock) -> list[Any]:
        return treat_each(rows, lambda row: self.work(row, now), loop=self.name, at=now())

    def _due(self, at: datetime) -> QuerySet[R]:
        # a lease that ran out is free again: its worker died, or is slow and will find the fence
        return self.due(at).filter(Q(lease_until=None) | Q(lease_until__lt=at))

    def _free(self, at: datetime) -> QuerySet[R]:
        """Those that are due and that no other worker is claiming at this moment."""
        # SKIP LOCKED: a row that another sweep is claiming is passed by instead of waited for; `of`: the joined rows of
        # an order are not ours to lock; FOR NO KEY UPDATE lets foreign keys to the row be written meanwhile
        return self._due(at).select_for_update(no_key=True, skip_locked=True, of=("self",))


def _lease(row: Leased, owner: str, until: datetime) -> None:
    # no `save`: the row was read in this transaction, but its other columns belong to whoever edits it
    type(row).everywhere.filter(pk=row.pk).update(lease_owner=owner, lease_until=until)
    row.lease_owner, row.lease_until = owner, until


@contextmanager
def held(row: R, **still: Any) -> Iterator[R | None]:
    """A transaction with the row locked, while its lease is ours; None when another worker has taken it over.

    `still`: what must hold besides, its status for one, which a person may have changed meanwhile.
    """
    with transaction.atomic():
        rows = type(row).everywhere.select_for_update(no_key=True, of=("self",))
        # the owner is the fence: the lease may have run out while we talked, and another worker be carrying the row;
        # an empty owner is nobody's, and must not match a row that never was leased
        mine = rows.filter(pk=row.pk, lease_owner=row.lease_owner, **still).exclude(lease_owner="")
        yield mine.first()


def renew(row: Leased, *, until: datetime, **still: Any) -> bool:
    """A longer lease, for the worker that still holds this one. False: another has taken it over."""
    mine = type(row).everywhere.filter(pk=row.pk, lease_owner=row.lease_owner, **still).exclude(lease_owner="")
    return bool(mine.update(lease_until=until))


def release(row: Leased) -> None:
    """Let go of a row, unless another worker has taken it over."""
    type(row).everywhere.filter(pk=row.pk, lease_owner=row.lease_owner).update(**FREE)
