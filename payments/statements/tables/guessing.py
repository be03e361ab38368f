"""Which column is what: told by its name where the file has names, else by what it holds.

A person confirms the guess on a preview; what the cells leave open (01/02: day or month first?) is read as in France.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from payments.statements.base import UnknownFormat, normalise
from payments.statements.tables import cells, contents
from payments.statements.tables.balances import BrokenBalances, Step, ends_of
from payments.statements.tables.cells import Cell
from payments.statements.tables.mapping import SEPARATORS, InvalidMapping, Mapping
from payments.statements.tables.names import STATES, is_header, is_label, roles_of
from payments.statements.tables.rows import Row, csv_rows, encoding_of, is_workbook, sheet_names, workbook_rows

SAMPLE = 2_000  # rows that a guess looks at
HEADER_WITHIN = 60  # rows: some banks write the account and its balances above the table


def guess(data: bytes) -> Mapping:
    """The mapping of a CSV file or of a workbook. Raises UnknownFormat when no date and amount are found."""
    found = [(_worth(rows, mapping), mapping) for rows, mapping in _candidates(data)]
    if not found or max(worth for worth, _mapping in found)[0] == 0:
        raise UnknownFormat(
            "Aucune colonne de dates et de montants n’a été trouvée dans ce tableau. "
            "Exportez de la banque les opérations avec leur date, leur libellé et leur montant."
        )
    return max(found, key=lambda one: one[0])[1]


def _candidates(data: bytes) -> Iterator[tuple[list[Row], Mapping]]:
    """Every way to cut the file into rows, with the mapping of each that has a date and an amount."""
    ways: list[tuple[list[Row], dict[str, Any]]] = []
    if is_workbook(data):
        sheets = sheet_names(data)[:20]
        ways += [(list(islice(workbook_rows(data, sheet), SAMPLE)), {"sheet": sheet}) for sheet in sheets]
    else:
        encoding = encoding_of(data)
        for separator in SEPARATORS:
            rows = list(islice(csv_rows(data, encoding, separator), SAMPLE))
            ways.append((rows, {"separator": separator, "encoding": encoding}))
    for rows, way in ways:
        mapping = guess_rows(rows, way)
        if mapping is not None:
            yield rows, mapping


def _worth(rows: Sequence[Row], mapping: Mapping) -> tuple[int, int]:
    """How many rows are movements under this mapping, then how many columns have a role."""
    count = sum(1 for _place, row in rows if is_movement(row, mapping))
    return count, len([name for name in mapping.as_json().values() if name is not None]) + len(mapping.labels)


def is_movement(row: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether the row has the date and an amount of a movement."""
    if cells.day(_at(row, mapping.date), mapping.date_format) is None:
        return False
    columns = (mapping.amount, mapping.debit, mapping.credit)
    return any(cells.is_amount(_at(row, column), mapping.decimal) for column in columns if column is not None)


def guess_rows(rows: Sequence[Row], way: dict[str, Any]) -> Mapping | None:
    """The mapping of one table; None without a date and an amount."""
    header, body = _split(rows)
    roles = roles_of(header) if header else contents.roles_by_content(body)
    if "date" not in roles or not ("amount" in roles or {"debit", "credit"} <= roles.keys()):
        return None
    if {"debit", "credit"} <= roles.keys():
        roles.pop("amount", None)
    roles = _doubtful_left_out(roles, body)
    labels = _labels(header, roles, body)
    try:
        columns: dict[str, Any] = {**way, **roles}
        mapping = Mapping(
            **columns,
            header=tuple(header),
            labels=labels,
            decimal=contents.decimal_of(_cells_of(body, roles, ("amount", "debit", "credit", "balance", "fee"))),
            date_format=contents.date_order(_cells_of(body, roles, ("date", "value_date"))),
            default_currency=_currency(rows, header, roles, body),
        )
    except InvalidMapping:
        return None
    return _signed(mapping, body)


def _split(rows: Sequence[Row]) -> tuple[list[str], list[list[Cell]]]:
    """The names of the columns, [] when there are none, and the rows below that hold a date and a figure."""
    for place, (_line, row) in enumerate(rows[:HEADER_WITHIN]):
        names = [cells.words(cell) for cell in row]
        if is_header(names):
            while names and not names[-1]:
                names.pop()
            return names, [row for _line, row in rows[place + 1 :] if any(map(cells.words, row))]
    # the column that holds most dates; what a bank writes above the table has none there
    dates = Counter(column for _line, row in rows for column, cell in enumerate(row) if _is_date(cell))
    if not dates:
        return [], []
    column = max(dates, key=lambda one: (dates[one], -one))
    return [], [row for _line, row in rows if _is_date(_at(row, column))]


