"""`manage.py export_dossier --company SIREN --year YYYY [--to DIR]`: write the dossier of an inspector, print its path.

Exit code as `export_fec`: 0 written, 1 the file cannot be written, 2 when nothing answers to the names.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.ledger.dossier import dossier_name, write_dossier
from billing.management.commands.export_fec import add_names, asked_for, tell_end, written_whole
from config.kernel.actor import Actor
from config.kernel.scope import company_scope


class Command(BaseCommand):
    help = "Écrit le dossier de contrôle d’un exercice (FEC, chaîne de preuve, documents) et affiche son chemin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_names(parser)

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        fec = asked_for(options, now)
        with company_scope(fec.company), written_whole(options["to"], dossier_name(fec)) as file:
            write_dossier(file, fec=fec, actor=Actor.system("export_dossier"), at=now)
        tell_end(self, fec)
        self.stdout.write(str(Path(options["to"]).absolute() / dossier_name(fec)))
