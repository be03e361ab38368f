"""One table for every report: the page, the files, the PDF and the API show the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from config.kernel.exports import Column

RowKind = Literal["line", "heading", "subtotal", "total"]


@dataclass(frozen=True, slots=True)
class Row:
    """The cells by the names of their columns; a column that is not named is empty.

    `href` is the page with what stands behind the row, `links` that of single figures, by column.
    """

    cells: Mapping[str, Any]
    href: str = ""
    kind: RowKind = "line"
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """A report. `rows` may be read once, as they leave; `totals` stand under them whatever part of them is shown."""

    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    totals: Sequence[Row] = ()
    notes: Sequence[str] = ()
    filename: str = "rapport"

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """The rows of a file, totals last."""
        for row in (*self.rows, *self.totals) if isinstance(self.rows, Sequence) else self._streamed():
            yield {column.name: row.cells.get(column.name) for column in self.columns}

    def _streamed(self) -> Iterator[Row]:
        yield from self.rows
        yield from self.totals
