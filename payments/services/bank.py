"""Statements imported: each movement once, whatever overlaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.db import transaction

from billing.working_days import is_working_day
from config.kernel.actor import Actor
from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from config.kernel.models import Company
from payments import statements
from payments.models import BankAccount, BankLine, BankStatement
from payments.services.storing import NewLine, SourceFile, check_amounts, keep_statement, last_day
from payments.statements import Statement
from payments.statements.recognition import ImportedLine, Reading, recognise

DUPLICATES_SHOWN = 100  # lines imported before that a statement names


class UnknownAccount(Invalid):
    code = "unknown_account"
    message = (
        "Ce relevé est celui du compte %(iban)s, qui n’est pas un compte de la société. "
        "Ajoutez-le dans les réglages, ou choisissez le bon fichier."
    )


class AnotherAccount(Invalid):
    code = "another_account"
    message = "Ce relevé est celui du compte « %(found)s », pas de « %(account)s »."


class AnotherCurrency(Invalid):
    code = "another_currency"
    message = "Ce relevé est en %(found)s, le compte « %(account)s » est en %(expected)s."


@transaction.atomic
def import_statement(
    *, company: Company, data: bytes, filename: str, actor: Actor, at: datetime, account: BankAccount | None = None
) -> list[BankStatement]:
    """Import every statement of a file. What is already there stays as it is: a second import changes nothing.

    With `account`, statements of another one are refused. Raises Invalid (unreadable, figures that contradict each
    other), UnknownAccount, AnotherAccount, AnotherCurrency, AmountTooLarge: then nothing of the file is kept.
    """
    found = statements.read(data, filename=filename)
    accounts = _lock_accounts(company, found)
    other = next((row for row in accounts.values() if account is not None and row.pk != account.pk), None)
    if account is not None and other is not None:
        raise AnotherAccount(found=other.name, account=account.name)
    file = SourceFile(filename, data)
    # under the lock of the accounts: the same file sent twice at once finds here what the first one kept
    imported = list(BankStatement.everywhere.filter(company=company, sha256=file.sha256).order_by("opened_on", "id"))
    if imported:
        return imported
    rows = []
    counted: set[int] = set()
    for statement in found:
        # each with what the statements before it in the file have just brought
        bank_account = accounts[statement.account_id]
        readings = recognise(statement, _imported_lines(bank_account, statement), counted)
        row = _import_one(bank_account, statement, readings, file, actor, at)
        counted |= {reading.duplicate_of.id for reading in readings if reading.duplicate_of}
        counted |= set(BankLine.everywhere.filter(statement=row).values_list("id", flat=True))
        rows.append(row)
    return rows


def _imported_lines(account: BankAccount, found: Statement) -> list[ImportedLine]:
    """The lines of the account on the days of the statement."""
    days = {line.booked_on for line in found.lines}
    return [
        ImportedLine(
            id=row.pk,
            look=row.import_key.rsplit(":", 1)[0],
            booked_on=row.booked_on,
            amount=row.amount,
            balance_before=row.balance_before,
            statement_id=row.statement_id,
            counterparty=row.counterparty,
            is_from_feed=row.import_key.startswith("leg:"),
        )
        for row in BankLine.everywhere.filter(account=account, booked_on__in=days).order_by("id")
    ]


class _Keys:
    """The next free key of each look: movements that look alike are numbered."""

    def __init__(self, account: BankAccount, readings: Sequence[Reading]) -> None:
        days = {reading.line.booked_on for reading in readings}
        taken = BankLine.everywhere.filter(account=account, booked_on__in=days).values_list("import_key", flat=True)
        self.count = Counter(key.rsplit(":", 1)[0] for key in taken)

    def next(self, look: str) -> str:
        self.count[look] += 1
        return f"{look}:{self.count[look]}"


def _lock_accounts(company: Company, found: Sequence[Statement]) -> dict[str, BankAccount]:
    """The accounts of the file, locked in the order of their keys: two imports at once follow each other."""
    ibans = {statement.account_id for statement in found}
    rows = BankAccount.everywhere.select_for_update(no_key=True).filter(company=company, iban__in=ibans).order_by("id")
    accounts: dict[str, BankAccount] = {row.iban: row for row in rows}
    for statement in found:
        account = accounts.get(statement.account_id)
        if account is None:
            raise UnknownAccount(iban=_masked(statement.account_id))
        if statement.currency and account.currency != statement.currency:
            raise AnotherCurrency(found=statement.currency, account=account.name, expected=account.currency)
        check_amounts(statement)
    return accounts


def _import_one(
    account: BankAccount,
    found: Statement,
    readings: Sequence[Reading],
    file: SourceFile,
    actor: Actor,
    at: datetime,
) -> BankStatement:
    keys = _Keys(account, readings)
    new = [
        NewLine(keys.next(reading.look), reading.line, reading.balance_before)
        for reading in readings
        if reading.duplicate_of is None
    ]
    return keep_statement(
        account=account,
        found=found,
        file=file,
        new=new,
        duplicates=_duplicates(readings)[:DUPLICATES_SHOWN],
        until=_fresh_until(found, at),
        actor=actor,
        at=at,
    )


def _fresh_until(found: Statement, at: datetime) -> datetime:
    """When a statement begins to grow old: as its next working day begins, and not in the future.

    An old statement read today makes nothing fresh; Friday's is good until Monday night.
    """
    day = last_day(found, at) + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return min(at, datetime.combine(day, time.min, PARIS))


def _duplicates(readings: Sequence[Reading]) -> list[dict[str, object]]:
    return [
        {
            "line_id": reading.duplicate_of.id,
            "booked_on": reading.line.booked_on.isoformat(),
            "amount": f"{reading.line.amount:f}",
            "counterparty": reading.line.counterparty[:200],
            "reason": reading.reason,
        }
        for reading in readings
        if reading.duplicate_of
    ]


def _masked(iban: str) -> str:
    return f"{iban[:4]} … {iban[-4:]}" if len(iban) > 10 else iban
