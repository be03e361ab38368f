"""`manage.py read_document FILE… [--json]`: what supplier documents say, for people and for other programs.

Needs no database. Exit code: 0 when every file is read, 1 when one is read with doubt (a check fails, a datum is
missing, or the probability is too low), 2 when one is unreadable or refused.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from einvoicing.reception import reading
from einvoicing.reception.reading.recognise import MAX_BYTES
from einvoicing.reception.reading.result import Reading, plain, unreadable

READ, DOUBTFUL, UNREADABLE = 0, 1, 2
SENTENCES = {
    DOUBTFUL: "Un fichier au moins est lu avec un doute.",
    UNREADABLE: "Un fichier au moins n’est pas lisible.",
}


class Command(BaseCommand):
    help = "Lit des factures de fournisseurs (XML, PDF, images) et dit ce qu’elles contiennent."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FICHIER")
        parser.add_argument("--json", action="store_true", help="un objet JSON par fichier, un par ligne")
        parser.add_argument("--without-ocr", action="store_true", help="ne lit pas les images")

    def handle(self, *_args: Any, **options: Any) -> None:
        code = READ
        for name in options["files"]:
            found = read_file(name, ocr=not options["without_ocr"])
            self.stdout.write(as_json(name, found) if options["json"] else as_text(name, found))
            self.stdout.flush()
            code = max(code, code_of(found))
        if code:
            raise CommandError(SENTENCES[code], returncode=code)


def read_file(name: str, *, ocr: bool = True) -> Reading:
    """The reading of a file; never raises."""
    try:
        with Path(name).open("rb") as file:
            return reading.read_document(file.read(MAX_BYTES + 1), ocr=ocr)
    except (OSError, ValueError) as error:
        return unreadable(
            "Le fichier ne peut pas être lu : %(reason)s.", reason=getattr(error, "strerror", None) or str(error)
        )


def code_of(found: Reading) -> int:
    if not found.is_read:
        return UNREADABLE
    return READ if found.confidence >= reading.ENOUGH and reading.hold(found.gates) else DOUBTFUL


def as_json(name: str, found: Reading) -> str:
    """One object on one line; days are ISO 8601, amounts texts of plain decimals, boxes shares of the page."""
    return json.dumps(
        {
            "file": name,
            "source": found.source or None,
            "fields": {
                field: {"value": plain(item.value), "confidence": item.confidence, "page": item.page, "box": item.box}
                for field, item in found.fields.items()
            },
            "confidence": found.confidence,
            "gates": dict(found.gates) if found.is_read else {},
            "problems": list(found.problems),
            "ms": found.ms,
        },
        ensure_ascii=False,
    )


def as_text(name: str, found: Reading) -> str:
    """A summary for a terminal."""
    verdict = ("lu", "lu avec un doute", "illisible")[code_of(found)]
    lines = [f"{name} : {verdict}" + (f" ({found.source}, {found.confidence:.0%})" if found.is_read else "")]
    lines += [f"  ✗ {text}" for text in found.problems]
    lines += [f"  {field:16} {_shown(item.value)}" for field, item in found.fields.items()]
    lines += [f"  ✗ {gate}" for gate, holds in found.gates.items() if holds is False]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ; ".join(f"{row.rate:f} % : {row.base} → {row.amount}" for row in value) or "–"
    return "–" if value is None else str(plain(value))
