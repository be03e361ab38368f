"""Restore a backup into an empty database and an empty MEDIA_ROOT, and bring it to this version. It is then quiet."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pyrage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.runtime.backups.restoring import RestoreRefused, latest, restore_backup
from config.runtime.backups.writing import MANIFEST, BackupRefused


class Command(BaseCommand):
    help = "Restore the last backup of DIR, or the one that DIR is. Exits 1 with the reason when nothing was restored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory")
        parser.add_argument("--identity", required=True, help="the file of the age identity (AGE-SECRET-KEY-1…)")
        parser.add_argument(
            "--keys", action="store_true", help="print the keys of the backup as lines for .env, no more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        directory = Path(options["directory"])
        try:
            identity = _identity(Path(options["identity"]))
            place = directory if (directory / MANIFEST).exists() else latest(directory)
            backup = restore_backup(place, identity, only_open=options["keys"])
        except (RestoreRefused, BackupRefused, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        if options["keys"]:
            for name, value in backup.contents["keys"].items():
                self.stdout.write(f"{name}={','.join(value) if isinstance(value, list) else value}")
            return
        call_command("migrate", verbosity=0)
        self.stdout.write(f"{place}: {backup.manifest['files']} files and the database of {backup.manifest['at']}.")
        self.stdout.write("Nothing is numbered or sent until an owner resumes work: Réglages › Restauration.")


def _identity(path: Path) -> pyrage.x25519.Identity:
    lines = [line.strip() for line in path.read_text().splitlines()]
    secret = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError as error:
        raise RestoreRefused(problem=f"{path} ne contient pas d’identité age ({error}).") from error
