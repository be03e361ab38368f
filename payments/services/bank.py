"""The bank's own words: statements kept byte for byte, each movement once, whatever is imported twice or overlaps."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.models import Company
from payments import statements
from payments.models import BankAccount, BankLine, BankStatement, LineStatus
from payments.statements import Statement, StatementLine, duplicate_key


class UnknownAccount(Invalid):
    code = "unknown_account"
    message = (
        "Ce relevé est celui du compte %(iban)s, qui n’est pas un compte de la société. "
        "Ajoutez-le dans les réglages, ou choisissez le bon fichier."
    )


class AnotherCurrency(Invalid):
    code = "another_currency"
    message = "Ce relevé est en %(found)s, le compte « %(account)s » est en %(expected)s."


@transaction.atomic
def import_statement(
    *, company: Company, data: bytes, filename: str, actor: Actor, at: datetime
) -> list[BankStatement]:
    """Import every statement of a file. What is already there stays as it is: a second import changes nothing.

    Raises Invalid (unreadable, figures that contradict each other), UnknownAccount, AnotherCurrency: then nothing
    of the file is kept.
    """
    found = statements.read(data, filename=filename)
    return [_import_one(company, one, data, filename, actor, at) for one in found]


def _import_one(
    company: Company, found: Statement, data: bytes, filename: str, actor: Actor, at: datetime
) -> BankStatement:
    # the account's row is locked: two imports at once follow each other
    account: BankAccount | None = (
        BankAccount.everywhere.select_for_update().filter(company=company, iban=found.iban or found.account_id).first()
    )
    if account is None:
        raise UnknownAccount(iban=_masked(found.iban or found.account_id))
    if account.currency != found.currency:
        raise AnotherCurrency(found=found.currency, account=account.name, expected=account.currency)
    digest = hashlib.sha256(data).hexdigest()
    known = BankStatement.everywhere.filter(account=account, sha256=digest, reference=found.id[:140]).first()
    if known is not None:
        BankAccount.everywhere.filter(pk=account.pk).update(imported_at=at)
        return known
    keys = {duplicate_key(found.account_id, line): line for line in found.lines}
    old = set(BankLine.everywhere.filter(account=account, import_key__in=keys).values_list("import_key", flat=True))
    statement = _store(company, account, found, data, filename, digest, len(keys) - len(old), at)
    BankLine.everywhere.bulk_create(
        [_line(company, account, statement, key, line) for key, line in keys.items() if key not in old]
    )
    BankAccount.everywhere.filter(pk=account.pk).update(imported_at=at)
    audit.record(
        "payments.bank.imported", subject=statement, also=[account], actor=actor, at=at,
        data={
            "file": filename[:200], "sha256": digest, "lines": len(keys), "new": len(keys) - len(old),
            "gap": _gap(account, statement),
        },
    )  # fmt: skip
    return statement


def _store(
    company: Company,
    account: BankAccount,
    found: Statement,
    data: bytes,
    filename: str,
    digest: str,
    new: int,
    at: datetime,
) -> BankStatement:
    days = [line.booked_on for line in found.lines] or [local_day(at)]
    moved = sum(line.amount for line in found.lines)
    opening = found.opening if found.opening is not None else (found.closing or 0) - moved
    row = BankStatement(
        company=company,
        account=account,
        reference=found.id[:140],
        opened_on=found.opened_on or min(days),
        closed_on=found.closed_on or max(days),
        opening=opening,
        closing=found.closing if found.closing is not None else opening + moved,
        sha256=digest,
        line_count=len(found.lines),
        new_count=new,
        imported_at=at,
    )
    row.file.save(filename.rsplit("/", 1)[-1][-100:] or "releve", ContentFile(data), save=False)
    row.save(force_insert=True)
    return row


def _line(company: Company, account: BankAccount, statement: BankStatement, key: str, line: StatementLine) -> BankLine:
    return BankLine(
        company=company,
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
    )


def _gap(account: BankAccount, statement: BankStatement) -> bool:
    """True when the statement does not start where the one before it ended: days are missing between them."""
    before = BankStatement.everywhere.filter(account=account, closed_on__lt=statement.opened_on).exclude(
        pk=statement.pk
    )
    previous = before.order_by("-closed_on", "-imported_at").first()
    return previous is not None and previous.closing != statement.opening


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


class LineMatched(Invalid):
    code = "line_matched"
    message = "Cette ligne est rapprochée : défaites d’abord le rapprochement."
