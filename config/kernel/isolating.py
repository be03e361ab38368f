"""Loops over rows or companies: one that fails is written down where people look, and the next is reached.

The failure stands on the home page until a later run of the same loop treats the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company, CompanyRow, Leased, LoopFailure
from config.kernel.scope import across_companies, scope_of

logger = structlog.get_logger(__name__)

R = TypeVar("R", bound=Company | CompanyRow | Leased)
T = TypeVar("T")
DEFECT = "Une erreur inattendue l’a empêché ; il sera repris."
# beyond the longest pause between two tries of a row: what is older is treated no more (ignored, disabled, deleted)
REMEMBERED = timedelta(days=2)


def treat_each(
    rows: Iterable[R], treat: Callable[[R], T], *, loop: str, at: datetime, passing: tuple[type[Exception], ...] = ()
) -> list[T]:
    """What `treat` returned for each row, in the scope of its company; rows that failed are left out.

    `loop` is the French name of the loop, as people read it. Raises OperationalError and InterfaceError when the
    database itself is away, and what `passing` names: then no row is to blame.
    """
    treated: list[T] = []
    batches = ([row] for row in rows)
    treat_batches(batches, lambda batch: treated.append(treat(batch[0])), loop=loop, at=at, passing=passing)
    return treated


def treat_batches(
    batches: Iterable[Sequence[R]],
    treat: Callable[[Sequence[R]], object],
    *,
    loop: str,
    at: datetime,
    passing: tuple[type[Exception], ...] = (),
) -> None:
    """Treat rows many at once, each batch of one company; what `treat` does of a batch, it does whole or not at all.

    A batch that fails is treated row by row, and so is what failed before: the bad row is written down, the others are
    treated. Raises as `treat_each` does.
    """
    # the rows may be of any company
    with across_companies():
        failed_before = set(LoopFailure.everywhere.filter(loop=loop).values_list("row", flat=True))

    def attempt(batch: Sequence[R]) -> bool:
        row, names = batch[0], {row.subject for row in batch} & failed_before
        company_id = row.pk if isinstance(row, Company) else row.company_id
        with scope_of(company_id):
            try:
                treat(batch)
            except passing:
                raise
            except Exception as error:
                # the server is gone, not the row bad: blaming each of a thousand rows would bury the one cause
                if isinstance(error, OperationalError | InterfaceError) and not connection.is_usable():
                    raise
                logger.exception("row_failed", loop=loop, row=row.subject, rows=len(batch))
                if len(batch) == 1:
                    with _noting(company_id):
                        _write_down(row, company_id, error, loop=loop, at=at)
                return False
            if names:
                with _noting(company_id):
                    LoopFailure.everywhere.filter(loop=loop, row__in=names).delete()
            return True

    for batch in batches:
        suspects = [row for row in batch if row.subject in failed_before] if failed_before else []
        others = [row for row in batch if row not in suspects] if suspects else batch
        if others and not attempt(others) and len(others) > 1:
            suspects += others
        for row in suspects:
            attempt([row])


def _noting(company_id: int | None) -> AbstractContextManager[None]:
    # what belongs to no company fails in none: no scope would let its failure be written
    return across_companies() if company_id is None else scope_of(company_id)


def _write_down(
    row: Company | CompanyRow | Leased, company_id: int | None, error: Exception, *, loop: str, at: datetime
) -> None:
    # the sentence of an error that is meant for people; a defect's own text stays in the log
    problem = str(error) if isinstance(error, DomainError | RemoteError) else f"{DEFECT} ({type(error).__name__})"
    facts = {"problem": problem[:500], "failed_at": at, "name": str(row)[:200]}
    _failure, is_new = LoopFailure.everywhere.get_or_create(
        company_id=company_id, loop=loop, row=row.subject, defaults={**facts, "failing_since": at}
    )
    if not is_new:
        LoopFailure.everywhere.filter(loop=loop, row=row.subject).update(times=F("times") + 1, **facts)


def forget(*, at: datetime) -> int:
    """Delete the failures of rows that their loop no longer meets. Returns how many."""
    deleted, _by_model = LoopFailure.everywhere.filter(failed_at__lt=at - REMEMBERED).delete()
    return deleted