def _is_date(cell: Cell) -> bool:
    return cells.day(cell, "dmy") is not None or cells.day(cell, "mdy") is not None


def _at(row: Sequence[Cell], column: int | None) -> Cell:
    return row[column] if column is not None and column < len(row) else None


def _cells_of(body: Sequence[Sequence[Cell]], roles: dict[str, int], names: Sequence[str]) -> list[Cell]:
    return [_at(row, roles[name]) for name in names if name in roles for row in body]


def _doubtful_left_out(roles: dict[str, int], body: Sequence[Sequence[Cell]]) -> dict[str, int]:
    """The roles whose cells bear them out; an IBAN that never changes is the account's own."""
    texts = {role: [text for row in body if (text := cells.words(_at(row, column)))] for role, column in roles.items()}
    kept = dict(roles)
    if not all(normalise(text) in STATES for text in texts.get("status", ())):
        del kept["status"]
    if not texts.get("direction") or not any(map(contents.direction, texts["direction"])):
        kept.pop("direction", None)
    for role in ("currency", "fee", "balance"):
        if not texts.get(role):
            kept.pop(role, None)
    references = texts.get("bank_reference", [])
    if len(set(references)) < len(references):
        del kept["bank_reference"]
    accounts = texts.get("account", [])
    if len(set(accounts)) == 1 and not contents.is_account(accounts[0]):
        del kept["account"]
    found = texts.get("iban", [])
    if len(found) > 1 and len(found) == len(body) and len(set(found)) == 1 and "account" not in kept:
        kept["account"] = kept.pop("iban")
    elif found and not any(map(contents.is_iban, found)):
        del kept["iban"]
    return kept


def _labels(header: Sequence[str], roles: dict[str, int], body: Sequence[Sequence[Cell]]) -> tuple[int, ...]:
    """The columns of words; what no name tells is asked of the cells."""
    taken = set(roles.values()) - {roles.get("reference")}
    named = tuple(column for column, name in enumerate(header) if is_label(name) and column not in taken)
    return named or contents.label_columns(body, taken)


def _currency(rows: Sequence[Row], header: Sequence[str], roles: dict[str, int], body: Sequence[Sequence[Cell]]) -> str:
    """The one written beside the amounts or in the names of their columns, else the euro."""
    names = ("amount", "debit", "credit", "balance")
    beside = [unit for cell in _cells_of(body[:50], roles, names) if (unit := cells.unit(cell))]
    above = [cells.unit(header[roles[name]]) for name in names if name in roles and roles[name] < len(header)]
    return next(iter([*beside, *filter(None, above)]), "EUR")


def _signed(mapping: Mapping, body: Sequence[Sequence[Cell]]) -> Mapping:
    """The mapping with the sign that the balances prove, or else the words."""
    if mapping.debit is not None and mapping.amount is None:
        debits = [value for row in body if (value := _amount(row, mapping.debit, mapping.decimal))]
        return replace(mapping, is_debit_negative=sum(value < 0 for value in debits) * 2 > len(debits))
    if mapping.direction is not None:
        return mapping
    moved = [(row, _amount(row, mapping.amount, mapping.decimal) or Decimal(0)) for row in body]
    if mapping.balance is not None:
        for sign in (1, -1):
            steps = [
                Step(0, sign * value - abs(_amount(row, mapping.fee, mapping.decimal) or Decimal(0)),
                     _amount(row, mapping.balance, mapping.decimal))
                for row, value in moved
            ]  # fmt: skip
            try:
                if ends_of(steps) is not None:
                    return replace(mapping, is_inverted=sign < 0)
            except BrokenBalances:
                continue
    texts = ((" ".join(cells.words(_at(row, column)) for column in mapping.labels), value) for row, value in moved)
    return replace(mapping, is_inverted=contents.is_against_the_words(texts))


def _amount(row: Sequence[Cell], column: int | None, decimal: str) -> Decimal | None:
    try:
        return cells.amount(_at(row, column), decimal)
    except ValueError:
        return None
