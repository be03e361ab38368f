"""Import bank statements' files into a company: what the page « Banque » does, for scripts."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.companies import companies_numbered
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankStatement, ColumnMapping
from payments.services.bank import import_statement
from payments.services.reconciliation import reconcile
from payments.statements import Mapping, UnknownFormat, recognise_format, tables
from payments.statements.base import CSV, XLSX

KEPT, REFUSED, UNREADABLE = 0, 1, 2
ACTOR = Actor.system("import_statement")


class Command(BaseCommand):
    help = "Import a bank statement. Exit 0: kept; 1: refused, with the reason; 2: the file cannot be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", required=True, help="its SIREN or IDE")
        parser.add_argument("--account", default="", help="the IBAN, for a file that does not name its account")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:
        company = companies_numbered(options["company"]).first()
        if company is None:
            raise CommandError(f"no company has the SIREN {options['company']}", returncode=UNREADABLE)
        with company_scope(company):
            code, answer = _import(company, options["file"], options["account"])
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            for line in _sentences(answer):
                self.stdout.write(line)
        if code:
            sys.exit(code)


def _import(company: Company, path: Path, iban: str) -> tuple[int, dict[str, Any]]:
    answer: dict[str, Any] = {"file": path.name, "format": "", "already_imported": False, "statements": []}
    now = timezone.now()
    try:
        data = path.read_bytes()
    except OSError as error:
        return UNREADABLE, answer | {"problems": [{"line": None, "text": error.strerror or str(error)}]}
    try:
        answer["format"] = recognise_format(data)
        kept = import_statement(
            company=company,
            data=data,
            filename=path.name,
            actor=ACTOR,
            at=now,
            account=_account(iban),
            mapping=_confirmed(company, data, answer["format"]),
        )
    except UnknownFormat as error:
        return UNREADABLE, answer | {"problems": [_problem(error)]}
    except DomainError as error:
        return REFUSED, answer | {"problems": [_problem(error)]}
    is_known = all(row.imported_at != now for row in kept)
    if not is_known:
        answer["matched"] = reconcile(company=company, actor=ACTOR, at=now).matched
    shown = [_statement(row, is_known=is_known) for row in kept]
    return KEPT, answer | {"already_imported": is_known, "statements": shown, "problems": []}


def _account(iban: str) -> BankAccount | None:
    """Raises CommandError."""
    if not iban:
        return None
    account: BankAccount | None = BankAccount.objects.filter(iban="".join(iban.split()).upper()).first()
    if account is None:
        raise CommandError(f"no account of the company has the IBAN {iban}", returncode=UNREADABLE)
    return account


def _confirmed(company: Company, data: bytes, found: str) -> Mapping | None:
    """The columns that a person confirmed for tables with this header."""
    if found not in {CSV, XLSX}:
        return None
    header = tables.fingerprint(tables.guess(data))
    kept = ColumnMapping.everywhere.filter(company=company, header=header).first()
    return Mapping.from_json(kept.mapping) if kept else None


def _problem(error: DomainError) -> dict[str, Any]:
    return {"line": getattr(error, "line", None), "code": error.code, "text": str(error)}


def _statement(row: BankStatement, *, is_known: bool) -> dict[str, Any]:
    new = 0 if is_known else row.new_count
    return {
        "account": row.account.iban,
        "reference": row.reference,
        "from": row.opened_on.isoformat(),
        "to": row.closed_on.isoformat(),
        "opening": _text(row.opening),
        "closing": _text(row.closing),
        "read": row.line_count,
        "new": new,
        "known": row.line_count - new,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _sentences(answer: dict[str, Any]) -> list[str]:
    refused = [f"{answer['file']}: {problem['text']}" for problem in answer["problems"]]
    told = [
        f"{answer['file']}: {row['account']} {row['from']} – {row['to']}: "
        f"{row['read']} lignes lues, {row['new']} nouvelles, {row['known']} déjà connues"
        for row in answer["statements"]
    ]
    return refused + told
