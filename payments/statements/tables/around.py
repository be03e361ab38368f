"""What a bank writes around the table: the account, and its balance on a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from payments.statements.base import normalise
from payments.statements.tables import cells, contents
from payments.statements.tables.cells import Cell
from payments.statements.tables.mapping import Mapping

OPENING = re.compile(r"\b(ANCIEN|INITIAL|PRECEDENT|ANTERIEUR|OUVERTURE|OPENING|STARTING|BROUGHT|DEBUT)\b")
CLOSING = re.compile(r"\b(NOUVEAU|FINAL|CLOTURE|CLOSING|ENDING|CARRIED|FIN)\b")
BALANCE = re.compile(r"\b(SOLDE|BALANCE)\b")
ACCOUNT = re.compile(r"\b(COMPTE|ACCOUNT|IBAN)\b")
NUMBER = re.compile(r"(?<![\d/])\d{8,}[A-Z]?\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")
DATED = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}-\d{2}-\d{2}")


class Around:
    """What is noted of the lines above and below the movements."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.account = ""
        self.opening: Decimal | None = None
        self.closing: Decimal | None = None
        self.known: tuple[date, Decimal] | None = None  # a balance on a day

    def note(self, row: Sequence[Cell]) -> None:
        """Take what the row says; it may say nothing."""
        said = " ".join(text for cell in row if (text := cells.words(cell)))
        plain = normalise(said)
        if not self.account and ACCOUNT.search(plain):
            self.account = self._account(said)
        if BALANCE.search(plain):
            self._balance(row, plain, said)

    def _account(self, said: str) -> str:
        for found in IBAN.findall(said.upper()):
            if contents.is_iban(found.replace(" ", "")):
                return str(found.replace(" ", ""))
        number = NUMBER.search(said)
        return number[0] if number is not None else ""

    def _balance(self, row: Sequence[Cell], plain: str, said: str) -> None:
        figure = self._figure(row)
        if figure is None:
            return
        if "DEBITEUR" in plain:
            figure = -abs(figure)
        dated = DATED.search(said)
        on = cells.day(dated[0], self.mapping.date_format) if dated is not None else None
        if OPENING.search(plain):
            self.opening = figure
        elif CLOSING.search(plain):
            self.closing = figure
        elif on is not None:
            self.known = (on, figure)

    def _figure(self, row: Sequence[Cell]) -> Decimal | None:
        """The one amount of the row, in a cell of its own or behind the words of one."""
        found = []
        for cell in row:
            text = DATED.sub(" ", cells.words(cell)[-200:]) if isinstance(cell, str) else cell
            written = (
                re.search(r"[-+−]?\s?\d[\d\s\u00a0\u202f.,'’]*(?:\s?(?:€|EUR\w*))?\s*$", text)
                if isinstance(text, str)
                else None
            )
            try:
                value = cells.amount(
                    written[0] if written is not None else None if isinstance(text, str) else text, self.mapping.decimal
                )
            except (ValueError, AttributeError):
                continue
            if value is not None and not isinstance(cell, date):
                found.append(value)
        return found[0] if len(found) == 1 else None

    def balances(
        self, opening: Decimal | None, closing: Decimal | None, first: date | None, last: date
    ) -> tuple[Decimal | None, Decimal | None]:
        """The balances of the statement: those of its column first, then those written around it."""
        if opening is not None or closing is not None:
            return opening, closing
        if self.known is not None and self.closing is None and self.known[0] >= last:
            return self.opening, self.known[1]
        if self.known is not None and self.opening is None and first is not None and self.known[0] < first:
            return self.known[1], self.closing
        return self.opening, self.closing
