"""How the columns of a table are read: guessed from the file, confirmed by a person, kept for the next one."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from config.kernel.errors import Invalid

DATE_FORMATS = ("dmy", "mdy", "ymd")  # the order of day, month and year; what stands between them does not matter
DECIMALS = (",", ".")
SEPARATORS = (";", ",", "\t", "|")
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252", "iso8859-15", "mac_roman", "cp850")
MOST_COLUMNS = 100
COLUMNS = (
    "date", "value_date", "amount", "debit", "credit", "direction", "fee", "balance", "currency", "status", "account",
    "counterparty", "iban", "reference", "end_to_end_id", "bank_reference",
)  # fmt: skip


class InvalidMapping(Invalid):
    code = "invalid_mapping"
    message = (
        "Ces colonnes ne suffisent pas à lire le fichier : il faut une date, et un montant ou un débit et un crédit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Columns are counted from 0; None where the file has none. `header` is () when the file names no column.

    An amount is either in one signed column (`amount`), in one unsigned column with its `direction`, or in two
    (`debit`, `credit`). `fee` is what the bank took beside the amount, always out of the account.
    """

    separator: str = ";"  # of a CSV file; a workbook has none
    encoding: str = "utf-8-sig"
    sheet: str = ""  # of a workbook; "" is its first one
    header: tuple[str, ...] = ()  # the names as written: where they stand, the movements begin below
    date: int = 0
    value_date: int | None = None
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    direction: int | None = None
    fee: int | None = None
    balance: int | None = None  # the account's balance after (or before) each movement
    currency: int | None = None
    status: int | None = None
    account: int | None = None
    counterparty: int | None = None
    iban: int | None = None  # the other side's
    labels: tuple[int, ...] = ()  # joined into the remittance
    reference: int | None = None
    end_to_end_id: int | None = None
    bank_reference: int | None = None
    decimal: str = ","
    date_format: str = "dmy"
    is_inverted: bool = False  # one amount column that writes what leaves the account without a sign
    is_debit_negative: bool = False  # the debit column writes its amounts with their sign
    default_currency: str = "EUR"

    def __post_init__(self) -> None:
        """Raises InvalidMapping."""
        columns = [getattr(self, name) for name in COLUMNS]
        numbers = [number for number in (*columns, *self.labels) if number is not None]
        known = (
            self.separator in SEPARATORS
            and self.encoding in ENCODINGS
            and self.decimal in DECIMALS
            and self.date_format in DATE_FORMATS
            and len(self.default_currency) == 3
        )
        if not known or not all(type(number) is int and 0 <= number < MOST_COLUMNS for number in numbers):
            raise InvalidMapping
        if self.date is None or (self.amount is None and (self.debit is None or self.credit is None)):
            raise InvalidMapping

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads again."""
        return asdict(self) | {"header": list(self.header), "labels": list(self.labels)}

    @classmethod
    def from_json(cls, found: Dictionary[str, Any]) -> Self:
        """Raises InvalidMapping when a name or a value is none of a mapping's."""
        if not set(found) <= {field.name for field in fields(cls)}:
            raise InvalidMapping
        try:
            texts = {name: tuple(found.get(name, ())) for name in ("header", "labels")}
            return cls(**{**found, **texts})
        except TypeError as error:
            raise InvalidMapping from error
