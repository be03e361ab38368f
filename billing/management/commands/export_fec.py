"""`manage.py export_fec --company SIREN --year YYYY [--to DIR]`: write the FEC of a fiscal year, and print its path.

The year is the one that ends in YYYY. One that still runs goes through today, and says so on standard error. Exit code:
0 written, 1 the file cannot be written, 2 when nothing answers to the names.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.ledger.calendar import calendar_of
from billing.ledger.fec import Fec, fec_of
from billing.ledger.years import NoSuchYear, year_ending_in
from config.kernel.clock import local_day
from config.kernel.companies import companies_numbered
from config.kernel.scope import company_scope

FAILED, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = "Écrit le fichier des écritures comptables (FEC) d’un exercice et affiche son chemin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_names(parser)

    def handle(self, **options: Any) -> None:
        fec = asked_for(options, timezone.now())
        with company_scope(fec.company), written_whole(options["to"], fec.name) as file:
            for chunk in fec.chunks():
                file.write(chunk)
        tell_end(self, fec)
        self.stdout.write(str(Path(options["to"]).absolute() / fec.name))


def add_names(parser: ArgumentParser) -> None:
    parser.add_argument("--company", required=True, metavar="SIREN")
    parser.add_argument("--year", required=True, type=int, metavar="YYYY", help="l’année où l’exercice finit")
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="le dossier, celui-ci sans mention")


def asked_for(options: Mapping[str, Any], now: datetime) -> Fec:
    """The fiscal year that is meant. Raises CommandError."""
    company = companies_numbered(options["company"]).first()
    if company is None:
        raise CommandError(f"Aucune société n’a le SIREN {options['company']}.", returncode=UNKNOWN)
    today = local_day(now)
    with company_scope(company):
        try:
            year = year_ending_in(calendar_of(company.pk), options["year"], today=today)
        except NoSuchYear as error:
            raise CommandError(str(error), returncode=UNKNOWN) from error
    return fec_of(company, year, today=today)


def tell_end(command: BaseCommand, fec: Fec) -> None:
    if fec.is_running:
        ends_on = f"{fec.year.ends_on:%d/%m/%Y}"
        command.stderr.write(f"L’exercice finit le {ends_on} : ce fichier va jusqu’au {fec.through:%d/%m/%Y}.")


@contextmanager
def written_whole(folder: Path, name: str) -> Iterator[IO[bytes]]:
    """A file that has its name once it is whole on the disk, and only for its owner. Raises CommandError."""
    path = Path(folder).absolute() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            part = Path(file.name)
            try:
                yield file
            except BaseException:
                part.unlink()
                raise
        part.replace(path)
    except OSError as error:
        raise CommandError(f"Le fichier {path} n’a pas pu être écrit : {error.strerror}.", returncode=FAILED) from error
