"""`manage.py read_statement FILE…`: what bank statements of any format say, for people and for other programs.

Needs no database. Exit code: 0 when every file is read, 1 when one is refused (its figures or dates are wrong), 2 when
one is no statement or cannot be opened.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kernel.errors import Invalid
from config.kernel.xml import UnreadableXml
from payments import statements
from payments.statements import InvalidStatement, Statement, StatementLine, UnknownFormat
from payments.statements.base import PENDING, french

READ, REFUSED, UNREADABLE = 0, 1, 2
SENTENCES = {REFUSED: "Un fichier au moins est refusé.", UNREADABLE: "Un fichier au moins n’est pas lisible."}


@dataclass(slots=True)
class Result:
    """What one file holds, or why it is not read."""

    file: str
    format: str = ""
    statements: list[Statement] = field(default_factory=list)
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    code: int = READ


class Command(BaseCommand):
    help = "Lit des relevés bancaires (CAMT, CFONB 120, OFX, MT940, CSV, XLSX) et dit ce qu’ils contiennent."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FICHIER")
        parser.add_argument("--json", action="store_true", help="un objet JSON par fichier, un par ligne")

    def handle(self, *_args: Any, **options: Any) -> None:
        code = READ
        for name in options["files"]:
            result = read_file(name)
            self.stdout.write(as_json(result) if options["json"] else as_text(result))
            self.stdout.flush()
            code = max(code, result.code)
        if code:
            raise CommandError(SENTENCES[code], returncode=code)


def read_file(name: str) -> Result:
    """The statements of a file, with the movements that are only announced; never raises."""
    result = Result(name)
    try:
        with Path(name).open("rb") as file:
            data = file.read(statements.MOST_BYTES + 1)
        result.format = statements.recognise_format(data)
        result.statements = statements.read(data, filename=Path(name).name, pending=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        result.problems, result.code = [(None, f"Le fichier ne peut pas être lu : {reason}.")], UNREADABLE
    except Invalid as error:
        line = error.line if isinstance(error, InvalidStatement) else error.params.get("line")
        is_unreadable = isinstance(error, UnknownFormat | UnreadableXml)
        # what is wrong with the whole of a file is told at its beginning
        result.problems = [(line or (None if is_unreadable else 1), str(error))]
        result.code = UNREADABLE if is_unreadable else REFUSED
    return result


def as_json(result: Result) -> str:
    """One object on one line; amounts are texts of plain decimals ("-12.50"), dates are ISO 8601."""
    return json.dumps(
        {
            "file": result.file,
            "format": result.format,
            "statements": [_statement(found) for found in result.statements],
            "problems": [{"line": line, "text": text} for line, text in result.problems],
        },
        ensure_ascii=False,
    )


def _statement(found: Statement) -> dict[str, Any]:
    days = [line.booked_on for line in found.lines]
    first, last = found.opened_on or min(days, default=None), found.closed_on or max(days, default=None)
    return {
        "account": found.account_id,
        "currency": found.currency,
        "opening": _amount(found.opening),
        "closing": _amount(found.closing),
        "from": first.isoformat() if first else None,
        "to": last.isoformat() if last else None,
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: StatementLine) -> dict[str, Any]:
    return {
        "date": line.booked_on.isoformat(),
        "value_date": line.value_on.isoformat() if line.value_on else None,
        "amount": _amount(line.amount),
        "currency": line.currency,
        "counterparty": line.counterparty,
        "iban": line.counterparty_iban,
        "remittance": line.remittance,
        "reference": line.structured_reference,
        "end_to_end_id": line.end_to_end_id,
        "bank_reference": line.bank_reference,
        "status": line.status,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def as_text(result: Result) -> str:
    """A summary for a terminal."""
    verdict = ("lu", "refusé", "illisible")[result.code]
    lines = [f"{result.file} : {verdict}" + (f" ({result.format})" if result.format else "")]
    lines += [f"  ✗ {text}" for _line, text in result.problems]
    for found in result.statements:
        lines += _summary(found)
    return "\n".join(lines)


def _summary(found: Statement) -> list[str]:
    days = [day for day in (found.opened_on, found.closed_on) if day is not None]
    period = " au ".join(f"{day:%d/%m/%Y}" for day in dict.fromkeys(days))
    credits_ = sum((line.amount for line in found.lines if line.amount > 0 and line.status != PENDING), Decimal(0))
    debits = sum((line.amount for line in found.lines if line.amount < 0 and line.status != PENDING), Decimal(0))
    waiting = sum(line.status == PENDING for line in found.lines)
    balances = [
        f"{name} {french(amount)}"
        for name, amount in (("solde initial", found.opening), ("solde final", found.closing))
        if amount is not None
    ]
    facts = [
        f"{len(found.lines)} mouvements" + (f" dont {waiting} en attente" if waiting else ""),
        f"crédits {french(credits_)}",
        f"débits {french(debits)}",
        *balances,
    ]
    account = found.account_id or "compte non indiqué"
    return [f"  {account}, {found.currency}" + (f", {period}" if period else ""), "    " + " ; ".join(facts)]
