"""Revolut Business transactions (API 1.0, JSON): read leg by leg, each kept with its very bytes.

A transaction has one leg for each account it moves. It counts once it is `completed`, on that day in Paris. A leg's
`fee` is taken beside its `amount`, and `balance` is what the account holds after both. The payer's IBAN is not given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.kernel.clock import local_day
from config.kernel.errors import Invalid, RemoteError
from config.kernel.money import exact, round2
from payments.statements.base import Statement, StatementLine

COMPLETED = "completed"
TAKEN_BACK = frozenset({"reverted", "declined", "failed"})
LONGEST_ID = 64
NOISE = Decimal("0.000001")
FROM = ("Payment from ", "From ", "Paiement de ", "De ")
TO = ("Payment to ", "To ", "Paiement à ", "À ")
_DECODER = json.JSONDecoder(parse_float=Decimal)
_BLANKS = " \t\r\n"


def unreadable() -> RemoteError:
    """The error for an answer that is not what Revolut's reference promises."""
    return RemoteError("La réponse de Revolut ne peut pas être lue.", retryable=False, code="unreadable")


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of any state; `fields` as Revolut gives them."""

    raw: bytes  # as it came
    id: str
    state: str
    created_at: datetime
    fields: Mapping[str, Any]

    def line_keys(self) -> list[str]:
        """What its movements are known by, once booked."""
        return [key for leg in _legs(self) for key in (_key(leg), _fee_key(leg))]


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of one account. `key` is the same for ever; `after` is the account's balance once it is booked."""

    key: str
    account_id: str
    at: datetime
    after: Decimal | None
    line: StatementLine
    raw: bytes


def transactions_of(body: bytes) -> list[Transaction]:
    """The transactions of one answer, in its order. Raises RemoteError when it is not what Revolut promises."""
    try:
        return [_transaction(raw, fields) for raw, fields in _items(body.decode())]
    except (ValueError, RecursionError):
        raise unreadable() from None


def _items(text: str) -> Iterator[tuple[bytes, Any]]:
    """Each item of a JSON array, with its own bytes."""
    place = _after_blanks(text, 0)
    if text[place : place + 1] != "[":
        raise ValueError
    place = _after_blanks(text, place + 1)
    while text[place : place + 1] != "]":
        value, end = _DECODER.raw_decode(text, place)
        yield text[place:end].encode(), value
        place = _after_blanks(text, end)
        if text[place : place + 1] == ",":
            place = _after_blanks(text, place + 1)
        elif text[place : place + 1] != "]":
            raise ValueError


def _after_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANKS:
        place += 1
    return place


def _transaction(raw: bytes, fields: Any) -> Transaction:
    if not isinstance(fields, dict) or not isinstance(fields.get("id"), str) or not fields["id"]:
        raise unreadable()
    return Transaction(raw, fields["id"], str(fields.get("state", "")), _instant(fields.get("created_at")), fields)


def _instant(value: Any) -> datetime:
    """Raises ValueError."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError
    return moment


def _legs(transaction: Transaction) -> list[Mapping[str, Any]]:
    legs = transaction.fields.get("legs")
    if not isinstance(legs, list) or not all(isinstance(leg, dict) for leg in legs):
        raise unreadable()
    for leg in legs:
        if not isinstance(leg.get("leg_id"), str) or not 0 < len(leg["leg_id"]) <= LONGEST_ID:
            raise unreadable()
    return legs


def _key(leg: Mapping[str, Any]) -> str:
    return f"leg:{leg['leg_id']}"


def _fee_key(leg: Mapping[str, Any]) -> str:
    return f"leg:{leg['leg_id']}:fee"


def movements(transaction: Transaction, accounts: Mapping[str, str]) -> Iterator[Movement]:
    """What a completed transaction books in `accounts` (Revolut's id → currency); nothing before it is completed.

    Raises RemoteError on an amount that is none, or in another currency than its account's.
    """
    if transaction.state != COMPLETED:
        return
    for leg in _legs(transaction):
        currency = accounts.get(str(leg.get("account_id")))
        if currency is None:
            continue
        if leg.get("currency") != currency:
            raise unreadable()
        yield from _booked(transaction, leg)


def _booked(transaction: Transaction, leg: Mapping[str, Any]) -> Iterator[Movement]:
    fields = transaction.fields
    try:
        at = _instant(fields.get("completed_at") or fields.get("updated_at") or fields["created_at"])
    except ValueError:
        raise unreadable() from None
    amount, fee = _amount(leg.get("amount")), _amount(leg.get("fee") or 0)
    balance = _amount(leg["balance"]) if leg.get("balance") is not None else None
    description = plain_words(leg.get("description"))
    reference = plain_words(fields.get("reference"))
    line = StatementLine(
        booked_on=local_day(at),
        value_on=local_day(at),
        amount=amount,
        currency=str(leg["currency"]),
        counterparty=_counterparty(fields, description, amount),
        remittance=" ".join(dict.fromkeys(filter(None, (reference, description)))),
        bank_reference=str(leg["leg_id"]),
        transaction_code=str(fields.get("type", "")),
    )
    where = str(leg["account_id"])
    if amount:
        after = balance + fee if balance is not None else None
        yield Movement(_key(leg), where, at, after, line, transaction.raw)
    if fee:
        label = " ".join(filter(None, ("Frais Revolut", line.remittance)))
        charged = StatementLine(
            booked_on=line.booked_on,
            value_on=line.value_on,
            amount=-fee,
            currency=line.currency,
            counterparty="Revolut",
            remittance=label,
            bank_reference=line.bank_reference,
        )
        yield Movement(_fee_key(leg), where, at, balance, charged, transaction.raw)


def _amount(value: Any) -> Decimal:
    """A JSON number of whole cents, rid of what a double adds to it (10.290000000000001)."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise unreadable()
    try:
        amount = exact(value)
        if amount.adjusted() > 18 or abs(amount - round2(amount)) > NOISE:
            raise unreadable()
    except Invalid:
        raise unreadable() from None
    return round2(amount)


def _counterparty(fields: Mapping[str, Any], description: str, amount: Decimal) -> str:
    """The merchant, else the name in « Payment from … »: Revolut gives no other."""
    merchant = fields.get("merchant")
    name = plain_words(merchant.get("name")) if isinstance(merchant, dict) else ""
    starts = FROM if amount > 0 else TO
    return name or next((description.removeprefix(start) for start in starts if description.startswith(start)), "")


def plain_words(value: Any) -> str:
    """A text on one line, without what PostgreSQL refuses (NUL); '' when it is no text."""
    if not isinstance(value, str):
        return ""
    return " ".join(value.replace("\x00", "").encode("utf-8", "replace").decode().split())


def statement_of(found: Sequence[Movement], *, reference: str, iban: str) -> Statement:
    """The movements of one account, in the order in which they were booked, as one statement."""
    first, last = found[0], found[-1]
    return Statement(
        id=reference,
        iban=iban,
        account_id=iban,
        currency=first.line.currency,
        opened_on=first.line.booked_on,
        closed_on=last.line.booked_on,
        opening=first.after - first.line.amount if first.after is not None else None,
        closing=last.after,
        lines=tuple(movement.line for movement in found),
    )


def file_of(found: Sequence[Movement]) -> bytes:
    """The transactions of the movements as a JSON array, each with the bytes it came with."""
    return b"[" + b",\n".join(dict.fromkeys(movement.raw for movement in found)) + b"]"
