"""A second company in one form, and the way to its first invoice; nobody founds one who owns none here."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice
from config.kernel.models import AuditEvent, Company, Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import PaymentTerms
from einvoicing.services.sending import issue_checked
from payments.models import BankAccount
from tests.factories import story
from tests.factories.people import a_person, signed_in

pytestmark = pytest.mark.django_db
NEW, GUIDE, BANK = reverse("founding-new"), reverse("founding-guide"), reverse("founding-bank")


def identity(**values: str) -> dict[str, Any]:
    siren = story.a_siren()
    return {
        "siren": siren,
        "siret": story.a_siret(siren),
        "name": "Atelier Nouveau",
        "legal_form": "SAS",
        "share_capital": "10 000 €",
        "rcs_city": "Lyon",
        "size": "PME",
        "vat_regime": "NORMAL",
        "address_line": "5 quai de Saône",
        "postcode": "69002",
        "city": "Lyon",
        "email": "bonjour@nouveau.example",
        **values,
    }


def a_superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@host.example", "a long password 42"))
    return client


def test_a_bare_installation_leads_its_superuser_to_a_first_valid_invoice() -> None:
    client = a_superuser()
    assert NEW in client.get("/").text
    typed = identity()
    assert client.post(NEW, typed)["Location"] == GUIDE
    company = Company.objects.get(siren=typed["siren"])
    assert (company.vat_number[:2], company.electronic_address) == ("FR", typed["siren"])
    assert Membership.objects.get(company=company).role == Role.OWNER
    guide = client.get(GUIDE)
    assert guide.context["following"].url == BANK
    assert client.post(BANK, {"iban": story.IBAN}).status_code == 302
    guide = client.get(GUIDE)
    assert guide.context["following"].url == reverse("billing:invoice-new")
    assert BANK not in guide.text  # a second visit would ask for what is known
    company.refresh_from_db()
    with company_scope(company):
        assert PaymentTerms.objects.count() >= 4
        assert BankAccount.objects.get().iban == story.IBAN
        issued = issue_checked(invoice=story.a_draft(story.a_customer(company)), actor=story.ACTOR, at=story.AT)
        assert Invoice.objects.issued().get() == issued
    assert client.get(GUIDE).context["following"] is None
    tags = set(AuditEvent.everywhere.filter(company=company).values_list("tag", flat=True))
    assert {"kernel.company.created", "kernel.member.added"} <= tags


def test_an_owner_founds_another_company_and_works_in_it_at_once() -> None:
    company = story.a_company()
    owner = a_person(company)
    client = Client()
    client.force_login(owner)
    client.post(NEW, identity())
    assert Membership.objects.filter(user=owner, role=Role.OWNER).count() == 2
    assert client.get("/").context["company"].name == "Atelier Nouveau"


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.SALES, Role.VIEWER])
def test_whoever_owns_no_company_founds_none(role: Role) -> None:
    company = story.a_company()
    before = Company.objects.count()
    client = signed_in(company, role)
    assert client.get(NEW).status_code == 403
    client.post(NEW, identity())
    assert Company.objects.count() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("siren", "123456789"), ("siret", "73282932000074"), ("vat_number", "FR00"), ("name", ""), ("email", "nobody")],
)
def test_what_cannot_be_is_refused_at_its_field(field: str, value: str) -> None:
    client = a_superuser()
    answer = client.post(NEW, identity(**{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Company.objects.filter(name="Atelier Nouveau").exists()


def test_a_siren_is_founded_once() -> None:
    client, typed = a_superuser(), identity()
    client.post(NEW, typed)
    again = client.post(NEW, typed)
    assert "siren" in again.context["form"].errors
    assert Company.objects.filter(siren=typed["siren"]).count() == 1


def test_the_directory_is_asked_where_a_platform_is_connected_and_otherwise_it_says_so() -> None:
    client = a_superuser()
    answer = client.post(NEW, {**identity(name="Déjà écrit"), "look_up": "1"})
    assert "Aucune plateforme" in answer.text
    assert 'value="Déjà écrit"' in answer.text
    owner = signed_in(story.a_company())
    assert "Aucune plateforme" in owner.post(NEW, {**identity(), "look_up": "1"}).text
    assert "contrôle" in owner.post(NEW, {"siren": "12", "look_up": "1"}).text
