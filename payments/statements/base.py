"""What every statement reader answers with, whatever the bank's format, and the checks common to all.

A reader translates; it never looks at our rows. Amounts are signed from the account holder's side: a credit is
positive. `check` refuses a statement whose figures do not add up.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.errors import Invalid
from config.kernel.money import ZERO

# the status of a movement, as ISO 20022 names it
BOOKED = "BOOK"
PENDING = "PDNG"  # announced by the bank and not booked yet: it may still change or vanish

# what is read, by the names of `recognise_format`
CAMT_052, CAMT_053, CAMT_054 = "camt052", "camt053", "camt054"
CFONB_120, OFX, MT_940, MT_942, CSV, XLSX = "cfonb120", "ofx", "mt940", "mt942", "csv", "xlsx"

# what a reader keeps in memory is bounded: a year of a busy shop is less
MOST_LINES = 250_000


class InvalidStatement(Invalid):
    """`line` is the line of the file at fault, from 1; None when the whole file is."""

    code = "invalid_statement"
    message = "Ce relevé ne peut pas être lu."

    @property
    def line(self) -> int | None:
        return self.params.get("line")


class UnknownFormat(InvalidStatement):
    """The file is no statement that is read here."""

    code = "unknown_statement_format"


def with_doctype() -> InvalidStatement:
    return InvalidStatement(
        "Ce fichier contient une déclaration DOCTYPE, refusée par sécurité. Demandez à l’émetteur un fichier sans DTD."
    )


def too_many() -> InvalidStatement:
    return InvalidStatement("Le fichier compte plus de 250 000 mouvements. Découpez-le par période.")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementLine:
    """One movement; `amount` in the account's currency, credits positive."""

    booked_on: date
    value_on: date | None
    amount: Decimal  # signed, in the currency of the account
    currency: str
    counterparty: str = ""
    counterparty_iban: str = ""
    remittance: str = ""  # the unstructured texts, joined
    structured_reference: str = ""  # RF or another creditor reference
    end_to_end_id: str = ""
    bank_reference: str = ""  # what the bank calls the movement: unique in the account when given
    transaction_code: str = ""  # e.g. PMNT.RCDT.ESCT
    return_code: str = ""  # why a payment came back, e.g. AC04
    is_reversal: bool = False
    mandate_reference: str = ""  # of a direct debit
    batch_reference: str = ""  # of the batch, else the message, in which it was ordered
    instructed_amount: Decimal | None = None
    instructed_currency: str = ""
    status: str = BOOKED  # or PENDING
    place: int = 0  # the line of the file where it stands, from 1; 0 when unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """`opening` and `closing` in `currency`; None where the file gives no balance."""

    id: str
    iban: str  # "" when the bank names the account otherwise
    account_id: str  # the IBAN, or the bank's other identifier; "" when a table names no account
    currency: str
    opened_on: date | None
    closed_on: date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[StatementLine, ...]
    format: str = CAMT_053


def normalise(text: str) -> str:
    """Capitals without accents, words apart by one space: what two exports of one movement agree on."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", plain.upper()).split())


def fingerprint(account_id: str, line: StatementLine) -> str:
    """What equal movements share: account, day, amount, the other account and texts."""
    text = normalise(f"{line.counterparty} {line.structured_reference} {line.end_to_end_id} {line.remittance}")
    payer = (line.counterparty_iban, text)
    content = "\x1f".join((account_id, line.booked_on.isoformat(), f"{line.amount:f}", line.currency, *payer))
    return hashlib.sha256(content.encode()).hexdigest()


def look(account_id: str, line: StatementLine) -> str:
    """What distinguishes movements of one account: the bank's own reference when it gives one, else the texts.

    The details of one batch share the bank's reference, and two card payments may be equal in everything: movements
    that look alike are distinguished by `recognition`.
    """
    if line.bank_reference:
        content = "\x1f".join(
            (account_id, line.bank_reference, line.booked_on.isoformat(), f"{line.amount:f}", line.currency)
        )
        return f"bank:{hashlib.sha256(content.encode()).hexdigest()[:48]}"
    return f"hash:{fingerprint(account_id, line)[:48]}"


def french(amount: Decimal) -> str:
    """1234.5 → 1 234,50: the figures inside a sentence."""
    return f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")


def check(statement: Statement, *, line: int | None = None) -> Statement:
    """`statement` itself; raises InvalidStatement, at `line` of the file, when its figures contradict each other."""
    check_currencies(statement.id, statement.currency, statement.lines)
    if statement.opening is not None and statement.closing is not None:
        moved = sum((one.amount for one in statement.lines if one.status == BOOKED), ZERO)
        if statement.opening + moved != statement.closing:
            raise InvalidStatement(
                "Relevé %(id)s : le solde d’ouverture %(opening)s plus les mouvements %(moved)s donnent %(reached)s, "
                "le relevé annonce %(closing)s. Il manque des mouvements : téléchargez le fichier complet.",
                id=statement.id,
                opening=french(statement.opening),
                moved=french(moved),
                reached=french(statement.opening + moved),
                closing=french(statement.closing),
                line=line,
            )
    return statement


def check_currencies(statement_id: str, currency: str, lines: Sequence[StatementLine]) -> None:
    """Every booked movement is in the account's currency. Raises InvalidStatement."""
    for row, line in enumerate(lines, start=1):
        if line.currency != currency and line.status == BOOKED:
            raise InvalidStatement(
                "Relevé %(id)s, mouvement %(row)s : la devise %(found)s n’est pas celle du compte, %(currency)s.",
                id=statement_id,
                row=row,
                found=line.currency,
                currency=currency,
                line=line.place or None,
            )
