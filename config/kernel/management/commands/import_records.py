"""Take over a list from other software: what the page « Reprendre une liste » does, for scripts."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.companies import companies_numbered
from config.kernel.errors import DomainError
from config.kernel.importing import receiving
from config.kernel.importing.kinds import KINDS
from config.kernel.importing.running import IMPORTS
from config.kernel.models import Company, ImportChoice, ImportRow, ImportRun, ImportStatus
from config.kernel.scope import company_scope

TAKEN, REFUSED, UNREADABLE = 0, 1, 2
ACTOR = Actor.system("import_records")


class Command(BaseCommand):
    help = "Take over a list. Exit 0: all of it; 1: nothing, with each error by line; 2: the file cannot be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(KINDS))
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", required=True, help="its SIREN or IDE")
        parser.add_argument(
            "--known", choices=["ignore", "update", "create"], default="ignore", help="rows like a record"
        )
        parser.add_argument("--leave-errors", action="store_true", help="take over the rows without errors")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:
        company = companies_numbered(options["company"]).first()
        if company is None:
            raise CommandError(f"no company has the SIREN {options['company']}", returncode=UNREADABLE)
        with company_scope(company):
            code, answer = _import(company, options)
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            for line in _sentences(answer):
                self.stdout.write(line)
        if code:
            sys.exit(code)


def _import(company: Company, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    path: Path = options["file"]
    answer: dict[str, Any] = {"file": path.name, "kind": options["kind"], "created": 0, "updated": 0, "ignored": 0}
    try:
        run = receiving.receive_file(
            kind=KINDS[options["kind"]],
            company=company,
            name=path.name,
            data=path.read_bytes(),
            user=None,
            actor=ACTOR,
            language="fr",
            at=timezone.now(),
        )
        columns = dict(run.layout["columns"])
        receiving.choose_columns(run=run, columns=columns, actor=ACTOR, at=timezone.now())
    except OSError as error:
        return UNREADABLE, answer | {"problems": [{"line": None, "text": error.strerror or str(error)}]}
    except DomainError as error:
        return UNREADABLE, answer | {"problems": [{"line": error.params.get("line"), "text": str(error)}]}
    refusal = _confirmed(run, options)
    counts, problems = receiving.counts_of(run), _problems(run)
    if refusal or run.status != ImportStatus.DONE:
        reason = refusal or run.last_error
        return REFUSED, answer | {"problems": [*problems, {"line": None, "text": reason}]}
    answer |= {"created": counts["create"], "updated": counts["update"], "ignored": counts["ignore"]}
    return TAKEN, answer | {"problems": problems}


def _confirmed(run: ImportRun, options: dict[str, Any]) -> str:
    """Check, decide and take over; why nothing is taken over, '' where it is."""
    _work(run)
    if run.status != ImportStatus.CHECKED:
        return run.last_error
    choice = ImportChoice[options["known"].upper()]
    receiving.settle_all(run=run, choice=choice, at=timezone.now())
    try:
        receiving.confirm_run(
            run=run,
            shown=receiving.shown_of(run),
            leaves_errors=options["leave_errors"],
            actor=ACTOR,
            at=timezone.now(),
        )
    except receiving.NothingToTake as error:
        receiving.cancel_run(run=run, actor=ACTOR, at=timezone.now())
        return str(error)
    except DomainError as error:
        return str(error)
    _work(run)
    return ""


def _work(run: ImportRun) -> None:
    """What the worker does, here and now."""
    IMPORTS.sweep()
    run.refresh_from_db()


def _problems(run: ImportRun) -> list[dict[str, Any]]:
    rows = ImportRow.objects.filter(run=run, has_problems=True).order_by("line")
    return [
        {"line": row.line, "column": column, "field": label, "text": sentence}
        for row in rows
        for column, label, sentence in row.problems
    ]


def _sentences(answer: dict[str, Any]) -> list[str]:
    problems = [
        f"{answer['file']}:{problem['line'] or ''}: {problem.get('column') or ''} {problem['text']}"
        for problem in answer["problems"]
    ]
    return [*problems, f"{answer['created']} créées, {answer['updated']} mises à jour, {answer['ignored']} ignorées"]
