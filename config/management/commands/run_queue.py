"""Do by hand what the worker does: the rows are the queue, so the broker may be off."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections

from config.pages.operations.sweeps import sweep


class Command(BaseCommand):
    """A database that restarts costs one sweep: what was in hand is taken up again when its lease ends."""

    help = "Carry what waits (transmissions, statuses, e-mails) without Celery nor broker; --once, or until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one sweep, then stop")
        parser.add_argument("--every", type=float, default=10.0, help="seconds between sweeps")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                done = sweep()
                self.stdout.write(", ".join(f"{name}: {count}" for name, count in done.items()))
            except (OperationalError, InterfaceError) as failure:
                if options["once"]:
                    raise
                self.stderr.write(f"database: {failure}")
            if options["once"]:
                return
            close_old_connections()
            time.sleep(options["every"])
