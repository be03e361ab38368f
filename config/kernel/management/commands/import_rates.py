"""Import a file of exchange rates of the European Central Bank, into every company or one."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.companies import companies_numbered
from config.kernel.errors import DomainError
from config.kernel.exchange import import_rates
from config.kernel.models import Company
from config.kernel.scope import company_scope

REFUSED, UNREADABLE = 1, 2
ACTOR = Actor.system("import_rates")


class Command(BaseCommand):
    help = "Import rates of the ECB. Exit 0: kept; 1: the file is refused; 2: it cannot be read, or no such company."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="eurofxref-daily.xml, eurofxref-hist.xml, .csv or .zip")
        parser.add_argument("--company", default="", help="its SIREN or IDE; without it every table is filled")
        parser.add_argument(
            "--since", type=date.fromisoformat, help="the first day kept, YYYY-MM-DD (three years back)"
        )

    def handle(self, **options: Any) -> None:
        named = options["company"].strip()
        companies = companies_numbered(named) if named else Company.objects.order_by("pk")
        if not companies:
            raise CommandError(f"no company has the SIREN {options['company']}", returncode=UNREADABLE)
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror or error}", returncode=UNREADABLE) from error
        for company in companies:
            try:
                with company_scope(company):
                    kept = import_rates(
                        company=company, data=data, actor=ACTOR, at=timezone.now(), since=options["since"]
                    )
            except DomainError as error:
                raise CommandError(f"{options['file']}: {error}", returncode=REFUSED) from error
            self.stdout.write(f"{company}: {kept.read} cours lus, {kept.new} nouveaux, {kept.first} – {kept.last}")
