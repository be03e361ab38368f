"""Back up the database, every kept file and the keys, encrypted for the age key BACKUP_RECIPIENT."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pyrage
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.runtime.backups.writing import BackupRefused, write_backup


class Command(BaseCommand):
    help = "Write a whole backup below DIR (files once each), and print its place. Exits 1 with the reason otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("directory", nargs="?", help="where backups are kept: another disk or machine")
        what.add_argument("--new-key", action="store_true", help="print a new age identity and its BACKUP_RECIPIENT")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            identity = pyrage.x25519.Identity.generate()
            self.stdout.write(f"# keep this away from the server: it alone opens the backups\n{identity}\n")
            self.stdout.write(f"# for the server\nBACKUP_RECIPIENT={identity.to_public()}")
            return
        try:
            place = write_backup(Path(options["directory"]), at=timezone.now())
        except (BackupRefused, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(str(place))
