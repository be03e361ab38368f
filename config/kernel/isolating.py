"""Loops over rows or companies: one that fails is written down where people look, and the next is reached.

The failure stands on the home page until a later run of the same loop treats the row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company, CompanyRow, LoopFailure
from config.kernel.scope import across_companies, company_scope

logger = structlog.get_logger(__name__)

R = TypeVar("R", bound=Company | CompanyRow)
C = TypeVar("C", bound=CompanyRow)
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
    failed_before = _failed_before(loop)
    treated: list[T] = []
    for row in rows:
        treated += _treated(row, treat, failed_before, loop=loop, at=at, passing=passing)
    return treated


def treat_batches(
    batches: Iterable[Sequence[C]],
    treat_batch: Callable[[Sequence[C]], Sequence[C]],
    treat: Callable[[C], object],
    *,
    loop: str,
    at: datetime,
) -> None:
    """Rows of companies, treated many at once where that works: `treat_batch` returns those it left, for `treat`.

    A batch that fails has written nothing: its rows are treated one by one, and the bad one is written down as
    `treat_each` does. So are rows that failed before, and a batch of one. Raises as `treat_each` does.
    """
    failed_before = _failed_before(loop)
    for batch in batches:
        left = [row for row in batch if len(batch) == 1 or row.subject in failed_before]
        others = [row for row in batch if row not in left] if left else batch
        if others:
            try:
                with company_scope(others[0].company_id):
                    left += treat_batch(others)
            except Exception as error:
                if _is_away(error):
                    raise
                logger.exception("batch_failed", loop=loop, rows=len(others))
                left += others
        for row in left:
            _treated(row, treat, failed_before, loop=loop, at=at)


def _failed_before(loop: str) -> set[str]:
    # the rows may be of any company
    with across_companies():
        return set(LoopFailure.everywhere.filter(loop=loop).values_list("row", flat=True))


def _treated(
    row: R,
    treat: Callable[[R], T],
    failed_before: Collection[str],
    *,
    loop: str,
    at: datetime,
    passing: tuple[type[Exception], ...] = (),
) -> list[T]:
    """What `treat` returned, alone; nothing where it failed."""
    company_id = row.pk if isinstance(row, Company) else row.company_id
    with company_scope(company_id):
        try:
            treated = treat(row)
        except passing:
            raise
        except Exception as error:
            if _is_away(error):
                raise
            logger.exception("row_failed", loop=loop, row=row.subject)
            _write_down(row, company_id, error, loop=loop, at=at)
            return []
        if row.subject in failed_before:
            LoopFailure.objects.filter(loop=loop, row=row.subject).delete()
    return [treated]


def _is_away(error: Exception) -> bool:
    """The server is gone, not the row bad: blaming each of a thousand rows would bury the one cause."""
    return isinstance(error, OperationalError | InterfaceError) and not connection.is_usable()


def _write_down(row: Company | CompanyRow, company_id: int, error: Exception, *, loop: str, at: datetime) -> None:
    # the sentence of an error that is meant for people; a defect's own text stays in the log
    problem = str(error) if isinstance(error, DomainError | RemoteError) else f"{DEFECT} ({type(error).__name__})"
    facts = {"problem": problem[:500], "failed_at": at, "name": str(row)[:200]}
    _failure, is_new = LoopFailure.objects.get_or_create(
        company_id=company_id, loop=loop, row=row.subject, defaults={**facts, "failing_since": at}
    )
    if not is_new:
        LoopFailure.objects.filter(loop=loop, row=row.subject).update(times=F("times") + 1, **facts)


def forget(*, at: datetime) -> int:
    """Delete the failures of rows that their loop no longer meets. Returns how many."""
    deleted, _by_model = LoopFailure.everywhere.filter(failed_at__lt=at - REMEMBERED).delete()
    return deleted
