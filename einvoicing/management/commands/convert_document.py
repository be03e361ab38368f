"""`manage.py convert_document IN --to cii|ubl|facturx OUT`: the same invoice in another syntax.

Needs no database. An invoice that is in the syntax already, or a CII inside a PDF, keeps its own bytes. Exit code:
0 when it is done, 2 when the invoice cannot be read, or cannot be written.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kernel.errors import Invalid
from config.kernel.xml import XmlTooLarge
from einvoicing.formats import syntax
from einvoicing.validation.engine import MAX_BYTES


class Command(BaseCommand):
    help = "Convertit une facture (CII, UBL, Factur-X) dans une autre syntaxe."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="ENTRÉE")
        parser.add_argument("--to", required=True, choices=("cii", "ubl", "facturx"), help="la syntaxe voulue")
        parser.add_argument("target", metavar="SORTIE")

    def handle(self, *_args: Any, **options: Any) -> None:
        source, target = Path(options["source"]), Path(options["target"])
        try:
            target.write_bytes(_convert(_bytes(source), options["to"]))
        except Invalid as error:
            raise CommandError(f"{source} : {error}", returncode=2) from error
        except OSError as error:
            raise CommandError(f"{error.filename} : {error.strerror}", returncode=2) from error


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise XmlTooLarge(size=MAX_BYTES // 1024**2)
    return data


def _convert(data: bytes, to: str) -> bytes:
    """The invoice in the syntax asked for. Raises Invalid."""
    written = syntax.read(data)
    if to == "cii":
        return syntax.to_cii(written)
    if to == "ubl":
        return syntax.to_ubl(written)
    from einvoicing.readable import render_facturx  # WeasyPrint and the models are for this one alone

    return render_facturx(written.invoice, syntax.to_facturx_xml(written))
