"""The only writer of status columns: a compare-and-swap and its audit row, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Stale, TransitionRefused
from config.kernel.models import CompanyRow
from config.kernel.rows import reread, update_each


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
        updated = _swap(row, to, changes)
        if updated:
            # what is sealed must be what PostgreSQL keeps: its columns round, and triggers may have written
            reread(row, *changes)
            data = {"from": source, "to": to, **(data or {})}
            audit.record(tag, subject=row, actor=actor, at=at, also=also, seal=seal, exact=True, data=data)
    if not updated:
        raise Stale


def swap(row: Any, to: str, **changes: Any) -> None:
    """Move a row that belongs to no company, and so stands in no trail. Raises as `move` does."""
    if not can_move(row, to):
        raise TransitionRefused(state=row.get_status_display())
    if not _swap(row, to, changes):
        raise Stale


def _swap(row: Any, to: str, changes: Mapping[str, Any]) -> bool:
    # compare-and-swap: of two who read the same status, PostgreSQL lets one write, and the other finds no row
    return bool(type(row).everywhere.filter(pk=row.pk, status=row.status).update(status=to, **changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A row that moves, what is written with it (the same columns for all), and what its event says."""

    row: Any
    changes: Mapping[str, Any] = field(default_factory=dict)
    also: Iterable[CompanyRow] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def move_all(moves: Sequence[Move], to: str, *, tag: str, actor: Actor, at: datetime, seal: bool = False) -> None:
    """Move many rows of one class and company as `move` does one: all or none, in as many statements as one takes.

    The changes are what PostgreSQL keeps, rounded as its columns are: rows are sealed without being read again.
    """
    former = [move.row.status for move in moves]
    for move in moves:
        if not can_move(move.row, to):
            raise TransitionRefused(state=move.row.get_status_display())
    changes = [{"status": to, **move.changes} for move in moves]
    with transaction.atomic(savepoint=False):
        # one statement for all: a row that moved meanwhile is not counted, and none of them stays written
        if update_each([move.row for move in moves], changes, expecting="status") != len(moves):
            raise Stale
        for move, values in zip(moves, changes, strict=True):
            for name, value in values.items():
                setattr(move.row, name, value)
        happenings = [
            audit.Happening(subject=move.row, also=move.also, data={"from": source, "to": to, **move.data})
            for move, source in zip(moves, former, strict=True)
        ]
        audit.record_all(tag, happenings, actor=actor, at=at, seal=seal)
