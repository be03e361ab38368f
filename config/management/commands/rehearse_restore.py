"""Rehearse a restoration: the newest backup of a place, in a database and a folder beside, verified and thrown away."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.errors import DomainError
from config.kernel.models import SafekeepingKind
from config.runtime.nightly import run


class Command(BaseCommand):
    help = "Restore the newest backup beside, verify its chain and files, write down the result. Exits 1 when it fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", nargs="?", default="", help="where backups are kept; BACKUP_TO when absent")
        parser.add_argument("--identity", default="", help="the age identity; BACKUP_REHEARSAL_IDENTITY when absent")

    def handle(self, *args: Any, **options: Any) -> None:
        place = options["place"] or settings.BACKUP_TO
        identity = options["identity"] or settings.BACKUP_REHEARSAL_IDENTITY
        if not (place and identity):
            raise CommandError("name a place and an --identity, or set BACKUP_TO and BACKUP_REHEARSAL_IDENTITY")
        try:
            facts = run(SafekeepingKind.REHEARSAL, at=timezone.now(), address=place, identity=identity)
        except (DomainError, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{facts['backup']}: {facts['companies']} companies, {facts['events']} events, intact.")
