"""Write what is known of a person in a company, for whoever asks for their data (GDPR, art. 15)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.companies import companies_numbered
from config.kernel.persons import export_person
from config.kernel.scope import company_scope


class Command(BaseCommand):
    help = "Print as JSON every row that knows an e-mail address. Exits 2 when no company has the SIREN."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", required=True, help="its SIREN or IDE")
        parser.add_argument("--email", required=True, help="the person's address")

    def handle(self, *args: Any, **options: Any) -> None:
        company = companies_numbered(options["company"]).first()
        if company is None:
            raise CommandError(f"no company has the SIREN {options['company']}", returncode=2)
        with company_scope(company):
            found = export_person(
                company=company, email=options["email"].strip(), actor=Actor.system("command"), at=timezone.now()
            )
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
