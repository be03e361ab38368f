"""Statements in tables: CSV files of any bank, and workbooks (XLSX), read by a mapping of their columns.

`guess` proposes the mapping, a person confirms it, `read` obeys it.
"""

from __future__ import annotations

import hashlib
from itertools import islice

from payments.statements.base import normalise
from payments.statements.tables import cells
from payments.statements.tables.guessing import guess
from payments.statements.tables.mapping import InvalidMapping, Mapping
from payments.statements.tables.reading import read
from payments.statements.tables.rows import csv_rows, is_workbook, workbook_rows

__all__ = ["InvalidMapping", "Mapping", "fingerprint", "guess", "is_workbook", "preview", "read"]


def preview(data: bytes, mapping: Mapping, rows: int = 20) -> list[list[str]]:
    """The first rows of the file as they are cut into cells, for a person to confirm the mapping."""
    found = (
        workbook_rows(data, mapping.sheet) if is_workbook(data) else csv_rows(data, mapping.encoding, mapping.separator)
    )
    filled = ([cells.words(cell) for cell in row] for _place, row in found)
    return list(islice((row for row in filled if any(row)), rows))


def fingerprint(mapping: Mapping) -> str:
    """What files of one origin share: the names of their columns; where they have none, how they are cut."""
    names = [normalise(name) for name in mapping.header] or [mapping.separator, str(mapping.date), str(mapping.amount)]
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()
