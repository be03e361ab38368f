"""CFONB 120: the statement of French banks, records of 120 characters (« Relevé de compte », CFONB brochure).

A statement is a 01 record (balance before), 04 records (movements), each with 05 records (details), and a 07 record
(balance after). The amount is in the smallest unit of the currency, its last character bears the sign. A file holds
statements of many accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from config.kernel.money import round2
from payments.statements.base import CFONB_120, MOST_LINES, InvalidStatement, Statement, StatementLine, check, too_many
from payments.statements.cfonb_details import Details, line_of
from payments.statements.rib import iban_of
from payments.statements.texts import numbered

LENGTH = 120
MOST_RECORDS = 8 * MOST_LINES
SIGNS = {sign: (1, figure) for figure, sign in enumerate("{ABCDEFGHI")}
SIGNS |= {sign: (-1, figure) for figure, sign in enumerate("}JKLMNOPQR")}
# the braces in the code pages of old terminals, where they are é and è
SIGNS |= {"é": (1, 0), "è": (-1, 0), "\x82": (1, 0), "\x8a": (-1, 0)}
AMOUNT = re.compile(r" *([0-9]+)")
DAY = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file, as wide as the standard wants it."""

    place: int
    text: str

    @property
    def kind(self) -> str:
        return self.text[0:2]

    @property
    def account(self) -> tuple[str, str, str]:
        """Bank, branch and number of the account."""
        return self.text[2:7].strip(), self.text[11:16].strip(), self.text[21:32].strip()

    @property
    def currency(self) -> str:
        return self.text[16:19].strip().upper()

    def date(self, start: int) -> date | None:
        """DDMMYY; None when blank. Raises InvalidStatement."""
        written = self.text[start : start + 6]
        if not written.strip(" 0"):
            return None
        try:
            if not DAY.fullmatch(written):
                raise ValueError
            # two figures of a year: the standard is of the sixties, its files are not
            year = int(written[4:6]) + (2000 if int(written[4:6]) < 70 else 1900)
            return date(year, int(written[2:4]), int(written[:2]))
        except ValueError as error:
            raise self.undated(written) from error

    def undated(self, written: str) -> InvalidStatement:
        return InvalidStatement(
            "Ligne %(line)s : « %(cell)s » n’est pas une date (JJMMAA). Demandez à la banque un fichier corrigé.",
            line=self.place,
            cell=written,
        )

    def amount(self) -> Decimal:
        """Raises InvalidStatement."""
        written, sign = self.text[90:103], SIGNS.get(self.text[103])
        figures = AMOUNT.fullmatch(written)
        decimals = self.text[19]
        if figures is None or sign is None or decimals not in " 0123456789":
            raise InvalidStatement(
                "Ligne %(line)s : le montant « %(cell)s » est illisible. Demandez à la banque un fichier corrigé.",
                line=self.place,
                cell=self.text[90:104].strip(),
            )
        places = int(decimals) if decimals.strip() else 2
        found = Decimal(int(f"{figures[1]}{sign[1]}") * sign[0]).scaleb(-places)
        if round2(found) != found:
            raise InvalidStatement(
                "Ligne %(line)s : le montant « %(cell)s » est plus fin que le centime.",
                line=self.place,
                cell=str(found),
            )
        return round2(found)


@dataclass(slots=True)
class _Open:
    """A statement whose closing record has not come yet."""

    first: Record
    opening: Decimal
    lines: list[StatementLine] = field(default_factory=list)
    movement: Record | None = None
    details: Details = field(default_factory=Details)

    def take(self, record: Record) -> None:
        """A movement (04) or a detail of the last one (05). Raises InvalidStatement."""
        _same_account(self.first, record)
        if record.kind == "04":
            self.settle()
            self.movement = record
        elif self.movement is None:
            raise _misplaced(record, "Ligne %(line)s : ce détail (05) ne suit aucun mouvement (04).")
        else:
            self.details.add(record.text)

    def settle(self) -> None:
        """Keep the movement whose details have all come."""
        if self.movement is not None:
            self.lines.append(line_of(self.movement, self.details))
        self.movement, self.details = None, Details()


def read(data: bytes, *, pending: bool = False) -> list[Statement]:
    """Every statement of the file; all its movements are booked. Raises InvalidStatement with the line at fault."""
    del pending
    statements: list[Statement] = []
    current: _Open | None = None
    for count, record in enumerate(records(data)):
        if count > MOST_RECORDS:
            raise too_many()
        if record.kind == "01":
            if current is not None:
                raise _misplaced(record, "Ligne %(line)s : un relevé commence avant la fin (07) du précédent.")
            current = _Open(record, record.amount())
        elif current is None:
            raise _misplaced(record, "Ligne %(line)s : cet enregistrement ne suit aucun début de relevé (01).")
        elif record.kind == "07":
            statements.append(_statement(current, record, len(statements) + 1))
            current = None
        else:
            current.take(record)
    if current is not None:
        raise _misplaced(current.first, "Ligne %(line)s : le relevé qui commence ici n’a pas de fin (07).")
    return statements


def records(data: bytes) -> Iterator[Record]:
    """The records; blank lines are passed over. Raises InvalidStatement."""
    text = data.decode("latin-1").removeprefix("ï»¿").replace("\x1a", "")
    if "\n" not in text and "\r" not in text:
        # some banks write the records one after the other
        text = "\n".join(text[start : start + LENGTH] for start in range(0, len(text), LENGTH))
    for place, line in numbered(text):
        if not line.strip():
            continue
        if line[0:2] not in ("01", "04", "05", "07") or len(line.rstrip()) > LENGTH:
            raise InvalidStatement(
                "Ligne %(line)s : ce n’est pas un enregistrement CFONB de 120 caractères (01, 04, 05 ou 07).",
                line=place,
            )
        # spaces at the end are often lost on the way
        yield Record(place, line.ljust(LENGTH)[:LENGTH])


def _misplaced(record: Record, sentence: str) -> InvalidStatement:
    return InvalidStatement(sentence, line=record.place)


def _same_account(first: Record, record: Record) -> None:
    """Raises InvalidStatement when the record is of another account or currency than its statement."""
    # the code of the bank is left aside: merged banks go on writing the one of before
    if record.account[1:] != first.account[1:] or (record.currency and record.currency != first.currency):
        raise InvalidStatement(
            "Ligne %(line)s : cet enregistrement est d’un autre compte ou d’une autre devise que le relevé commencé "
            "ligne %(first)s. Demandez à la banque le fichier complet.",
            line=record.place,
            first=first.place,
        )


def _statement(current: _Open, last: Record, position: int) -> Statement:
    _same_account(current.first, last)
    current.settle()
    bank, branch, number = current.first.account
    iban = iban_of(bank, branch, number)
    closed_on = last.date(34)
    return check(
        Statement(
            id=f"{number or position} {closed_on:%d/%m/%Y}" if closed_on else number or str(position),
            iban=iban,
            account_id=iban or f"{bank}{branch}{number}",
            currency=current.first.currency or "EUR",
            opened_on=current.first.date(34),
            closed_on=closed_on,
            opening=current.opening,
            closing=last.amount(),
            lines=tuple(current.lines),
            format=CFONB_120,
        ),
        line=last.place,
    )
