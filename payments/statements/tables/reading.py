"""The statements of a table under a mapping: one for each account and currency, in the order of time.

A table gives the balances of its account in a column, in the lines around it, or not at all: then `opening` and
`closing` are None. A row that has an amount and no date is refused, unless it says that it is a total or a balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from payments.statements.base import (
    BOOKED,
    CSV,
    MOST_LINES,
    XLSX,
    InvalidStatement,
    Statement,
    StatementLine,
    check,
    french,
    normalise,
    too_many,
)
from payments.statements.tables import cells, contents
from payments.statements.tables.around import Around
from payments.statements.tables.balances import BrokenBalances, Ends, Step, ends_of
from payments.statements.tables.guessing import HEADER_WITHIN
from payments.statements.tables.mapping import Mapping
from payments.statements.tables.movements import fee_line, fee_of, movement
from payments.statements.tables.rows import Row, csv_rows, is_workbook, workbook_rows


@dataclass(slots=True)
class _Account:
    """The movements of one account in one currency, in the order of the file."""

    lines: list[StatementLine] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def read(data: bytes, mapping: Mapping, *, filename: str, pending: bool = False) -> list[Statement]:
    """The statements of the table. Raises InvalidStatement with the line at fault."""
    is_book = is_workbook(data)
    rows = workbook_rows(data, mapping.sheet) if is_book else csv_rows(data, mapping.encoding, mapping.separator)
    around, accounts, count = Around(mapping), dict[tuple[str, str], _Account](), 0
    for place, row in _below_the_header(rows, mapping, around):
        found = movement(place, row, mapping, around)
        if found is None:
            continue
        account, line, after = found
        count += 1
        if count > MOST_LINES:
            raise too_many()
        kept = accounts.setdefault((account, line.currency), _Account())
        fee = fee_of(place, row, mapping)
        if line.status == BOOKED:
            kept.steps.append(Step(place, line.amount - fee, after))
        if line.status == BOOKED or pending:
            kept.lines += [line, *fee_line(line, fee)] if line.amount else fee_line(line, fee)
    if not accounts:
        raise InvalidStatement(
            "Le fichier « %(filename)s » ne contient aucun mouvement. Vérifiez la période de l’export.",
            filename=filename,
        )
    format_ = XLSX if is_book else CSV
    return [
        _statement(account, currency, kept, around if len(accounts) == 1 else None, format_)
        for (account, currency), kept in accounts.items()
    ]


def _below_the_header(rows: Iterator[Row], mapping: Mapping, around: Around) -> Iterator[Row]:
    """The rows of the table itself. Raises InvalidStatement when its columns are not those of the mapping."""
    if not mapping.header:
        yield from rows
        return
    wanted = [normalise(name) for name in mapping.header]
    for count, (place, row) in enumerate(rows):
        if [normalise(cells.words(cell)) for cell in row[: len(wanted)]] == wanted:
            yield from rows
            return
        around.note(row)
        if count >= HEADER_WITHIN:
            break
        _ = place
    raise InvalidStatement(
        "Les colonnes du fichier ne sont pas celles qui ont été confirmées pour ce compte : « %(names)s ». "
        "Confirmez de nouveau ce que chacune contient.",
        names=" ; ".join(name for name in mapping.header if name)[:200],
    )


def _statement(account: str, currency: str, kept: _Account, around: Around | None, format_: str) -> Statement:
    """The movements in the order of time, checked against the balances. Raises InvalidStatement."""
    ends = _ends(kept.steps)
    is_backwards = ends.is_newest_first if ends is not None else _runs_backwards(kept.lines)
    lines = tuple(kept.lines[::-1] if is_backwards else kept.lines)
    days = [line.booked_on for line in lines]
    first, last = min(days, default=None), max(days, default=None)
    opening, closing = (ends.opening, ends.closing) if ends is not None else (None, None)
    account_id = account or (around.account if around is not None else "")
    if around is not None and last is not None:
        opening, closing = around.balances(opening, closing, first, last)
    return check(
        Statement(
            id=" – ".join(f"{day:%d/%m/%Y}" for day in dict.fromkeys((first, last)) if day is not None),
            iban=account_id if contents.is_iban(account_id) else "",
            account_id=account_id,
            currency=currency,
            opened_on=first,
            closed_on=last,
            opening=opening,
            closing=closing,
            lines=lines,
            format=format_,
        )
    )


def _runs_backwards(lines: Sequence[StatementLine]) -> bool:
    return len(lines) > 1 and lines[0].booked_on > lines[-1].booked_on


def _ends(steps: Sequence[Step]) -> Ends | None:
    """Raises InvalidStatement at the line whose balance does not follow."""
    try:
        return ends_of(steps)
    except BrokenBalances as broken:
        raise InvalidStatement(
            "Ligne %(line)s : le solde écrit est %(written)s, le précédent et le mouvement donnent %(reached)s. "
            "Il manque des mouvements, ou la colonne des soldes n’en est pas une.",
            line=broken.place,
            written=french(broken.written),
            reached=french(broken.reached),
        ) from broken
