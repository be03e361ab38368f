"""CAMT.052, .053 and .054 (ISO 20022 bank-to-customer messages), of every version, read by local names.

The file is streamed: memory holds one entry, whatever their number. Some banks write a reversal with the direction of
the movement that it undoes: when the balances contradict the first reading and confirm the second, the second is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from lxml.etree import _Element as Element

from config.kernel.money import ZERO
from config.kernel.xml import MalformedXml, UnreadableXml, XmlWithDoctype, stream_untrusted
from payments.statements.base import (
    BOOKED,
    CAMT_052,
    CAMT_053,
    CAMT_054,
    MOST_LINES,
    InvalidStatement,
    Statement,
    StatementLine,
    check,
    too_many,
    with_doctype,
)
from payments.statements.elements import amount_of, children, day, first, line_of, name_of, text
from payments.statements.entries import read_entry

FORMATS = {"Rpt": CAMT_052, "Stmt": CAMT_053, "Ntfctn": CAMT_054}
ENTRY = "Ntry"
MOST_ELEMENTS = 2_000_000  # of one entry: a batch of fifty thousand transactions


@dataclass(slots=True)
class _Lines:
    """What the entries of the statement being read have given so far."""

    rows: int = 0
    found: list[StatementLine] = field(default_factory=list)


def read(data: bytes, *, pending: bool = False) -> list[Statement]:
    """Every statement of the message, with `pending` what is announced too.

    Raises InvalidStatement with the statement and the entry at fault, UnreadableXml.
    """
    statements: list[Statement] = []
    lines, count = _Lines(), 0
    for element in _elements(data):
        parent = element.getparent()
        if name_of(element) != ENTRY:
            statements.append(read_statement(element, len(statements) + 1, lines.found, pending))
            lines = _Lines()
        elif parent is not None and name_of(parent) in FORMATS:
            lines.rows += 1
            label = text(parent, "Id") or str(len(statements) + 1)
            found = read_entry(element, f"{label}, mouvement {lines.rows}", undated_day(parent))
            lines.found += found
            count += len(found)
            if count > MOST_LINES:
                raise too_many()
    if not statements:
        raise InvalidStatement("Ce fichier CAMT ne contient aucun relevé. Téléchargez-le de nouveau depuis la banque.")
    return statements


def _elements(data: bytes) -> Iterator[Element]:
    """The entries and the statements as they end. Raises UnreadableXml, with what to ask of the bank."""
    names = (ENTRY, *FORMATS)
    try:
        yield from stream_untrusted(data, names=names, max_bytes=len(data), max_elements=MOST_ELEMENTS)
    except MalformedXml as error:
        raise UnreadableXml(
            "Ce fichier n’est pas un document XML lisible (ligne %(line)s). "
            "Téléchargez-le de nouveau, sans l’ouvrir dans un tableur.",
            line=error.params["line"],
        ) from error
    except XmlWithDoctype as error:
        raise with_doctype() from error


def undated_day(element: Element) -> date | None:
    """The day of the movements that a notification or a report does not date; a statement dates all of its own."""
    if FORMATS[name_of(element)] == CAMT_053:
        return None
    return day(element, "FrToDt", "ToDtTm") or day(element, "CreDtTm")


def read_statement(element: Element, position: int, lines: Sequence[StatementLine], pending: bool) -> Statement:
    """One Stmt, Rpt or Ntfctn, its entries read. Raises InvalidStatement."""
    label = text(element, "Id") or str(position)
    iban = text(element, "Acct", "Id", "IBAN").replace(" ", "").upper()
    account_id = iban or text(element, "Acct", "Id", "Othr", "Id") or text(element, "Acct", "Id", "PrtryAcct", "Id")
    if not account_id:
        raise InvalidStatement(
            "Relevé %(id)s : le fichier ne dit pas de quel compte il s’agit.", id=label, line=line_of(element)
        )
    opening, closing = balances_of(element)
    currency = currency_of(element, (opening, closing), lines)
    found = settle_reversals(
        Statement(
            id=label,
            iban=iban,
            account_id=account_id,
            currency=currency,
            opened_on=day(element, "FrToDt", "FrDtTm") or (day(opening, "Dt") if opening is not None else None),
            closed_on=day(element, "FrToDt", "ToDtTm") or (day(closing, "Dt") if closing is not None else None),
            opening=balance_of(opening, currency, label),
            closing=balance_of(closing, currency, label),
            lines=tuple(lines),
            format=FORMATS[name_of(element)],
        ),
        line_of(element),
    )
    if pending:
        return found
    return replace(found, lines=tuple(line for line in found.lines if line.status == BOOKED))


def balances_of(element: Element) -> tuple[Element | None, Element | None]:
    """The opening and the closing balance, None where the message gives none."""
    balances = {text(balance, "Tp", "CdOrPrtry", "Cd"): balance for balance in children(element, "Bal")}
    # some banks give only yesterday's closing (PRCD), which is today's opening
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if closing is None and FORMATS[name_of(element)] == CAMT_052:
        # an interim report may hold only what is new since the last one: its balances do not frame its movements
        opening, closing = None, balances.get("ITBD")
    return opening, closing


def currency_of(element: Element, balances: Sequence[Element | None], lines: Sequence[StatementLine]) -> str:
    """The account's currency (Acct/Ccy), else that of a balance or of a movement; '' when none is stated."""
    stated = text(element, "Acct", "Ccy")
    if stated:
        return stated
    amounts = [first(balance, "Amt") for balance in (*balances, *children(element, "Bal")) if balance is not None]
    found = next((str(amount.get("Ccy")) for amount in amounts if amount is not None and amount.get("Ccy")), "")
    return found or next((line.currency for line in lines), "")


def balance_of(balance: Element | None, currency: str, label: str) -> Decimal | None:
    """The signed balance (Bal/Amt, CdtDbtInd). Raises InvalidStatement when its currency is not the account's."""
    if balance is None:
        return None
    amount, found = amount_of(first(balance, "Amt"), label, line_of(balance))
    if found != currency:
        raise InvalidStatement(
            "Relevé %(id)s : un solde est en %(found)s alors que le compte est en %(currency)s.",
            id=label,
            found=found,
            currency=currency,
            line=line_of(balance),
        )
    return -amount if text(balance, "CdtDbtInd") == "DBIT" else amount


def settle_reversals(statement: Statement, line: int | None) -> Statement:
    """The statement checked; with reversals turned round when only that reading agrees with the balances."""
    if statement.opening is None or statement.closing is None:
        return check(statement, line=line)
    booked = [one for one in statement.lines if one.status == BOOKED]
    moved = sum((one.amount for one in booked), ZERO)
    turned = sum((-one.amount if one.is_reversal else one.amount for one in booked), ZERO)
    if statement.opening + moved != statement.closing and statement.opening + turned == statement.closing:
        lines = tuple(replace(one, amount=-one.amount) if one.is_reversal else one for one in statement.lines)
        return check(replace(statement, lines=lines), line=line)
    return check(statement, line=line)
