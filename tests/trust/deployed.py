"""What first stands in a deployed product, written in its environment: `python -m tests.trust.deployed`."""

from __future__ import annotations

import json
import os
import sys

import django

from config.runtime import embedded

SCOPES = ("invoices.read", "invoices.edit")


def seed() -> None:
    """A company with issued invoices and a draft, and the key of a partner who calls the API."""
    from django.utils import timezone

    from config.kernel.api import keys
    from config.kernel.models import Heartbeat
    from config.kernel.roles import Role
    from config.kernel.scope import company_scope
    from tests.factories import story
    from tests.factories.people import a_person

    company = story.a_company()
    Heartbeat.objects.all().delete()
    with company_scope(company):
        customer = story.a_customer(company)
        for _ in range(3):
            story.an_issued_invoice(customer, at=timezone.now())
        story.a_draft(customer)
        owner = a_person(company, Role.OWNER)
        _key, text = keys.create_key(company=company, name="ERP", scopes=SCOPES, by=owner, at=timezone.now())
    sys.stdout.write(json.dumps({"key": text, "customer": customer.pk}) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    embedded.ensure()
    django.setup()
    seed()
