"""MT940 and MT942 (SWIFT customer statement, interim report): fields read by the mt-940 library, one at a time.

The file is cut into fields here, so that each knows its line and each statement its own balances. RC and RD take an
earlier movement back: a reversed credit leaves the account.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mt940.models import Transactions
from mt940.options import Options
from mt940.processors import date_fixup_pre_processor
from mt940.tags import Statement as StatementTag
from mt940.tags import StatementGLS

from config.kernel.money import ZERO, round2
from payments.statements.base import (
    MT_940,
    MT_942,
    InvalidStatement,
    Statement,
    StatementLine,
    check,
    french,
)
from payments.statements.swift_details import details_of
from payments.statements.swift_fields import Block, Field, blocks
from payments.statements.tables.contents import is_iban
from payments.statements.texts import decoded

# it would write what it cannot read, which is somebody's bank account, into the log
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})?([\d.,]+)")
SUM = re.compile(r"(\d*)([A-Z]{3})([\d,.]+)")
AMOUNT = re.compile(r"0*\d{1,15}(,\d*)?|,\d{1,2}")
NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOREF"})
READERS = (StatementTag(), StatementGLS())
OPTIONS = Options.all()


def read(data: bytes, *, pending: bool = False) -> list[Statement]:
    """Every statement of the file. Raises InvalidStatement with the line at fault."""
    del pending  # what is announced is not told from what is booked in these messages
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    return [_statement(block, position) for position, block in enumerate(blocks(text), start=1)]


def _statement(block: Block, position: int) -> Statement:
    account = block.text("25", "25P").split("\n", 1)[0].strip()
    if not account:
        raise InvalidStatement(
            "Ligne %(line)s : le relevé ne dit pas de quel compte il s’agit (champ 25). Demandez le fichier complet.",
            line=block.place,
        )
    opening, closing = _balance(block.first("60F", "60M", "60")), _balance(block.first("62F", "62M", "62"))
    currency = _currency(block, account)
    if not is_iban("".join(account.split())):
        account = account.removesuffix(currency)
    account_id = "".join(account.split())
    lines = _lines(block, currency)
    is_interim = opening is None and closing is None
    if (opening is None) is not (closing is None) or (
        is_interim and block.first("34F", "13", "13D", "90D", "90C") is None
    ):
        raise InvalidStatement(
            "Ligne %(line)s : ce relevé n’a pas ses deux soldes (champs 60 et 62). Demandez le fichier complet.",
            line=block.place,
        )
    _check_sums(block, lines)
    days = [line.booked_on for line in lines]
    last = closing or opening
    return check(
        Statement(
            id=block.text("28C", "28").split("\n", 1)[0] or block.text("20")[:35] or str(position),
            iban=account_id if is_iban(account_id) else "",
            account_id=account_id,
            currency=currency,
            opened_on=min([*days, *([opening.on] if opening else [])], default=None),
            closed_on=max([*days, *([closing.on] if closing else [])], default=last.on if last else None),
            opening=opening.amount if opening else None,
            closing=closing.amount if closing else None,
            lines=lines,
            format=MT_942 if is_interim else MT_940,
        ),
        line=block.place,
    )


@dataclass(frozen=True, slots=True)
class Balance:
    on: date
    currency: str
    amount: Decimal


def _balance(found: Field | None) -> Balance | None:
    """Raises InvalidStatement."""
    if found is None:
        return None
    written = BALANCE.fullmatch("".join(found.text.split()))
    on = _day(written[2]) if written is not None else None
    if written is None or on is None:
        raise InvalidStatement(
            "Ligne %(line)s : le solde (champ %(tag)s) est illisible.", line=found.place, tag=found.tag
        )
    amount = _amount(written[4], found)
    return Balance(on, written[3] or "", -amount if written[1] == "D" else amount)


def _day(text: str) -> date | None:
    """YYMMDD."""
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


def _amount(text: str, found: Field) -> Decimal:
    """A comma before the cents, which may be missing. Raises InvalidStatement."""
    if not AMOUNT.fullmatch(text):
        raise _unread_amount(text, found)
    amount = Decimal(text.replace(",", ".") if text.strip(",") else "0")
    if round2(amount) != amount:
        raise _unread_amount(text, found)
    return round2(amount)


def _unread_amount(text: str, found: Field) -> InvalidStatement:
    return InvalidStatement("Ligne %(line)s : le montant « %(cell)s » est illisible.", line=found.place, cell=text[:40])


def _currency(block: Block, account: str) -> str:
    """That of the balances, of the sums or of the account. Raises InvalidStatement."""
    written = [
        balance.currency for tag in ("60F", "60M", "60", "62F", "62M", "62") if (balance := _balance(block.first(tag)))
    ]
    stated = {currency for currency in written if currency}
    if len(stated) > 1:
        raise InvalidStatement(
            "Ligne %(line)s : les soldes sont en plusieurs devises (%(found)s).",
            line=block.place,
            found=", ".join(sorted(stated)),
        )
    others = [match[2] for tag in ("90D", "90C") if (match := SUM.match(block.text(tag)))]
    others += [block.text("34F")[:3], account[-3:] if not is_iban(account) else ""]
    found = next(iter([*stated, *(one for one in others if re.fullmatch("[A-Z]{3}", one))]), "")
    if not found:
        raise InvalidStatement("Ligne %(line)s : le relevé ne dit pas sa devise.", line=block.place)
    return found


def _lines(block: Block, currency: str) -> tuple[StatementLine, ...]:
    """The 61 fields, each with the 86 ones that follow it. Raises InvalidStatement."""
    collection = Transactions(options=OPTIONS)
    found: list[tuple[Field, list[str]]] = []
    for one in block.fields:
        if one.tag == "61":
            found.append((one, []))
        elif one.tag in ("62F", "62M", "62"):
            break  # an 86 after the closing balance speaks of the whole statement
        elif one.tag in ("86", "NS") and found:
            found[-1][1].append(one.text)
    if len(found) != sum(one.tag == "61" for one in block.fields):
        raise InvalidStatement("Ligne %(line)s : un mouvement est écrit après le solde de clôture.", line=block.place)
    return tuple(_line(one, texts, currency, collection) for one, texts in found)


def _line(found: Field, texts: Sequence[str], currency: str, collection: Transactions) -> StatementLine:
    """Raises InvalidStatement."""
    data, rest = _parsed(found, collection)
    mark = str(data["status"]).upper()
    amount = _amount(str(data["written"]), found)
    reference = str(data.get("bank_reference") or "").strip()
    customer = str(data.get("customer_reference") or "").strip()
    details = details_of([*texts, *rest], str(data.get("extra_details") or ""), collection)
    value_on = data["date"]
    return StatementLine(
        booked_on=data.get("entry_date") or value_on,
        value_on=value_on,
        amount=amount if mark in ("C", "RD") else -amount,
        currency=currency,
        counterparty=details.counterparty,
        counterparty_iban=details.iban,
        remittance=details.remittance,
        structured_reference=details.reference,
        end_to_end_id=details.end_to_end_id or _named(customer),
        mandate_reference=details.mandate_reference,
        bank_reference=_named(reference) if any(sign.isdigit() for sign in reference) else "",
        transaction_code=str(data.get("id") or "").strip(),
        is_reversal=mark.startswith("R"),
        place=found.place,
    )


def _parsed(found: Field, collection: Transactions) -> tuple[dict[str, Any], list[str]]:
    """The parts of a 61 field, and what a bank adds below its two lines. Raises InvalidStatement."""
    lines = found.text.split("\n")
    for value, rest in ((found.text, []), ("\n".join(lines[:2]), lines[2:])):
        for reader in READERS:
            try:
                raw = date_fixup_pre_processor(collection, reader, reader.parse(collection, value))
                if not raw["id"] and (raw["customer_reference"] or "A")[0] in ".,'0123456789":
                    continue  # the figures of the amount go on
                return reader(collection, dict(raw)) | {"written": raw["amount"]}, rest
            except (RuntimeError, ValueError, ArithmeticError):
                continue
    raise InvalidStatement(
        "Ligne %(line)s : le mouvement « %(cell)s » est illisible (champ 61 : date, sens, montant).",
        line=found.place,
        cell=lines[0][:40],
    )


def _check_sums(block: Block, lines: Sequence[StatementLine]) -> None:
    """The sums of an interim report (90D, 90C) are those of its movements. Raises InvalidStatement."""
    for tag, sign in (("90D", -1), ("90C", 1)):
        found = block.first(tag)
        written = SUM.fullmatch("".join(found.text.split())) if found is not None else None
        if found is None or written is None:
            continue
        moved = sum((line.amount for line in lines if line.amount * sign > 0), ZERO)
        if abs(moved) != _amount(written[3], found):
            raise InvalidStatement(
                "Ligne %(line)s : le relevé annonce %(announced)s de mouvements (champ %(tag)s), il en contient "
                "%(moved)s. Demandez à la banque le fichier complet.",
                line=found.place,
                announced=written[3],
                tag=tag,
                moved=french(abs(moved)),
            )


def _named(reference: str) -> str:
    return "" if reference.upper() in NO_REFERENCE else reference
