"""Bank statements: kept byte for byte, each movement once, whatever is imported twice or overlaps."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath

from django.db import transaction
from django.db.models import Max

from billing.working_days import is_working_day
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import PARIS, local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.kept import keep_file
from config.kernel.models import Company
from payments import statements
from payments.models import BankAccount, BankLine, BankStatement, LineStatus
from payments.statements import Statement, StatementLine
from payments.statements.recognition import ImportedLine, Reading, recognise

LIMIT = Decimal(10) ** 14  # what the columns hold
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


class AmountTooLarge(Invalid):
    code = "amount_too_large"
    message = "Relevé %(id)s : un montant dépasse ce qu’un compte peut porter. Vérifiez le fichier auprès de la banque."


class LineMatched(DomainError):
    code = "line_matched"
    message = "Cette ligne est rapprochée : défaites d’abord le rapprochement."


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
    digest = hashlib.sha256(data).hexdigest()
    imported = list(BankStatement.everywhere.filter(company=company, sha256=digest).order_by("opened_on", "id"))
    if imported:
        return imported
    rows = []
    counted: set[int] = set()
    for statement in found:
        # each with what the statements before it in the file have just brought
        bank_account = accounts[statement.account_id]
        readings = recognise(statement, _imported_lines(bank_account, statement), counted)
        row = _import_one(bank_account, statement, readings, data, filename, digest, actor, at)
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
        _check_amounts(statement)
    return accounts


def _check_amounts(found: Statement) -> None:
    figures = [found.opening, found.closing, *(line.amount for line in found.lines)]
    if any(figure is not None and abs(figure) >= LIMIT for figure in figures):
        raise AmountTooLarge(id=found.id)


def _import_one(
    account: BankAccount,
    found: Statement,
    readings: Sequence[Reading],
    data: bytes,
    filename: str,
    digest: str,
    actor: Actor,
    at: datetime,
) -> BankStatement:
    keys = _Keys(account, readings)
    fresh = {keys.next(reading.look): reading for reading in readings if reading.duplicate_of is None}
    statement = _store(account, found, data, filename, digest, len(fresh), at, readings=readings)
    lines = [
        _line(account, statement, key, reading.line, balance_before=reading.balance_before)
        for key, reading in fresh.items()
    ]
    until = _fresh_until(statement.closed_on, at)
    return _record(account, statement, lines, filename, until=until, actor=actor, at=at)


@transaction.atomic
def keep_lines(
    *,
    account: BankAccount,
    found: Statement,
    keys: Sequence[str],
    data: bytes,
    filename: str,
    actor: Actor,
    at: datetime,
) -> BankStatement:
    """Keep new lines that are already read, one key each, as one statement whose file is `data`.

    For a service that is read again and again: the caller holds the account's row and has left out what is known.
    Raises AmountTooLarge.
    """
    _check_amounts(found)
    digest = hashlib.sha256(data).hexdigest()
    statement = _store(account, found, data, filename, digest, len(keys), at)
    lines = [_line(account, statement, key, line) for key, line in zip(keys, found.lines, strict=True)]
    return _record(account, statement, lines, filename, until=at, actor=actor, at=at)


def _record(
    account: BankAccount,
    statement: BankStatement,
    lines: Sequence[BankLine],
    filename: str,
    *,
    until: datetime,
    actor: Actor,
    at: datetime,
) -> BankStatement:
    """The new lines of a statement, and how fresh the account is by them."""
    BankLine.everywhere.bulk_create(lines, batch_size=1000)
    account.imported_at = max(account.imported_at or until, until)
    account.save(update_fields=["imported_at"])
    audit.record(
        "payments.bank.imported",
        subject=statement,
        also=[account],
        actor=actor,
        at=at,
        seal=True,
        data={
            "file": filename[:200],
            "sha256": statement.sha256,
            "lines": statement.line_count,
            "new": statement.new_count,
            "gap": follows_a_gap(statement),
        },
    )
    return statement


def _fresh_until(closed_on: date, at: datetime) -> datetime:
    """When a statement begins to grow old: as its next working day begins, and not in the future.

    An old statement read today makes nothing fresh; Friday's is good until Monday night.
    """
    day = closed_on + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return min(at, datetime.combine(day, time.min, PARIS))


def _store(
    account: BankAccount,
    found: Statement,
    data: bytes,
    filename: str,
    digest: str,
    new: int,
    at: datetime,
    *,
    readings: Sequence[Reading] = (),
) -> BankStatement:
    days = [line.booked_on for line in found.lines] or [local_day(at)]
    moved = sum(line.amount for line in found.lines)
    opening = found.opening if found.opening is not None else (found.closing or 0) - moved
    row = BankStatement(
        company_id=account.company_id,
        account=account,
        reference=found.id[:140],
        opened_on=found.opened_on or min(days),
        closed_on=found.closed_on or max(days),
        opening=opening,
        closing=found.closing if found.closing is not None else opening + moved,
        sha256=digest,
        line_count=len(found.lines),
        new_count=new,
        already_known=_duplicates(readings)[:DUPLICATES_SHOWN],
        imported_at=at,
    )
    name = PurePath(filename).name[-100:]
    keep_file(row, name if name.strip(".") else "releve", data)
    row.save(force_insert=True)
    return row


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


def _line(
    account: BankAccount,
    statement: BankStatement,
    key: str,
    line: StatementLine,
    *,
    balance_before: Decimal | None = None,
) -> BankLine:
    return BankLine(
        company_id=account.company_id,
        account=account,
        statement=statement,
        booked_on=line.booked_on,
        value_on=line.value_on,
        amount=line.amount,
        currency=line.currency,
        counterparty=line.counterparty[:200],
        counterparty_iban=line.counterparty_iban[:34],
        remittance=line.remittance[:1000],
        structured_reference=line.structured_reference[:140],
        end_to_end_id=line.end_to_end_id[:140],
        bank_reference=line.bank_reference[:140],
        import_key=key,
        balance_before=balance_before,
    )


def follows_a_gap(statement: BankStatement) -> bool:
    """True when the statement does not start where the one before it ended: days are missing between them."""
    before = BankStatement.everywhere.filter(account_id=statement.account_id, closed_on__lte=statement.opened_on)
    before = before.exclude(pk=statement.pk)
    last_day = before.aggregate(last=Max("closed_on"))["last"]
    return last_day is not None and not before.filter(closed_on=last_day, closing=statement.opening).exists()


def _masked(iban: str) -> str:
    return f"{iban[:4]} … {iban[-4:]}" if len(iban) > 10 else iban


@transaction.atomic
def ignore_line(*, line: BankLine, reason: str, actor: Actor, at: datetime) -> BankLine:
    """Put a line aside: it pays no invoice (fees, salaries, transfers). Raises TransitionRefused, Stale."""
    states.move(line, LineStatus.IGNORED, tag="payments.bank.ignored", actor=actor, at=at, data={"reason": reason})
    return line


@transaction.atomic
def reopen_line(*, line: BankLine, actor: Actor, at: datetime) -> BankLine:
    """Take an ignored line up again. A matched one is reopened by undoing its match. Raises TransitionRefused."""
    if line.status == LineStatus.MATCHED:
        raise LineMatched
    states.move(line, LineStatus.OPEN, tag="payments.bank.reopened", actor=actor, at=at)
    return line
