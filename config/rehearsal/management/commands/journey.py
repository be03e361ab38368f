"""Tell the main job from end to end on the running database, and stop at the first thing that is not as promised."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.kernel.errors import DomainError, RemoteError
from config.rehearsal import journey


class Command(BaseCommand):
    help = "From a new customer to money in the bank, step by step; --json for machines. Exits 1 on a broken promise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("L’histoire crée des factures inventées : elle ne se joue pas en production.")
        steps: list[dict[str, Any]] = []

        def report(step: dict[str, Any]) -> None:
            steps.append(step)
            if not options["json"]:
                facts = ", ".join(f"{name}={value}" for name, value in step.items() if name != "step")
                self.stdout.write(f"{len(steps):>2}. {step['step']}: {facts}")

        problem = ""
        try:
            with journey.platform() as url:
                journey.run(platform_url=url, report=report)
        except (journey.PromiseBroken, DomainError, RemoteError) as error:
            problem = f"{type(error).__name__}: {error}"
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not problem, "problem": problem, "steps": steps}, ensure_ascii=False))
        if problem:
            raise CommandError(problem, returncode=1)
        if not options["json"]:
            self.stdout.write("Tout est comme promis.")
