"""Editing a row that others edit too: it is locked and read again, and only the edited columns are written.

A form or a call holds the row as it was read; writing all of it back would undo what was committed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models

R = TypeVar("R", bound=models.Model)


def lock(row: R) -> R:
    """The row as it is now, locked until the transaction ends."""
    everywhere: models.Manager[R] = type(row).everywhere  # type: ignore[attr-defined]  # every company row has it
    return everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)


def edit(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Write those of `values` that differ; returns their names. A row not stored yet is inserted whole."""
    if row._state.adding:  # noqa: SLF001 - Django documents _state.adding
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
