"""What an account holds at the end of a day: at the bank, as its statements say, and in the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from billing.models import JournalLine
from config.kernel.money import ZERO
from payments.models import BankAccount, BankLine, BankStatement, LineStatus
from payments.services.exchange import moved


@dataclass(frozen=True, slots=True)
class KnownBalance:
    """`amount` at the end of the day that was asked for. `stated_on`: the day of the statement that it rests on."""

    amount: Decimal
    stated_on: date


def balance_at_bank(account: BankAccount, on: date) -> KnownBalance | None:
    """The last stated balance and the movements that came since; None while no statement gave a balance."""
    balanced = _balanced(account)
    last = _last_of_chain(balanced.filter(closed_on__lte=on).order_by("-closed_on", "-imported_at"))
    if last is not None:
        moved = lines_of(account, on).filter(booked_on__gt=last.closed_on)
        return KnownBalance((last.closing or ZERO) + total(moved), last.closed_on)
    first = first_balanced(account)
    if first is None:
        return None
    within = total(lines_of(account, on).filter(booked_on__gte=first.opened_on))
    before = total(_lines(account).filter(booked_on__gt=on, booked_on__lt=first.opened_on))
    return KnownBalance((first.opening or ZERO) + within - before, first.opened_on)


def balance_before(account: BankAccount) -> Decimal:
    """What the account held before the first movement that is known; zero while no statement gave a balance."""
    first = first_balanced(account)
    if first is None:
        return ZERO
    return Decimal((first.opening or ZERO) - total(_lines(account).filter(booked_on__lt=first.opened_on)))


def balance_in_books(account: BankAccount, on: date) -> Decimal:
    """Debit less credit of the ledger account, entries of `on` included; in the currency of the bank account."""
    sums = postings_of(account, on).aggregate(sum=Sum(moved(account), default=ZERO))
    return Decimal(sums["sum"])


def postings_of(account: BankAccount, on: date) -> QuerySet[JournalLine]:
    rows: QuerySet[JournalLine] = JournalLine.everywhere.filter(
        company_id=account.company_id, account=account.ledger_account, day__lte=on, is_carried=False
    )
    return rows


def lines_of(account: BankAccount, on: date) -> QuerySet[BankLine]:
    return _lines(account).filter(booked_on__lte=on)


def _lines(account: BankAccount) -> QuerySet[BankLine]:
    # what the bank took back never was money
    rows: QuerySet[BankLine] = BankLine.everywhere.filter(account=account).exclude(status=LineStatus.VOID)
    return rows


def total(lines: QuerySet[BankLine]) -> Decimal:
    return Decimal(lines.aggregate(sum=Sum("amount", default=ZERO))["sum"])


def _balanced(account: BankAccount) -> QuerySet[BankStatement]:
    rows: QuerySet[BankStatement] = BankStatement.everywhere.filter(account=account)
    return rows.exclude(opening=None).exclude(closing=None)


def first_balanced(account: BankAccount) -> BankStatement | None:
    """The earliest; of several that begin on one day, the one from whose balance the others go on."""
    rows = list(_earliest(_balanced(account).order_by("opened_on", "imported_at")))
    closings = {row.closing for row in rows if row.closing != row.opening}
    return next((row for row in rows if row.opening not in closings), rows[0] if rows else None)


def _earliest(rows: QuerySet[BankStatement]) -> QuerySet[BankStatement]:
    day: Any = rows.values_list("opened_on", flat=True).first()
    return rows.filter(opened_on=day)


def _last_of_chain(rows: QuerySet[BankStatement]) -> BankStatement | None:
    """The latest; of several that end on one day, the one from whose balance no other goes on."""
    day: Any = rows.values_list("closed_on", flat=True).first()
    same = list(rows.filter(closed_on=day))
    openings = {row.opening for row in same if row.closing != row.opening}
    return next((row for row in same if row.closing not in openings), same[0] if same else None)
