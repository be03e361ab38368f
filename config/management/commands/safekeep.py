"""Do by hand what the clock does each night for safekeeping: chains, files, stamps, backup, rehearsal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.models import SafekeepingKind
from config.runtime.nightly import CARES, run, run_due


class Command(BaseCommand):
    help = "Do what is due of the night's cares, or the one that is named. Exits 1 with each problem."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=[kind.lower() for kind in CARES], help="one care, whether due or not")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["only"]:
            kind = SafekeepingKind(options["only"].upper())
            try:
                facts = run(kind, at=timezone.now())
            except Exception as error:
                raise CommandError(str(error), returncode=1) from error
            self.stdout.write(f"{kind.lower()}: {facts}")
            return
        if problems := run_due(timezone.now()):
            raise CommandError("; ".join(f"{kind.lower()}: {text}" for kind, text in problems.items()), returncode=1)
