"""Editing a row that others edit too: it is locked and read again, and only the edited columns are written.

A form or a call holds the row as it was read; writing all of it back would undo what was committed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from django.db import connection, models
from django.db.models.sql import Query

from config.kernel.canonical import plain

R = TypeVar("R", bound=models.Model)


def lock(row: R) -> R:
    """The row as it is now, locked until the transaction ends."""
    # `of`: a foreign key that may be NULL is an outer join, of which PostgreSQL refuses to lock the other side
    everywhere: models.Manager[R] = type(row).everywhere  # type: ignore[attr-defined]  # every company row has it
    return everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)


def reread(row: models.Model, *changed: str) -> None:
    """The row's own columns, and the relations `changed`, as PostgreSQL keeps them; what was read through it stays."""
    own = [field.attname for field in row._meta.concrete_fields if not field.is_relation]
    row.refresh_from_db(fields=[*own, *changed])


def insert_each(rows: Sequence[models.Model]) -> None:
    """Insert rows of one class, in this order, in one statement; those that PostgreSQL numbers get their keys.

    Columns are written as they are in memory: none is one that Django fills on saving.
    """
    if not rows:
        return
    fields = [field for field in rows[0]._meta.concrete_fields if not (field.primary_key and rows[0].pk is None)]
    given = _as_text({str(field.column): getattr(row, field.attname) for field in fields} for row in rows)
    with connection.cursor() as cursor:
        cursor.execute(_insertion(type(rows[0]), tuple(fields)), [given])
        keys = cursor.fetchall()
    for row, (key,) in zip(rows, keys, strict=True):
        # as Django leaves a row that it has saved itself: a later `save` updates, relations follow the same database
        row.pk, row._state.adding, row._state.db = key, False, connection.alias


def update_each(rows: Sequence[models.Model], changes: Sequence[Mapping[str, Any]], *, expecting: str) -> int:
    """Write each row's own `changes`, the same columns of all, in one statement; how many rows were written.

    A row is left out whose column `expecting` no longer holds what it does in memory.
    """
    meta = rows[0]._meta
    fields: list[Any] = [meta.get_field(name) for name in changes[0]]
    given = _as_text(
        {
            "row_key": row.pk,
            "expected": getattr(row, expecting),
            **{str(field.column): values[field.name] for field in fields},
        }
        for row, values in zip(rows, changes, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(_update(type(rows[0]), tuple(fields), expecting), [given])
        return int(cursor.rowcount)


# one text for all values: PostgreSQL reads it several times faster than psycopg writes each, or arrays of them
def _as_text(rows: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps(list(rows), default=_plain)


def _plain(value: Any) -> Any:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else plain(value)


@cache
def _insertion(model: type[models.Model], fields: tuple[Any, ...]) -> str:
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    columns = ", ".join(_quoted(field.column) for field in fields)
    given = _recordset({field.column: field for field in fields})
    # without the ORDER BY the keys that RETURNING gives need not come in the order of `rows`
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {given} ORDER BY ordinality RETURNING {key}"  # noqa: S608 - names of ours


@cache
def _update(model: type[models.Model], fields: tuple[Any, ...], expecting: str) -> str:
    meta = model._meta
    table, key, expected = _quoted(meta.db_table), _quoted(meta.pk.column), cast(Any, meta.get_field(expecting))
    written = ", ".join(f"{_quoted(field.column)} = given.{_quoted(field.column)}" for field in fields)
    given = _recordset({"row_key": meta.pk, "expected": expected, **{field.column: field for field in fields}})
    return (
        f"UPDATE {table} SET {written} FROM {given} "  # noqa: S608 - names of ours
        f"WHERE {table}.{key} = row_key AND {table}.{_quoted(expected.column)} = given.expected"
    )


def _recordset(named: Mapping[str, Any]) -> str:
    """The rows of such a text as a table named `given`, of columns that hold what the fields do."""
    types = ", ".join(f"{_quoted(name)} {field.db_type(connection)}" for name, field in named.items())
    return f"ROWS FROM (json_to_recordset(%s) AS ({types})) WITH ORDINALITY AS given"


def _quoted(name: Any) -> str:
    return connection.ops.quote_name(name)


class _Known(models.QuerySet[Any]):
    """Rows at hand; whatever else is asked of it, the database is asked, for the rows of the relation alone."""

    belonging: Mapping[str, models.Model]

    def _chain(self) -> Any:
        return self.model.everywhere.filter(**self.belonging)


@cache
def _unasked(model: type[models.Model]) -> Query:
    """What a row at hand is a result of: one for all, since it is never run, and making it is half of the cost."""
    return Query(model)


def know(row: models.Model, relation: str, rows: Sequence[models.Model]) -> None:
    """The rows of a relation, read or written just now: `row.relation.all()` gives them without asking again."""
    field: Any = row._meta.get_field(relation)
    known: Any = _Known(field.related_model, _unasked(field.related_model))
    known.belonging = {field.field.name: row}
    known._result_cache, known._prefetch_done = list(rows), True  # noqa: SLF001 - there is no public way
    row.__dict__.setdefault("_prefetched_objects_cache", {})[relation] = known


def forget(row: models.Model) -> None:
    """Let the row's relations be read again: what `know` gave them was for one act, in one scope."""
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
