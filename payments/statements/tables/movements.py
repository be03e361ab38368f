"""One row of a table as a movement under a mapping, or as what stands beside the movements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from config.kernel.money import ZERO
from payments.statements.base import InvalidStatement, StatementLine, normalise
from payments.statements.tables import cells, contents
from payments.statements.tables.around import Around
from payments.statements.tables.cells import Cell
from payments.statements.tables.mapping import Mapping
from payments.statements.tables.names import BALANCE_ROW, STATES, TOTAL_ROW

FEE_LABEL = "Frais bancaires"


def _at(row: Sequence[Cell], column: int | None) -> Cell:
    return row[column] if column is not None and column < len(row) else None


def movement(
    place: int, row: list[Cell], mapping: Mapping, around: Around
) -> tuple[str, StatementLine, Decimal | None] | None:
    """The account, the movement and the balance after it; None for a row that is none. Raises InvalidStatement."""
    if not any(map(cells.words, row)):
        return None
    booked_on = cells.day(_at(row, mapping.date), mapping.date_format)
    said = normalise(" ".join(cells.words(cell) for cell in row if isinstance(cell, str)))
    label = normalise(" ".join(cells.words(_at(row, column)) for column in mapping.labels))
    if BALANCE_ROW.fullmatch(label) or (booked_on is None and BALANCE_ROW.search(said)):
        around.note(row)
        return None
    amount = None if booked_on is None and _is_beside(said, row, mapping) else _signed_amount(place, row, mapping)
    if booked_on is None and amount is None:
        around.note(row)
        return None
    status = _status(place, row, mapping)
    if status == "" or (amount is None and not fee_of(place, row, mapping)):
        return None
    if booked_on is None:
        raise InvalidStatement(
            "Ligne %(line)s : « %(cell)s » n’est pas une date. Vérifiez la colonne des dates.",
            line=place,
            cell=cells.words(_at(row, mapping.date))[:40],
        )
    return (
        _account(row, mapping),
        _line(place, row, mapping, booked_on, amount or ZERO, status),
        _balance(place, row, mapping),
    )


def _is_beside(said: str, row: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether a row without a date stands beside the movements: a total, or words alone."""
    first = normalise(next((text for cell in row if (text := cells.words(cell))), ""))
    return bool(TOTAL_ROW.fullmatch(first) or TOTAL_ROW.match(said)) or not mapping.header


def _line(
    place: int, row: Sequence[Cell], mapping: Mapping, booked_on: date, amount: Decimal, status: str
) -> StatementLine:
    reference = cells.words(_at(row, mapping.reference))
    texts = [cells.words(_at(row, column)) for column in mapping.labels]
    iban = cells.words(_at(row, mapping.iban)).replace(" ", "").upper()
    return StatementLine(
        booked_on=booked_on,
        value_on=cells.day(_at(row, mapping.value_date), mapping.date_format),
        amount=amount,
        currency=_currency(place, row, mapping),
        counterparty=cells.words(_at(row, mapping.counterparty)),
        counterparty_iban=iban if contents.is_iban(iban) else "",
        remittance=" ".join(dict.fromkeys(filter(None, texts))),
        structured_reference=reference if len(reference) <= 35 and " " not in reference else "",
        end_to_end_id=cells.words(_at(row, mapping.end_to_end_id)),
        bank_reference=cells.words(_at(row, mapping.bank_reference)),
        status=status,
        place=place,
    )


def _amount(place: int, row: Sequence[Cell], column: int | None, mapping: Mapping) -> Decimal | None:
    """None when the cell is blank. Raises InvalidStatement."""
    try:
        return cells.amount(_at(row, column), mapping.decimal)
    except ValueError as error:
        raise InvalidStatement(
            "Ligne %(line)s : « %(cell)s » n’est pas un montant au centime près.",
            line=place,
            cell=cells.words(_at(row, column))[:40],
        ) from error


