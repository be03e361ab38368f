"""What a list shows: its columns, those that its page draws, and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.http import QueryDict

from config.kernel.exports import Column, Kind, Row

COLUMNS = "columns"  # of a page's address: the names of those that are shown


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """`name`: as the trail knows it. `cells`: the values of some records, in their order; what it asks of the database,
    it asks for all of them at once. `drawn`: the columns that the page's own table draws, in its order, '' for what is
    no column; the first one leads to the record, and is always shown. The others of `columns` are added on demand."""

    name: str
    label: Any
    columns: Sequence[Column]
    cells: Callable[[Sequence[Any]], Iterable[Row]]
    drawn: tuple[str, ...] = ()

    def chosen(self, query: QueryDict) -> frozenset[str] | None:
        """The columns that an address asks for, once or several times, by commas; None where it asks for none of ours.

        Names that are none are passed over: a link stays good when a column is gone.
        """
        named = {name for part in query.getlist(COLUMNS) for name in part.split(",")}
        known = named & {column.name for column in self.columns}
        return frozenset(known | {*self.drawn[:1]}) if known else None

    def exported(self, query: QueryDict) -> Sequence[Column]:
        """The columns of the file: those that were chosen, all without a choice."""
        chosen = self.chosen(query)
        return self.columns if chosen is None else [column for column in self.columns if column.name in chosen]


@dataclass(frozen=True, slots=True)
class Field:
    """A column whose value is at hand in each record: an attribute, also of another record ("account.name"), or what a
    method or a function says of it."""

    name: str
    label: Any
    read: str | Callable[[Any], Any]
    kind: Kind = "text"

    def of(self, record: Any) -> Any:
        if not isinstance(self.read, str):
            return self.read(record)
        value = attrgetter(self.read)(record)
        return value() if callable(value) else value


def list_of(name: str, label: Any, *fields: Field, drawn: tuple[str, ...]) -> DeclaredList:
    """A list whose columns ask nothing more of the database than its records."""

    def cells(records: Sequence[Any]) -> Iterator[Row]:
        for record in records:
            yield {field.name: field.of(record) for field in fields}

    return DeclaredList(name, label, [Column(field.name, field.label, field.kind) for field in fields], cells, drawn)
