"""The only writer of status columns: a compare-and-swap and its audit row, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Stale, TransitionRefused
from config.kernel.models import CompanyRow
from config.kernel.rows import reread


class Stateful(Protocol):
    status: str
    MOVES: Mapping[str, frozenset[str]]


def can_move(row: Any, to: str) -> bool:
    """True when the row's own table has this move: pages show their buttons from it."""
    return to in row.MOVES[row.status]


def move(
    row: Any,
    to: str,
    *,
    tag: str,
    actor: Actor,
    at: datetime,
    also: Iterable[CompanyRow] = (),
    data: Mapping[str, Any] | None = None,
    seal: bool = False,
    **changes: Any,
) -> None:
    """Move the row to `to` and write `changes` with it. Raises TransitionRefused, or Stale when somebody was first."""
    source = row.status
    if not can_move(row, to):
        raise TransitionRefused(state=row.get_status_display())
    # no savepoint: nothing is written where Stale is raised, and what else fails undoes the caller's work too
    with transaction.atomic(savepoint=False):
        updated = type(row).everywhere.filter(pk=row.pk, status=source).update(status=to, **changes)
        if updated:
            reread(row, *changes)
            data = {"from": source, "to": to, **(data or {})}
            audit.record(tag, subject=row, actor=actor, at=at, also=also, seal=seal, exact=True, data=data)
    if not updated:
        raise Stale
