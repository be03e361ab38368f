"""What a reading of a bank statement becomes: its file byte for byte, its new lines, and how fresh the account is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.kept import keep_file
from config.kernel.money import ZERO
from payments.models import BankAccount, BankLine, BankStatement
from payments.services.continuity import Span, gap_before, spans_of
from payments.statements import Statement, StatementLine

LIMIT = Decimal(10) ** 14  # what the columns hold


AT_ONCE = 1000  # lines written by one statement
Progress = Callable[[int, int], None]  # lines done, of how many


def nobody_watches(_done: int, _total: int) -> None:
    """The progress of an import that nobody follows."""


class Counting:
    """The lines of a file that are done, told to who watches."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.total)


class AmountTooLarge(Invalid):
    code = "amount_too_large"
    message = "Relevé %(id)s : un montant dépasse ce qu’un compte peut porter. Vérifiez le fichier auprès de la banque."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The bytes that a statement was read from."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class NewLine:
    """A movement that is not kept yet, under the key that keeps it once per account."""

    key: str
    line: StatementLine
    balance_before: Decimal | None = None


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
    check_amounts(found)
    file = SourceFile(filename, data)
    new = [NewLine(key, line) for key, line in zip(keys, found.lines, strict=True)]
    return keep_statement(
        account=account, found=replace(found, format=""), file=file, new=new, until=at, actor=actor, at=at
    )


def check_amounts(found: Statement) -> None:
    """Raises AmountTooLarge."""
    figures = [found.opening, found.closing, *(line.amount for line in found.lines)]
    figures += [line.instructed_amount for line in found.lines]
    if any(figure is not None and abs(figure) >= LIMIT for figure in figures):
        raise AmountTooLarge(id=found.id)


def keep_statement(
    *,
    account: BankAccount,
    found: Statement,
    file: SourceFile,
    new: Sequence[NewLine],
    duplicates: Sequence[dict[str, object]] = (),
    until: datetime,
    actor: Actor,
    at: datetime,
    counter: Counting | None = None,
) -> BankStatement:
    """The statement with its file and its new lines; the account, whose row the caller holds, is fresh `until` then."""
    statement = _statement(account, found, at)
    statement.new_count, statement.already_known = len(new), list(duplicates)
    # a browser may send a whole path; « . » and « .. » name no file
    name = PurePath(file.name).name[-100:]
    keep_file(statement, name if name.strip(".") else "releve", file.data)
    statement.save(force_insert=True)
    counter = counter or Counting(nobody_watches, len(found.lines))
    counter.add(len(found.lines) - len(new))
    for start in range(0, len(new), AT_ONCE):
        # a hundred thousand rows at once would each be an object, and one statement of a hundred megabytes
        BankLine.everywhere.bulk_create([_line(statement, row) for row in new[start : start + AT_ONCE]])
        counter.add(len(new[start : start + AT_ONCE]))
    # an older statement imported after a newer one must not make the account look stale
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
            "file": file.name[:200],
            "sha256": statement.sha256,
            "lines": statement.line_count,
            "new": statement.new_count,
            "gap": follows_a_gap(statement),
        },
    )
    return statement


def _statement(account: BankAccount, found: Statement, at: datetime) -> BankStatement:
    """Days that the file leaves out are those of its lines; a balance follows from the other one."""
    moved = sum((line.amount for line in found.lines), ZERO)
    opening, closing = found.opening, found.closing
    if opening is None and closing is not None:
        opening = closing - moved
    elif closing is None and opening is not None:
        closing = opening + moved
    return BankStatement(
        company_id=account.company_id,
        account=account,
        reference=found.id[:140],
        opened_on=found.opened_on or min(_days(found, at)),
        closed_on=last_day(found, at),
        opening=opening,
        closing=closing,
        format=found.format,
        line_count=len(found.lines),
        imported_at=at,
    )


def last_day(found: Statement, at: datetime) -> date:
    """The day that the statement closes on."""
    return found.closed_on or max(_days(found, at))


def _days(found: Statement, at: datetime) -> list[date]:
    return [line.booked_on for line in found.lines] or [local_day(at)]


def _line(statement: BankStatement, row: NewLine) -> BankLine:
    line = row.line
    return BankLine(
        company_id=statement.company_id,
        account=statement.account,
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
        import_key=row.key,
        balance_before=row.balance_before,
        transaction_code=line.transaction_code[:40],
        return_code=line.return_code[:4],
        is_reversal=line.is_reversal,
        instructed_amount=line.instructed_amount,
        instructed_currency=line.instructed_currency[:3],
        mandate_reference=line.mandate_reference[:35],
        batch_reference=line.batch_reference[:35],
    )


def follows_a_gap(statement: BankStatement) -> bool:
    """True when the statement does not start where the one before it ended: days are missing between them."""
    return gap_before(_span(statement), spans_of(statement.account, besides=statement.pk)) is not None


def _span(row: BankStatement) -> Span:
    return Span(
        reference=row.reference,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        opening=row.opening,
        closing=row.closing,
    )
