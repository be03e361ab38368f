"""Seed the demonstration once and tell its logins."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from config.rehearsal import cast, demo


class Command(BaseCommand):
    help = "Seed the demonstration (once) and print its logins; --json for machines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the logins as JSON")
        parser.add_argument(
            "--follow", action="store_true", help="move its platform to the simulator at SANDBOX_URL (make run does)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demonstration has known passwords: it is not for production.")
        with transaction.atomic():
            seeded = demo.seed(at=timezone.now())
            if options["follow"] and not seeded:
                demo.follow_the_sandbox()
        logins = [{**asdict(login), "password": cast.PASSWORD} for login in cast.LOGINS]
        if options["json"]:
            self.stdout.write(json.dumps({"url": settings.PUBLIC_URL, "seeded": seeded, "logins": logins}))
            return
        for login in logins:
            self.stdout.write(f"{login['email']:<34} {login['password']:<16} {login['role']}")
