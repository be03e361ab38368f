"""Editing a row that others edit too: it is locked and read again, and only the edited columns are written.

A form or a call holds the row as it was read; writing all of it back would undo what was committed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db import connection, models

from config.kernel.canonical import plain

R = TypeVar("R", bound=models.Model)


def lock(row: R) -> R:
    """The row as it is now, locked until the transaction ends."""
    everywhere: models.Manager[R] = type(row).everywhere  # type: ignore[attr-defined]  # every company row has it
    return everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)


def reread(row: models.Model, *changed: str) -> None:
    """The row's own columns, and the relations `changed`, as PostgreSQL keeps them; what was read through it stays."""
    own = [field.attname for field in row._meta.concrete_fields if not field.is_relation]
    row.refresh_from_db(fields=[*own, *changed])


def update_each(rows: Sequence[models.Model], changes: Sequence[Mapping[str, Any]], *, expecting: str) -> int:
    """Write each row's own `changes`, the same columns of all, in one statement; how many rows were written.

    A row is left out whose column `expecting` no longer holds what it does in memory.
    """
    meta = rows[0]._meta
    fields: list[Any] = [meta.get_field(name) for name in changes[0]]
    key, expected = meta.pk, cast(Any, meta.get_field(expecting))
    table = _quoted(meta.db_table)
    # one text for all values: PostgreSQL reads it several times faster than psycopg writes arrays of JSON
    given = [
        {"row_key": row.pk, "row_expected": getattr(row, expecting), **plain(values)}
        for row, values in zip(rows, changes, strict=True)
    ]
    types = [f"row_key {key.db_type(connection)}", f"row_expected {expected.db_type(connection)}"]
    types += [f"{_quoted(field.name)} {field.db_type(connection)}" for field in fields]
    written = ", ".join(f"{_quoted(field.column)} = given.{_quoted(field.name)}" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {written} FROM json_to_recordset(%s) AS given ({', '.join(types)}) "  # noqa: S608 - names of ours
            f"WHERE {table}.{_quoted(key.column)} = row_key AND {table}.{_quoted(expected.column)} = row_expected",
            [json.dumps(given)],
        )
        return int(cursor.rowcount)


def _quoted(name: Any) -> str:
    return connection.ops.quote_name(name)


class _Known(models.QuerySet[Any]):
    """Rows at hand; whatever else is asked of it, the database is asked, for the rows of the relation alone."""

    belonging: Mapping[str, models.Model]

    def _chain(self) -> Any:
        return self.model.everywhere.filter(**self.belonging)


def know(row: models.Model, relation: str, rows: Sequence[models.Model]) -> None:
    """The rows of a relation, read or written just now: `row.relation.all()` gives them without asking again."""
    field: Any = row._meta.get_field(relation)
    known: Any = _Known(field.related_model)
    known.belonging = {field.field.name: row}
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
