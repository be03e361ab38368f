"""`manage.py sandbox --port N`: the simulated platform, in a process of its own."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.sandbox.accounts import CLIENT_PREFIX, CLIENT_SECRET
from einvoicing.sandbox.server import SandboxServer


class Command(BaseCommand):
    help = "Sert le bac à sable des systèmes distants (service de flux AFNOR simulé)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        address = urlsplit(getattr(settings, "SANDBOX_URL", "") or "http://127.0.0.1:8001")
        parser.add_argument("--port", type=int, default=address.port or 8001)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            server = SandboxServer(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"Le port {options['port']} n’est pas libre : {error.strerror}.") from error

        def stop(_signal: int, _frame: FrameType | None) -> None:
            # shutdown waits for serve_forever, which runs in this very thread
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        self.stdout.write(f"Bac à sable : {server.address} ({CLIENT_PREFIX}… / {CLIENT_SECRET})")
        server.serve_forever()
        server.server_close()
