"""Editing a row that others edit too: it is locked and read again, and only the edited columns are written.

A form or a call holds the row as it was read; writing all of it back would undo what was committed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db import models

R = TypeVar("R", bound=models.Model)


def lock(row: R) -> R:
    """The row as it is now, locked until the transaction ends."""
    everywhere: models.Manager[R] = type(row).everywhere  # type: ignore[attr-defined]  # every company row has it
    return everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)


def reread(row: models.Model, *changed: str) -> None:
    """The row's own columns, and the relations `changed`, as PostgreSQL keeps them; what was read through it stays."""
    own = [field.attname for field in row._meta.concrete_fields if not field.is_relation]
    row.refresh_from_db(fields=[*own, *changed])


def know(row: models.Model, relation: str, rows: Sequence[models.Model]) -> None:
    """The rows of a relation, read or written just now: `row.relation.all()` gives them without asking again."""
    field: Any = row._meta.get_field(relation)
    known = field.related_model.everywhere.filter(**{field.field.name: row})
    known._result_cache, known._prefetch_done = list(rows), True  # noqa: SLF001 - there is no public way
    row.__dict__.setdefault("_prefetched_objects_cache", {})[relation] = known


def forget(row: models.Model) -> None:
    """Ask again for its relations: what was known of them was for one act, in one scope."""
    row.__dict__.pop("_prefetched_objects_cache", None)


def edit(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Write those of `values` that differ; returns their names. A row not stored yet is inserted whole."""
    if row._state.adding:
        for name, value in values.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        return list(values)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    return changed