def _signed_amount(place: int, row: Sequence[Cell], mapping: Mapping) -> Decimal | None:
    """What the account receives (positive) or pays; None when no amount is written. Raises InvalidStatement."""
    if mapping.amount is not None:
        found = _amount(place, row, mapping.amount, mapping)
        if found is None:
            return None
        if mapping.direction is not None:
            return _directed(place, found, cells.words(_at(row, mapping.direction)))
        return -found if mapping.is_inverted else found
    debit, credit = _amount(place, row, mapping.debit, mapping), _amount(place, row, mapping.credit, mapping)
    if debit and credit:
        raise InvalidStatement("Ligne %(line)s : un débit et un crédit sont écrits à la fois.", line=place)
    if debit:
        return debit if mapping.is_debit_negative else -debit
    return credit if credit is not None else debit


def _directed(place: int, amount: Decimal, text: str) -> Decimal:
    """An amount with the sign of its direction; one written negative already keeps it. Raises InvalidStatement."""
    sign = contents.direction(text)
    if not sign:
        raise InvalidStatement(
            "Ligne %(line)s : « %(cell)s » ne dit pas si le mouvement est un débit ou un crédit.",
            line=place,
            cell=text[:40],
        )
    return -abs(amount) if sign < 0 else amount


def fee_of(place: int, row: Sequence[Cell], mapping: Mapping) -> Decimal:
    return abs(_amount(place, row, mapping.fee, mapping) or ZERO) if mapping.fee is not None else ZERO


def fee_line(line: StatementLine, fee: Decimal) -> list[StatementLine]:
    """What the bank took beside the movement, as a movement of its own."""
    if not fee:
        return []
    label = " : ".join(filter(None, (FEE_LABEL, line.counterparty or line.remittance)))
    return [
        StatementLine(
            booked_on=line.booked_on,
            value_on=line.value_on,
            amount=-fee,
            currency=line.currency,
            remittance=label,
            bank_reference=line.bank_reference,
            status=line.status,
            place=line.place,
        )
    ]


def _balance(place: int, row: Sequence[Cell], mapping: Mapping) -> Decimal | None:
    if mapping.balance is None:
        return None
    cell = _at(row, mapping.balance)
    if isinstance(cell, str) and not cells.is_amount(cell, mapping.decimal):
        # a balance may be written in another way than the amounts beside it
        other = "." if mapping.decimal == "," else ","
        return (
            cells.amount(cell, other) if cells.is_amount(cell, other) else _amount(place, row, mapping.balance, mapping)
        )
    return _amount(place, row, mapping.balance, mapping)


def _currency(place: int, row: Sequence[Cell], mapping: Mapping) -> str:
    """Raises InvalidStatement."""
    written = cells.words(_at(row, mapping.currency)).upper()
    found = cells.SYMBOLS.get(written, written)
    if not found:
        amounts = (_at(row, column) for column in (mapping.amount, mapping.debit, mapping.credit))
        return next((unit for cell in amounts if (unit := cells.unit(cell))), mapping.default_currency)
    if len(found) != 3 or not found.isascii() or not found.isalpha():
        raise InvalidStatement("Ligne %(line)s : « %(cell)s » n’est pas une devise.", line=place, cell=found[:40])
    return found


def _status(place: int, row: Sequence[Cell], mapping: Mapping) -> str:
    """BOOK, PDNG, or "" for what never moved the account. Raises InvalidStatement."""
    written = cells.words(_at(row, mapping.status))
    found = STATES.get(normalise(written))
    if found is None:
        raise InvalidStatement(
            "Ligne %(line)s : l’état « %(cell)s » ne dit pas si le mouvement est comptabilisé.",
            line=place,
            cell=written[:40],
        )
    return found


def _account(row: Sequence[Cell], mapping: Mapping) -> str:
    return cells.words(_at(row, mapping.account)).replace(" ", "").upper()
