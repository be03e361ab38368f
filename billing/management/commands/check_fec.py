"""`manage.py check_fec FILE… [--json]`: does a FEC hold to the rules? Every error with its line and field.

Needs no database, and reads the file of any software. Exit code: 0 no error, 1 some, 2 a file that cannot be read.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.ledger.fec import Report, check_fec

WRONG, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = "Contrôle des fichiers des écritures comptables (LPF A47 A-1), d’où qu’ils viennent."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="un objet JSON par fichier, un par ligne")

    def handle(self, **options: Any) -> None:
        wrong = 0
        for path in options["files"]:
            try:
                with path.open("rb") as file:
                    report = check_fec(file, path.name)
            except OSError as error:
                raise CommandError(f"{path} : {error.strerror}", returncode=UNREADABLE) from error
            wrong += not report.ok
            tell = _line if options["json"] else _story
            self.stdout.write(tell(path, report))
        if wrong:
            raise CommandError(f"{wrong} fichier(s) avec des erreurs", returncode=WRONG)


def _line(path: Path, report: Report) -> str:
    findings = [
        {"level": one.level, "line": one.line, "field": one.field, "code": one.code, "text": one.text}
        for one in report.findings
    ]
    counts = {"lines": report.lines, "entries": report.entries, "total": f"{report.debit:.2f}"}
    told = {"file": path.name, "ok": report.ok, **counts, "errors": report.errors, "warnings": report.warnings}
    return json.dumps({**told, "findings": findings}, ensure_ascii=False)


def _story(path: Path, report: Report) -> str:
    found = f"{report.errors} erreur(s), {report.warnings} alerte(s)"
    lines = [f"{path.name} : {report.entries} écritures, {report.lines} lignes ; {found}"]
    lines += [f"  {'✗' if one.level == 'error' else '!'} {one}" for one in report.findings]
    if hidden := report.errors + report.warnings - len(report.findings):
        lines.append(f"  … et {hidden} autres de même nature")
    return "\n".join(lines)
