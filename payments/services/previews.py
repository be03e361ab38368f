"""What a statement's file would bring, before anything of it is kept: account, period, balances, lines, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.models import BankAccount, BankStatement
from payments.services.bank import check_currency, imported_lines
from payments.services.continuity import Span, gap_after, gap_before, overlapping, spans_of
from payments.services.own_accounts import AnotherAccount, is_iban, of_account, own_account
from payments.services.storing import SourceFile, check_amounts, last_day
from payments.statements import BOOKED, Statement
from payments.statements.imported_line import ImportedLine
from payments.statements.recognition import Reading, recognise

LINES_SHOWN = 12


def preview(
    company: Company, found: Sequence[Statement], file: SourceFile, *, chosen: BankAccount | None, at: datetime
) -> dict[str, Any]:
    """As JSON. `found` holds pending movements too. Raises AnotherAccount, AnotherCurrency, AmountTooLarge."""
    seen = _Seen(company, chosen, at)
    shown = [_statement(seen, row) for row in found if row.lines or row.opening is not None or row.closing is not None]
    known = BankStatement.everywhere.filter(company=company, sha256=file.sha256).exists()
    return {
        "format": found[0].format if found else "",
        "statements": shown,
        "is_known": known,
        "lines": sum(row["lines"] for row in shown),
        "new": 0 if known else sum(row["new"] for row in shown),
    }


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the statements of the file that were looked at already would bring, by account."""

    company: Company
    chosen: BankAccount | None
    at: datetime
    fresh: dict[int, list[ImportedLine]] = field(default_factory=dict)
    spans: dict[int, list[Span]] = field(default_factory=dict)


def _statement(seen: _Seen, found: Statement) -> dict[str, Any]:
    booked = replace(found, lines=tuple(line for line in found.lines if line.status == BOOKED))
    answer = _named(found, booked, seen.at)
    try:
        account = own_account(seen.company, booked, seen.chosen)
    except AnotherAccount:
        raise
    except DomainError as error:
        return answer | {"problem": {"code": error.code, "message": error.message, "params": dict(error.params)}}
    check_currency(account, booked)
    check_amounts(booked)
    return answer | _compared(seen, of_account(booked, account), account, date.fromisoformat(answer["from"]))


def _named(found: Statement, booked: Statement, at: datetime) -> dict[str, Any]:
    """What the statement says of itself; all its lines are new until its account is known."""
    days = [line.booked_on for line in booked.lines] or [local_day(at)]
    return {
        "reference": found.id[:140],
        "named": found.account_id,
        "iban": found.account_id if is_iban(found.account_id) else "",
        "currency": found.currency,
        "from": (found.opened_on or min(days)).isoformat(),
        "to": last_day(booked, at).isoformat(),
        "opening": _text(found.opening),
        "closing": _text(found.closing),
        "lines": len(booked.lines),
        "received": _text(sum((line.amount for line in booked.lines if line.amount > 0), ZERO)),
        "paid": _text(sum((line.amount for line in booked.lines if line.amount < 0), ZERO)),
        "pending": len(found.lines) - len(booked.lines),
        "account": None,
        "new": len(booked.lines),
        "known": 0,
        "shown": [],
        "odd": [],
    }


def _compared(seen: _Seen, ours: Statement, account: BankAccount, opened_on: date) -> dict[str, Any]:
    """Beside what the account has, and what the file's earlier statements would bring to it."""
    fresh = seen.fresh.setdefault(account.pk, [])
    readings = recognise(ours, [*imported_lines(account, ours), *fresh])
    fresh += _as_imported(readings, len(fresh), ours.format, len(seen.spans))
    known = sum(1 for reading in readings if reading.duplicate_of)
    others = seen.spans.setdefault(account.pk, spans_of(account))
    span = Span(
        reference=ours.id[:140],
        opened_on=opened_on,
        closed_on=last_day(ours, seen.at),
        opening=ours.opening,
        closing=ours.closing,
    )
    odd = list(_odd(span, others))
    others.append(span)
    return {
        "account": account.pk,
        "account_name": account.name,
        "new": len(readings) - known,
        "known": known,
        "shown": [_line(reading) for reading in readings[:LINES_SHOWN]],
        "odd": odd,
    }


def _as_imported(readings: Sequence[Reading], start: int, format_: str, statement: int) -> Iterator[ImportedLine]:
    """What this statement would bring, for the next one of the same file: numbered below zero."""
    for place, reading in enumerate(readings, start=start + 1):
        if reading.duplicate_of is None:
            line = reading.line
            yield ImportedLine(
                id=-place,
                look=reading.look,
                booked_on=line.booked_on,
                amount=line.amount,
                balance_before=reading.balance_before,
                statement_id=-1 - statement,
                counterparty=line.counterparty,
                is_from_feed=False,
                format=format_,
                remittance=line.remittance,
                end_to_end_id=line.end_to_end_id,
                bank_reference=line.bank_reference,
            )


def _odd(span: Span, others: Sequence[Span]) -> Iterator[dict[str, Any]]:
    for gap in (gap_before(span, others), gap_after(span, others)):
        if gap is not None:
            yield {
                "kind": "gap",
                "end": gap.before.closed_on.isoformat(),
                "closing": _text(gap.before.closing),
                "start": gap.after.opened_on.isoformat(),
                "opening": _text(gap.after.opening),
                "missing": _text(gap.missing),
            }
    for other in overlapping(span, others)[:3]:
        yield {
            "kind": "overlap",
            "reference": other.reference,
            "from": other.opened_on.isoformat(),
            "to": other.closed_on.isoformat(),
        }
    if span.opening is None and span.closing is None:
        yield {"kind": "no_balance"}


def _line(reading: Reading) -> dict[str, Any]:
    line = reading.line
    return {
        "day": line.booked_on.isoformat(),
        "amount": _text(line.amount),
        "counterparty": line.counterparty[:80],
        "remittance": line.remittance[:140],
        "reason": reading.reason,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
