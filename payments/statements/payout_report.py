"""The report of a payment service's transfers (Stripe, SumUp and their like): each transaction with its gross, fee and
net, under the transfer that brought it. A table whose columns are known by their names, or as a person chose them.

Stripe: « Payout reconciliation », itemized (docs.stripe.com/reports/payout-reconciliation), and the balance's export.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Self

from config.kernel.money import ZERO
from payments.statements.base import InvalidStatement, normalise, too_many
from payments.statements.tables import cells
from payments.statements.tables.cells import Cell
from payments.statements.tables.contents import date_order, decimal_of
from payments.statements.tables.mapping import MOST_COLUMNS, SEPARATORS
from payments.statements.tables.rows import Row, csv_rows, encoding_of, is_workbook, sheet_names, workbook_rows

PAYMENT, FEE, REFUND, DISPUTE, OTHER = "payment", "fee", "refund", "chargeback", "other"
MOST_TRANSACTIONS = 20_000
HEADER_WITHIN = 20
# by role, the names in the order in which one is preferred to another
NAMES: Mapping[str, tuple[str, ...]] = {
    "payout": (
        r"AUTOMATIC PAYOUT ID", r"(PAYOUT|SETTLEMENT|TRANSFER|BATCH|DEPOSIT) ?(ID|REFERENCE|REF|NUMBER)", r"TRANSFER",
        r"(ID|IDENTIFIANT|NUMERO|N|REFERENCE|REF) (DE |DU )?VERSEMENT", r"VERSEMENT", r"PAYOUT",
    ),
    "arrives_on": (
        r"AUTOMATIC PAYOUT EFFECTIVE AT( UTC)?", r"(PAYOUT|SETTLEMENT|TRANSFER|ARRIVAL|DEPOSIT) DATE( UTC)?",
        r"DATE (DE |DU )?VERSEMENT", r"AVAILABLE ON( UTC)?", r"DATE( .*)?", r"CREATED( UTC)?",
    ),
    "gross": (
        r"GROSS( AMOUNT)?", r"(MONTANT )?BRUT", r"AMOUNT", r"MONTANT( DE LA TRANSACTION)?", r"TOTAL", r"VENTE TTC",
    ),
    "fee": (r"FEES?( AMOUNT)?", r"(TRANSACTION|PROCESSING) FEES?", r"(MONTANT DES )?(FRAIS|COMMISSIONS?)( TTC)?"),
    "net": (r"NET( AMOUNT)?", r"(MONTANT )?NET", r"PAYOUT AMOUNT", r"MONTANT (NET |DU |DE )?VERSE(MENT)?"),
    "category": (r"REPORTING CATEGORY", r"(TRANSACTION )?TYPE( DE TRANSACTION)?", r"CATEGORIE"),
    "currency": (r"CURRENCY", r"DEVISE"),
}  # fmt: skip
REFERENCES = re.compile(
    r"(TRANSACTION (CODE|ID)|CODE (DE LA |DE )?TRANSACTION|SOURCE( ID)?|CHARGE ID|PAYMENT INTENT ID|ID"
    r"|BALANCE TRANSACTION ID|REFERENCE( DE LA TRANSACTION)?|PAYMENT METADATA.*|INVOICE (ID|NUMBER)|FACTURE)"
)
TEXTS = re.compile(r"(DESCRIPTION|LIBELLE|NOTE|CUSTOMER NAME|CUSTOMER EMAIL|CLIENT|MOTIF|PRODUIT|PAYMENT METADATA.*)")
NEEDED = ("gross", "fee", "net")
KINDS: Sequence[tuple[str, str]] = (
    (r"PAYOUT|TRANSFER|VERSEMENT", ""),  # the transfer itself, which its transactions already are
    (r"REFUND|REMBOURSEMENT", REFUND),
    (r"DISPUTE|CHARGEBACK|IMPAYE|LITIGE|CONTESTATION", DISPUTE),
    (r"FEE|FRAIS|COMMISSION|NETWORK COST", FEE),
    (r"CHARGE|PAYMENT|SALE|PAIEMENT|VENTE|ENCAISSEMENT|CARD|CARTE|", PAYMENT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Counted from 0; None where the file has none. Without `payout` the transfers are told apart by their day."""

    gross: int
    fee: int
    net: int
    payout: int | None = None
    arrives_on: int | None = None
    category: int | None = None
    currency: int | None = None
    references: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    header: tuple[str, ...] = ()
    separator: str = ","
    encoding: str = "utf-8-sig"
    sheet: str = ""
    decimal: str = "."
    date_format: str = "ymd"

    def as_json(self) -> dict[str, Any]:
        return {"report": "payouts", **asdict(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        names = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
        }
        return cls(**{name: value for name, value in values.items() if name in names})


@dataclass(frozen=True, slots=True)
class Transaction:
    kind: str
    references: tuple[str, ...]
    text: str
    gross: Decimal
    net: Decimal

    @property
    def fee(self) -> Decimal:
        return self.gross - self.net


@dataclass(frozen=True, slots=True)
class PayoutRead:
    id: str
    arrives_on: date
    currency: str
    transactions: tuple[Transaction, ...]

    @property
    def amount(self) -> Decimal:
        return sum((row.net for row in self.transactions), ZERO)


def guess_columns(data: bytes) -> Columns | None:
    """The columns of a report, by their names; None where the file is none."""
    for rows, way in _tables(data):
        for _line, row in rows[:HEADER_WITHIN]:
            names = [normalise(cells.words(cell)) for cell in row]
            roles = _roles(names)
            if all(role in roles for role in NEEDED) and ("payout" in roles or _is_of_transfer(names, roles)):
                return _columns(names, roles, rows, way)
    return None


def _tables(data: bytes) -> Iterator[tuple[list[Row], dict[str, str]]]:
    if is_workbook(data):
        for sheet in sheet_names(data)[:20]:
            yield list(islice(workbook_rows(data, sheet), 200)), {"sheet": sheet}
        return
    encoding = encoding_of(data)
    for separator in SEPARATORS:
        yield list(islice(csv_rows(data, encoding, separator), 200)), {"separator": separator, "encoding": encoding}


def _roles(names: Sequence[str]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for role, patterns in NAMES.items():
        found = (place for pattern in patterns for place, name in enumerate(names) if re.fullmatch(pattern, name))
        place = next((place for place in found if place not in roles.values()), None)
        if place is not None:
            roles[role] = place
    return roles


def bare_columns(data: bytes) -> Columns:
    """The columns as far as their names tell, the first ones else: for a person to choose. Raises InvalidStatement."""
    rows, way = max(_tables(data), key=lambda table: max((len(row) for _line, row in table[0]), default=0))
    wide = next((row for _line, row in rows if sum(bool(cells.words(cell)) for cell in row) >= len(NEEDED)), None)
    if wide is None:
        raise InvalidStatement("Ce fichier n’est pas un tableau d’au moins trois colonnes.")
    names = [normalise(cells.words(cell)) for cell in wide]
    return _columns(names, {**dict.fromkeys(NEEDED, 0), **_roles(names)}, rows, way)


def fingerprint(columns: Columns) -> str:
    """What reports of one service share: the names of their columns."""
    return hashlib.sha256("\x1f".join(("payouts", *columns.header)).encode()).hexdigest()


def first_rows(data: bytes, columns: Columns, count: int = 8) -> list[list[str]]:
    """For a person to see what the columns hold."""
    for rows, way in _tables(data):
        if all(getattr(columns, name) == value for name, value in way.items()):
            return [[cells.words(cell) for cell in row] for _line, row in rows[:count]]
    return []


def _is_of_transfer(names: Sequence[str], roles: Mapping[str, int]) -> bool:
    """The day is that of the transfer: by the day of the sale nothing is told apart."""
    return "arrives_on" in roles and any(
        re.fullmatch(pattern, names[roles["arrives_on"]]) for pattern in NAMES["arrives_on"][:3]
    )


def _columns(names: Sequence[str], roles: Mapping[str, int], rows: Sequence[Row], way: Mapping[str, str]) -> Columns:
    body = [row for _line, row in rows]
    taken, known = set(roles.values()), dict[str, Any]({**roles, **way})
    amounts = [row[roles[role]] for row in body for role in NEEDED if roles[role] < len(row)]
    days = [row[roles["arrives_on"]] for row in body if roles.get("arrives_on", MOST_COLUMNS) < len(row)]
    figures = [cell for cell in amounts if re.search("[0-9]", cells.words(cell))]
    return Columns(
        references=tuple(p for p, name in enumerate(names) if p not in taken and REFERENCES.fullmatch(name)),
        texts=tuple(p for p, name in enumerate(names) if p not in taken and TEXTS.fullmatch(name)),
        header=tuple(names),
        decimal=decimal_of(figures),
        date_format=date_order([cell for cell in days if re.search("[0-9]", cells.words(cell))]),
        **known,
    )


def read_payouts(data: bytes, columns: Columns) -> list[PayoutRead]:
    """The transfers in the order of the file; transactions that are not paid out yet are left out.

    Raises InvalidStatement: a row whose net is not its gross less its fee, an amount or a day that is none, several
    currencies in one transfer, or no transfer at all.
    """
    found: dict[str, list[Transaction]] = {}
    days: dict[str, date] = {}
    currencies: dict[str, str] = {}
    for line, row in _body(data, columns):
        read = _transaction(line, row, columns)
        key = cells.words(_at(row, columns.payout))
        day = cells.day(_at(row, columns.arrives_on), columns.date_format)
        if columns.payout is None and day is not None:
            key = day.isoformat()
        if read is None or not key:
            continue
        if day is None and key not in days:
            raise InvalidStatement("Ligne %(line)s : la date du versement manque ou n’est pas une date.", line=line)
        currency = (cells.words(_at(row, columns.currency)) or "EUR").upper()[:3]
        if currencies.setdefault(key, currency) != currency:
            raise InvalidStatement("Ligne %(line)s : ce versement mêle plusieurs devises.", line=line)
        if day is not None:
            days[key] = max(day, days.get(key, day))
        found.setdefault(key, []).append(read)
    if not found:
        raise InvalidStatement("Ce rapport ne contient aucun versement : ses transactions ne sont pas encore virées.")
    return [PayoutRead(key[:100], days[key], currencies[key], tuple(rows)) for key, rows in found.items()]


def _body(data: bytes, columns: Columns) -> Iterator[Row]:
    """The rows below the header that hold amounts."""
    rows = (
        workbook_rows(data, columns.sheet) if is_workbook(data) else csv_rows(data, columns.encoding, columns.separator)
    )
    is_below, count = not columns.header, 0
    for line, row in rows:
        if not is_below:
            is_below = tuple(normalise(cells.words(cell)) for cell in row) == columns.header
        elif cells.words(_at(row, columns.gross)) and cells.words(_at(row, columns.net)):
            count += 1
            if count > MOST_TRANSACTIONS:
                raise too_many()
            yield line, row


def _transaction(line: int, row: Sequence[Cell], columns: Columns) -> Transaction | None:
    """None for the row of the transfer itself. Raises InvalidStatement."""
    try:
        gross, fee, net = (
            cells.amount(_at(row, column), columns.decimal) or ZERO
            for column in (columns.gross, columns.fee, columns.net)
        )
    except ValueError as error:
        raise InvalidStatement("Ligne %(line)s : « %(text)s » n’est pas un montant.", line=line, text=error) from error
    # some write the fee without its sign, some with it; some of a refund give it back
    if abs(gross - net) != abs(fee):
        raise InvalidStatement(
            "Ligne %(line)s : le net n’est pas le brut moins les frais. Vérifiez les colonnes choisies.", line=line
        )
    kind = _kind(normalise(cells.words(_at(row, columns.category))), gross)
    if not kind:
        return None
    references = (cells.words(_at(row, column))[:100] for column in columns.references)
    text = " ".join(filter(None, (cells.words(_at(row, column)) for column in columns.texts)))[:200]
    return Transaction(kind, tuple(dict.fromkeys(filter(None, references)))[:6], text, gross, net)


def _kind(category: str, gross: Decimal) -> str:
    kind = next(kind for pattern, kind in KINDS if re.search(pattern, category))
    if kind == PAYMENT and gross <= 0:
        return REFUND if gross < 0 else OTHER
    return kind


def _at(row: Sequence[Cell], column: int | None) -> Cell:
    return row[column] if column is not None and column < len(row) else None
