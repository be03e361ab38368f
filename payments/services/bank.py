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
from payments.services.own_accounts import learn_name, of_account, own_account
from payments.services.storing import (
    Counting,
    NewLine,
    Progress,
    SourceFile,
    check_amounts,
    keep_statement,
    last_day,
    nobody_watches,
)
from payments.statements import Mapping, Statement
from payments.statements.imported_line import ImportedLine
from payments.statements.recognition import Reading, recognise

DUPLICATES_SHOWN = 100  # lines imported before that a statement names


class AnotherCurrency(Invalid):
    code = "another_currency"
    message = "Ce relevé est en %(found)s, le compte « %(account)s » est en %(expected)s."


@transaction.atomic
def import_statement(
    *,
    company: Company,
    data: bytes,
    filename: str,
    actor: Actor,
    at: datetime,
    account: BankAccount | None = None,
    mapping: Mapping | None = None,
    progress: Progress = nobody_watches,
) -> list[BankStatement]:
    """Import every statement of a file. What is already there stays as it is: a second import changes nothing.

    `account`: whose the statements are that name none of ours; those of another one are refused. `mapping`: the
    columns of a table, as confirmed. Movements that the bank only announces are not kept.

    Raises Invalid (unreadable, figures that contradict each other), UnknownAccount, NoAccountNamed, AnotherAccount,
    AnotherCurrency, AmountTooLarge: then nothing of the file is kept.
    """
    found = [row for row in statements.read(data, filename=filename, mapping=mapping) if row.lines or row.closing]
    owned = _lock_accounts(company, found, account)
    file = SourceFile(filename, data)
    # under the lock of the accounts: the same file sent twice at once finds here what the first one kept
    imported = list(BankStatement.everywhere.filter(company=company, sha256=file.sha256).order_by("opened_on", "id"))
    if imported:
        return imported
    rows = []
    counted: set[int] = set()
    counter = Counting(progress, sum(len(statement.lines) for statement in found))
    for statement, bank_account in zip(found, owned, strict=True):
        # each with what the statements before it in the file have just brought
        learn_name(bank_account, statement, actor=actor, at=at)
        ours = of_account(statement, bank_account)
        readings = recognise(ours, imported_lines(bank_account, ours), counted)
        row = _import_one(bank_account, ours, readings, file, actor, at, counter)
        counted |= {reading.duplicate_of.id for reading in readings if reading.duplicate_of}
        counted |= set(BankLine.everywhere.filter(statement=row).values_list("id", flat=True))
        rows.append(row)
    return rows


def imported_lines(account: BankAccount, found: Statement) -> list[ImportedLine]:
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
            format=row.statement.format,
            remittance=row.remittance,
            end_to_end_id=row.end_to_end_id,
            bank_reference=row.bank_reference,
        )
        for row in BankLine.everywhere.filter(account=account, booked_on__in=days)
        .select_related("statement")
        .defer("statement__already_known")
        .order_by("id")
        .iterator(5000)
    ]


class _Keys:
    """The next free key of each look: movements that look alike are numbered."""

    def __init__(self, account: BankAccount, readings: Sequence[Reading]) -> None:
        days = {reading.line.booked_on for reading in readings}
        taken = BankLine.everywhere.filter(account=account, booked_on__in=days).values_list("import_key", flat=True)
        self.count = Counter(key.rsplit(":", 1)[0] for key in taken.iterator(5000))

    def next(self, look: str) -> str:
        self.count[look] += 1
        return f"{look}:{self.count[look]}"


def _lock_accounts(company: Company, found: Sequence[Statement], chosen: BankAccount | None) -> list[BankAccount]:
    """The account of each statement, locked in the order of their keys: two imports at once follow each other."""
    owned = [own_account(company, statement, chosen) for statement in found]
    keys = {row.pk for row in owned}
    rows = BankAccount.everywhere.select_for_update(no_key=True).filter(company=company, pk__in=keys).order_by("id")
    locked = {row.pk: row for row in rows}
    for statement, account in zip(found, owned, strict=True):
        check_currency(account, statement)
        check_amounts(statement)
    return [locked[row.pk] for row in owned]


def check_currency(account: BankAccount, found: Statement) -> None:
    """Raises AnotherCurrency."""
    if found.currency and account.currency != found.currency:
        raise AnotherCurrency(found=found.currency, account=account.name, expected=account.currency)


def _import_one(
    account: BankAccount,
    found: Statement,
    readings: Sequence[Reading],
    file: SourceFile,
    actor: Actor,
    at: datetime,
    counter: Counting,
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
        counter=counter,
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
