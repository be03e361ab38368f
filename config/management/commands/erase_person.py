"""Erase a person where no law keeps them, for whoever asks for it (GDPR, art. 17)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.companies import companies_numbered
from config.kernel.errors import DomainError
from config.kernel.people.erasing import erase_account, who_left
from config.kernel.scope import company_scope
from customers.erasing import Plan, erase_person, persons_at, plan_of


class Command(BaseCommand):
    help = (
        "Print what is erased of who has an e-mail address, and what the law keeps; --yes erases it, which is not "
        "undone. Exits 1 when something still needs the person, 2 when no company has the number or nobody the address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", required=True, help="its SIREN or IDE")
        parser.add_argument("--email", required=True, help="the person's address")
        parser.add_argument("--yes", action="store_true", help="erase; without it nothing is written")

    def handle(self, *args: Any, **options: Any) -> None:
        company = companies_numbered(options["company"]).first()
        if company is None:
            raise CommandError(f"no company has the SIREN {options['company']}", returncode=2)
        email, actor, at = options["email"].strip(), Actor.system("command"), timezone.now()
        with company_scope(company):
            try:
                persons, user = persons_at(company.pk, email), who_left(company, email)
                if not persons and user is None:
                    raise CommandError("nobody of the company has this address", returncode=2)
                for person in persons:
                    plan = plan_of(person, at=at)
                    self._print(plan)
                    if options["yes"]:
                        erase_person(person=person, shown=plan.shown, actor=actor, at=at)
                if user is not None:
                    self.stdout.write("account: name, address, password, second factors, saved views")
                    if options["yes"]:
                        erase_account(user=user, company=company, actor=actor, at=at)
            except DomainError as error:
                raise CommandError(str(error), returncode=1) from error
        self.stdout.write("erased" if options["yes"] else "nothing was written: --yes erases")

    def _print(self, plan: Plan) -> None:
        for one, count in plan.erased:
            self.stdout.write(f"erased: {one.label} ({count})")
        for stays in plan.kept:
            self.stdout.write(f"kept: {stays.label} ({stays.count}) until {stays.until}: {stays.because}")
        for reason in plan.reasons:
            self.stdout.write(f"still needed: {reason}")
