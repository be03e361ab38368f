"""Which column holds what: by its head, else by its content; a person confirms it, and it is remembered."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.kernel.importing.kinds import ImportKind
from config.kernel.importing.tables import Row, Table, UnreadableTable, letter

LOOKED_AT = 200  # rows
HEADS_WITHIN = 15  # the first rows, where a title may stand above the heads
MOSTLY = 0.8


@dataclass(frozen=True, slots=True)
class Layout:
    """`head`: the line of the heads, 0 where there are none. `columns`: the place of each, from 0."""

    head: int
    columns: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {"head": self.head, "columns": dict(self.columns)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Layout:
        return cls(int(kept["head"]), dict(kept["columns"]))

    def heads(self, table: Table) -> list[str]:
        return next((cells for line, cells in table.rows if line == self.head), [])

    def body(self, table: Table) -> list[Row]:
        return [row for row in table.rows if row[0] > self.head]


def plain_head(text: str) -> str:
    """Small letters and figures, without accents, words apart by one space: « N° SIRET » is « n siret »."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("œ", "oe"))
    kept = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", kept))


def guess(kind: ImportKind, table: Table) -> Layout:
    """Raises UnreadableTable for heads that stand twice, and merged cells among the rows."""
    first = table.rows[:HEADS_WITHIN]
    named = {line: _by_heads(kind, cells) for line, cells in first}
    head = max(named, key=lambda line: len(named[line]))
    columns = named[head]
    if not columns:
        head = 0 if _is_data(kind, first[0][1]) else first[0][0]
    layout = Layout(head, columns)
    _check(layout, table)
    return Layout(head, {**columns, **_by_content(kind, columns, layout.body(table))})


def fingerprint(kind: ImportKind, layout: Layout, table: Table) -> str:
    """What files of one origin share: the heads of their columns, or how many there are."""
    heads = [plain_head(head) for head in layout.heads(table)] or [str(len(table.rows[0][1]))]
    return hashlib.sha256("\x1f".join((kind.name, *heads)).encode()).hexdigest()


def _check(layout: Layout, table: Table) -> None:
    seen: dict[str, int] = {}
    for place, head in enumerate(layout.heads(table)):
        plain = plain_head(head)
        if plain and plain in seen:
            raise UnreadableTable(
                "Ligne %(line)s : les colonnes %(first)s et %(column)s portent le même titre « %(head)s ». "
                "Renommez ou retirez l’une d’elles.",
                line=layout.head,
                first=letter(seen[plain]),
                column=letter(place),
                head=head,
            )
        seen[plain] = place
    for line, column in table.merged:
        if line >= max(layout.head, 1):
            raise UnreadableTable(
                "Ligne %(line)s, colonne %(column)s : des cellules sont fusionnées. Défusionnez-les.",
                line=line,
                column=column,
            )


def _by_heads(kind: ImportKind, cells: Sequence[str]) -> dict[str, int]:
    names = {head: column.name for column in kind.columns for head in _heads_of(column.label, column.heads)}
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = names.get(plain_head(cell))
        if name and name not in found:
            found[name] = place
    return found


def _heads_of(label: Any, heads: Sequence[str]) -> list[str]:
    return [plain_head(str(label)), *heads]


def _is_data(kind: ImportKind, cells: Sequence[str]) -> bool:
    """Whether the first row is one of the list: a cell holds what no head would."""
    return any(column.holds(cell) for column in kind.columns if column.holds for cell in cells if cell)


def _by_content(kind: ImportKind, taken: Mapping[str, int], rows: Sequence[Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column in kind.columns:
        if column.name in taken or column.holds is None:
            continue
        for place in range(len(rows[0][1]) if rows else 0):
            if place in taken.values() or place in found.values():
                continue
            texts = [cells[place] for _line, cells in rows[:LOOKED_AT] if cells[place]]
            if texts and sum(map(column.holds, texts)) >= MOSTLY * len(texts):
                found[column.name] = place
                break
    return found
