"""Restore a backup into an empty database and an empty MEDIA_ROOT, and bring it to this version. It is then quiet."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pyrage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.kernel.errors import DomainError
from config.runtime.backups.places import Place, place_at
from config.runtime.backups.pruning import moment_of
from config.runtime.backups.restoring import RestoreRefused, latest, open_backup, restore_backup


class Command(BaseCommand):
    help = "Restore the last backup of PLACE, or the one that PLACE names. Exits 1 with the reason if not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", help="a directory or s3://bucket/prefix, or one backup in it")
        parser.add_argument("--identity", required=True, help="the file of the age identity (AGE-SECRET-KEY-1…)")
        parser.add_argument(
            "--keys", action="store_true", help="print the keys of the backup as lines for .env, no more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            identity = _identity(Path(options["identity"]))
            place, name = _backup_at(options["place"])
            backup = (open_backup if options["keys"] else restore_backup)(place, name, identity)
        except (DomainError, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        if options["keys"]:
            for name, value in backup.contents["keys"].items():
                self.stdout.write(f"{name}={','.join(value) if isinstance(value, list) else value}")
            return
        call_command("migrate", verbosity=0)
        facts = backup.manifest
        self.stdout.write(f"{backup.name}: {facts['files']} files and the database of {facts['at']}.")
        self.stdout.write("Nothing is numbered or sent until an owner resumes work: Réglages › Restauration.")


def _backup_at(address: str) -> tuple[Place, str]:
    """The place, and the backup that is named or the last one. Raises RestoreRefused."""
    above, _slash, name = address.rstrip("/").rpartition("/")
    if moment_of(name):
        return place_at(above or "."), name
    place = place_at(address)
    return place, latest(place)


def _identity(path: Path) -> pyrage.x25519.Identity:
    # a file that is no text has no such line either
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    secret = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError as error:
        raise RestoreRefused(problem=f"{path} ne contient pas d’identité age ({error}).") from error
