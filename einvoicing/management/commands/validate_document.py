"""`manage.py validate_document FILE…`: the verdict of the official rules on any file, as before a sending.

Needs no database. Exit code: 0 when every file is valid, 1 when one is not, 2 when one cannot be read.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from einvoicing import validation
from einvoicing.validation.engine import MAX_BYTES
from einvoicing.validation.report import FATAL, UNREADABLE, Report, Violation, refusal

# nothing can be said of these documents themselves
_UNREAD = {"FILE", "SIZE", "ENGINE", UNREADABLE}
_SHOWN = ("rule", "severity", "text", "location", "term")


class Command(BaseCommand):
    help = "Juge des factures (CII, UBL, Factur-X), des messages CDAR et des flux 10 par les règles officielles."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FICHIER")
        names = ", ".join(validation.RULE_SETS)
        parser.add_argument("--rules", help=f"jeux de règles, séparés par des virgules, parmi : {names}")
        parser.add_argument("--json", action="store_true", help="un objet JSON par fichier, un par ligne")

    def handle(self, *_args: Any, **options: Any) -> None:
        rules = _chosen(options["rules"])
        code = 0
        for name in options["files"]:
            report = _judge(Path(name), rules)
            self.stdout.write(_line(name, report) if options["json"] else _story(name, report))
            self.stdout.flush()
            code = max(code, _code(report))
        if code:
            sentences = {1: "Un document au moins n’est pas valable.", 2: "Un document au moins n’a pas pu être lu."}
            raise CommandError(sentences[code], returncode=code)


def _chosen(text: str | None) -> tuple[str, ...] | None:
    """The rule sets named; None for all that apply. Raises CommandError for a name that is none."""
    if text is None:
        return None
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in validation.RULE_SETS]
    if unknown or not names:
        known = ", ".join(validation.RULE_SETS)
        raise CommandError(f"Jeu de règles inconnu : « {', '.join(unknown)} ». Choix : {known}.", returncode=2)
    return names


def _judge(path: Path, rules: tuple[str, ...] | None) -> Report:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return refusal("FILE", f"Le fichier ne peut pas être lu : {error.strerror}.")
    return validation.check(data, rules=rules)


def _code(report: Report) -> int:
    if report.valid:
        return 0
    return 2 if report.rules & _UNREAD else 1


def _line(name: str, report: Report) -> str:
    violations = [{field: getattr(violation, field) for field in _SHOWN} for violation in report.violations]
    return json.dumps(
        {
            "file": name,
            "syntax": report.syntax,
            "profile": report.profile,
            "valid": report.valid,
            "violations": violations,
            "ms": report.milliseconds,
        },
        ensure_ascii=False,
    )


def _story(name: str, report: Report) -> str:
    verdict = ("valable", "refusé", "illisible")[_code(report)]
    known = [part for part in (report.syntax, report.profile, "+".join(report.checks)) if part]
    lines = [f"{name} : {verdict} ({' ; '.join([*known, f'{report.milliseconds} ms'])})"]
    return "\n".join([*lines, *(f"  {_sentence(violation)}" for violation in report.violations)])


def _sentence(violation: Violation) -> str:
    mark = "✗" if violation.severity == FATAL else "!"
    term = f" ({violation.term})" if violation.term else ""
    place = f" — {violation.location}" if violation.location else ""
    return f"{mark} {violation.rule}{term} : {violation.text}{place}"
