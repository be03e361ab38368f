"""Recompute the chain of facts of each company and name every row, and with `--files` every file, that was touched."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kernel import chain
from config.kernel.companies import companies_numbered
from config.kernel.kept import damaged_files
from config.kernel.models import AuditChain, Company
from config.kernel.scope import company_scope
from config.kernel.stamps import verify_stamps
from config.kernel.trail import verify_trail


class Command(BaseCommand):
    help = "Verify the chain of facts. Exits 1 when a row was changed, removed or forged, and names it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--siren", help="one company only, by its SIREN or IDE")
        parser.add_argument("--files", action="store_true", help="read every kept file and compare its SHA-256 too")
        parser.add_argument("--json", action="store_true", help="one JSON object per company")

    def handle(self, *args: Any, **options: Any) -> None:
        companies = Company.objects.order_by("name")
        if options["siren"]:
            companies = companies_numbered(options["siren"])
            if not companies:
                raise CommandError(f"no company has the SIREN {options['siren']}: nothing was verified", returncode=2)
        broken = 0
        for company in companies:
            with company_scope(company), chain.snapshot():
                breaks = [*chain.verify(company), *verify_trail(company), *verify_stamps(company)]
                breaks += damaged_files(company) if options["files"] else ()
                head = AuditChain.objects.filter(company=company).first()
            broken += len(breaks)
            self._write(company, breaks, head.length if head else 0, as_json=options["json"])
        if broken:
            raise CommandError(f"{broken} break(s) in the chain", returncode=1)

    def _write(self, company: Company, breaks: list[chain.Break], length: int, *, as_json: bool) -> None:
        if as_json:
            rows = [{"subject": found.subject, "sequence": found.sequence, "what": found.what} for found in breaks]
            verdict = {"company": company.name, "siren": company.legal_number, "events": length, "intact": not breaks}
            self.stdout.write(json.dumps({**verdict, "breaks": rows}, ensure_ascii=False))
            return
        self.stdout.write(
            f"{company.name} ({company.legal_number}): {length} events, {'intact' if not breaks else 'BROKEN'}"
        )
        for found in breaks:
            self.stdout.write(f"  {found}")
