"""OFX (Open Financial Exchange) 1.x, which is SGML without closing tags, and 2.x, which is XML, as one tree of tags.

The bank's statement (STMTRS) and the one of a card (CCSTMTRS) are read; an investment account is refused, its movements
are not those of money alone. LEDGERBAL is the balance on its own day: a file gives no opening balance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from config.kernel.money import round2
from payments.statements.base import (
    BOOKED,
    MOST_LINES,
    OFX,
    PENDING,
    InvalidStatement,
    Statement,
    StatementLine,
    check,
    too_many,
)
from payments.statements.ofx_tree import Node, parse
from payments.statements.rib import iban_of
from payments.statements.tables.contents import is_iban

DAY = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")
AMOUNT = re.compile(r"[+-]?(\d{1,18}([.,]\d{0,10})?|[.,]\d{1,10})")
CURRENCY = re.compile(r"[A-Z]{3}")
NO_NAME = frozenset({"", "NONE", "NULL", "N/A"})


def read(data: bytes, *, pending: bool = False) -> list[Statement]:
    """Every statement of the file. Raises InvalidStatement with the line at fault."""
    root = parse(data)
    refuse_an_error(root)
    found = [*root.all("STMTRS"), *root.all("CCSTMTRS")]
    if not found:
        if next(iter(root.all("INVSTMTRS")), None) is not None:
            raise InvalidStatement(
                "Ce fichier OFX est le relevé d’un compte de titres. Téléchargez celui du compte bancaire."
            )
        raise InvalidStatement(
            "Ce fichier OFX ne contient aucun relevé de compte. Téléchargez de la banque les opérations du compte."
        )
    return [_statement(node, pending) for node in found]


def refuse_an_error(root: Node) -> None:
    """Raises InvalidStatement when the bank's server answered that it failed."""
    for status in root.all("STATUS"):
        if status.text("SEVERITY").upper() == "ERROR":
            raise InvalidStatement(
                "Ligne %(line)s : la banque a répondu par une erreur (%(code)s %(said)s). Téléchargez de nouveau.",
                line=status.place,
                code=status.text("CODE")[:20],
                said=status.text("MESSAGE")[:100],
            )


def _statement(node: Node, pending: bool) -> Statement:
    account_id, iban = _account(node)
    rows = [*node.all("STMTTRN"), *node.all("STMTTRNP")]
    currency = _currency(node, rows)
    if len(rows) > MOST_LINES:
        raise too_many()
    lines = _identified([_line(row, currency) for row in rows])
    ledger = node.first("LEDGERBAL")
    has_balance = ledger is not None and ledger.text("BALAMT") != ""
    days = [line.booked_on for line in lines if line.status == BOOKED]
    listed = node.first("BANKTRANLIST")
    opened_on = _day(listed.text("DTSTART")) if listed is not None else None
    closed_on = _day(listed.text("DTEND")) if listed is not None else None
    as_of = _day(ledger.text("DTASOF")) if ledger is not None else None
    return check(
        Statement(
            id=f"{account_id} {closed_on or as_of:%d/%m/%Y}" if closed_on or as_of else account_id,
            iban=iban,
            account_id=account_id,
            currency=currency,
            opened_on=opened_on or min(days, default=as_of),
            closed_on=closed_on or max(days, default=as_of),
            opening=None,
            closing=_amount(ledger, "BALAMT") if ledger is not None and has_balance else None,
            lines=tuple(line for line in lines if pending or line.status == BOOKED),
            format=OFX,
        )
    )


def _identified(lines: list[StatementLine]) -> list[StatementLine]:
    """The lines without the FITID that several of them bear: it identifies none."""
    count = Counter(line.bank_reference for line in lines)
    return [replace(line, bank_reference="") if count[line.bank_reference] > 1 else line for line in lines]


