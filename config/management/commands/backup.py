"""Back up the database, every kept file and the keys, encrypted for the age key BACKUP_RECIPIENT."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import pyrage
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.errors import DomainError
from config.kernel.models import SafekeepingKind
from config.runtime.nightly import run


class Command(BaseCommand):
    help = "Write a whole backup into PLACE (files once each), and print its name. Exits 1 with the reason otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("place", nargs="?", default="", help="a directory or s3://bucket/prefix; BACKUP_TO if absent")
        what.add_argument("--new-key", action="store_true", help="print a new age identity and its BACKUP_RECIPIENT")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            identity = pyrage.x25519.Identity.generate()
            self.stdout.write(f"# keep this away from the server: it alone opens the backups\n{identity}\n")
            self.stdout.write(f"# for the server\nBACKUP_RECIPIENT={identity.to_public()}")
            return
        place = options["place"] or settings.BACKUP_TO
        if not place:
            raise CommandError("name a place, or set BACKUP_TO", returncode=1)
        try:
            facts = run(SafekeepingKind.BACKUP, at=timezone.now(), address=place)
        except (DomainError, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{place.rstrip('/')}/{facts['name']}")
