"""What is known of a person leaves whole, of one company alone, without secrets, and is audited without the address."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from billing.models import Email
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from customers.models import Contact, Customer, CustomerKind
from tests.factories import story

pytestmark = pytest.mark.django_db
ADDRESS = "jeanne@exemple.fr"


def test_what_is_known_of_a_person_leaves_whole_and_nothing_of_another_company(capsys):
    company, other = story.a_company(), story.a_company()
    for where in (company, other):
        with company_scope(where):
            customer = story.a_customer(where, name=f"Client de {where.siren}")
            Contact.objects.create(company=where, customer=customer, name="Jeanne", email=ADDRESS.upper())
    with company_scope(company):
        terms = Customer.objects.get().terms
        person = Customer.objects.create(
            company=company, kind=CustomerKind.INDIVIDUAL, name="Jeanne Roy", first_name="Jeanne", last_name="Roy",
            email=ADDRESS, terms=terms,
        )  # fmt: skip
        story.a_draft(person)
        Email.objects.create(
            company=company, kind="INVOICE", recipient=ADDRESS, subject_line="Facture", body="…",
            next_attempt_at=story.AT, created_at=story.AT, lease_owner="a worker",
        )  # fmt: skip
    call_command("export_person", "--company", company.siren, "--email", ADDRESS)
    out = capsys.readouterr().out
    found = json.loads(out)
    assert found.keys() >= {"contact", "client", "message", "facture"}
    assert [row["name"] for row in found["client"]] == ["Jeanne Roy"]
    assert (other.siren in out, "a worker" in out) == (False, False)
    with company_scope(company):
        event = AuditEvent.objects.get(tag="kernel.person.exported")
    assert ADDRESS not in json.dumps(event.data)
    with pytest.raises(CommandError, match="no company"):
        call_command("export_person", "--company", "000000000", "--email", ADDRESS)