def _account(node: Node) -> tuple[str, str]:
    """The account's identifier and its IBAN, "" when it has none. Raises InvalidStatement."""
    found = node.first("BANKACCTFROM") or node.first("CCACCTFROM")
    number = "".join(found.text("ACCTID").split()).upper() if found is not None else ""
    if found is None or not number:
        raise InvalidStatement(
            "Ligne %(line)s : le relevé ne dit pas de quel compte il s’agit (ACCTID). Téléchargez-le de nouveau.",
            line=node.place,
        )
    if is_iban(number):
        return number, number
    # French banks write the RIB in three fields
    iban = iban_of(found.text("BANKID"), found.text("BRANCHID"), number) if len(number) <= 11 else ""
    return iban or number, iban


def _currency(node: Node, rows: Sequence[Node]) -> str:
    """CURDEF, else the currency that every movement states. Raises InvalidStatement."""
    stated = {node.text("CURDEF").upper()} - {""} or {_currency_of(row) for row in rows} - {""}
    if len(stated) != 1 or not CURRENCY.fullmatch(next(iter(stated))):
        raise InvalidStatement("Ligne %(line)s : le relevé ne dit pas sa devise (CURDEF).", line=node.place)
    return stated.pop()


def _currency_of(row: Node) -> str:
    found = row.first("CURRENCY")
    return found.text("CURSYM").upper() if found is not None else ""


def _line(row: Node, currency: str) -> StatementLine:
    """Raises InvalidStatement."""
    booked_on = _day(row.text("DTPOSTED") or row.text("DTTRAN") or row.text("DTUSER"))
    if booked_on is None:
        raise InvalidStatement(
            "Ligne %(line)s : la date du mouvement (DTPOSTED) manque ou n’existe pas : « %(cell)s ».",
            line=row.place,
            cell=row.text("DTPOSTED")[:40],
        )
    name, memo = row.text("NAME"), row.text("MEMO")
    payee = row.first("PAYEE")
    other = row.first("BANKACCTTO") or row.first("CCACCTTO")
    target = "".join(other.text("ACCTID").split()).upper() if other is not None else ""
    name = name or (payee.text("NAME") if payee is not None else "")
    texts = [memo if memo.startswith(name) and name else " ".join(filter(None, (name, memo))), row.text("EXTDNAME")]
    check_number = row.text("CHECKNUM").strip("0")
    return StatementLine(
        booked_on=booked_on,
        value_on=_day(row.text("DTAVAIL")),
        amount=_amount(row, "TRNAMT"),
        # CURRENCY says that the amount itself is in another one, ORIGCURRENCY that it was before exchange
        currency=_currency_of(row) or currency,
        counterparty="" if name.upper() in NO_NAME else name,
        counterparty_iban=target if is_iban(target) else "",
        remittance=" ".join(filter(None, [*texts, check_number and row.text("CHECKNUM")])),
        structured_reference=row.text("REFNUM"),
        # a FITID of the bank names one movement of the account for ever
        bank_reference=row.text("FITID").strip(),
        transaction_code=row.text("TRNTYPE").upper(),
        is_reversal=row.text("CORRECTACTION").upper() == "DELETE",
        status=PENDING if row.name == "STMTTRNP" else BOOKED,
        place=row.place,
    )


def _day(text: str) -> date | None:
    """YYYYMMDD, with or without an hour and a time zone in brackets: the day is the one that the bank writes."""
    found = DAY.match(text.strip())
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found is not None else None
    except ValueError:
        return None


def _amount(node: Node, name: str) -> Decimal:
    """Raises InvalidStatement."""
    written = "".join(node.text(name).split()).replace("\u202f", "")
    if not AMOUNT.fullmatch(written):
        raise InvalidStatement(
            "Ligne %(line)s : le montant « %(cell)s » est illisible.", line=node.place, cell=written[:40]
        )
    amount = Decimal(written.replace(",", "."))
    if round2(amount) != amount:
        raise InvalidStatement(
            "Ligne %(line)s : le montant « %(cell)s » est plus fin que le centime.", line=node.place, cell=written[:40]
        )
    return round2(amount)
