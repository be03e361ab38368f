"""What names a Swiss company where a SIREN names a French one: commands, proofs, folders, lists, documents received."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from config.kernel.models import Company, Membership
from config.kernel.stamps import line_of, stamps_of
from einvoicing.reception.judging.parties import doubts_of_buyer
from einvoicing.reception.sources.folders import folder_of
from einvoicing.services.readiness import identity_gaps
from payments.services.cash import NotEnoughInTheTill, check_till
from tests.factories import people, story

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return story.a_swiss_company()


def test_the_proofs_of_two_swiss_companies_are_not_mixed(company: Company, settings: Any, tmp_path: Any) -> None:
    settings.TRAIL_DIR = str(tmp_path)
    other = story.a_swiss_company()
    assert line_of(company, 3, "abc") == f"{company.uid} 3 abc\n".encode()
    for ending in ("txt", "tsr"):
        (tmp_path / f"{other.uid}.7.{ending}").write_bytes(b"kept")
    assert [stamp.sequence for stamp in stamps_of(other)] == [7]
    assert list(stamps_of(company)) == []


def test_commands_name_it_by_its_ide_and_no_number_names_nobody(company: Company, tmp_path: Any) -> None:
    printed = StringIO()
    call_command("export_person", company=company.uid, email="nobody@client.example", stdout=printed)
    assert printed.getvalue().startswith("{")
    with pytest.raises(CommandError, match="no company"):
        call_command("export_person", company=" ", email="nobody@client.example")
    listed = tmp_path / "customers.csv"
    listed.write_text("Nom;E-mail\nBanque du Rhône;banque@rhone.example\n")
    with pytest.raises(CommandError, match="no company"):
        call_command("import_records", "customers", listed, company="")


def test_its_folder_bears_its_ide(company: Company, settings: Any, tmp_path: Any) -> None:
    settings.RECEPTION_FOLDER = str(tmp_path)
    assert folder_of(company) is None
    (tmp_path / company.uid).mkdir()
    assert folder_of(company) == tmp_path / company.uid


def test_a_document_for_somebody_else_is_doubted(company: Company) -> None:
    def doubts(*, page_text: str = "", **buyer: str) -> int:
        case: Any = SimpleNamespace(
            company=company,
            value=lambda name: "",
            details={"buyer": buyer},
            is_structured=not page_text,
            page_text=page_text,
        )
        return len(list(doubts_of_buyer(case)))

    assert doubts(page_text="factureamaisonlumierelyon") == 1
    assert doubts(page_text=f"facture{company.uid.lower()}") == 0
    assert doubts(name="Anybody", vat=f"{company.uid}TVA") == 0
    assert doubts(name="Maison Lumière", siren="732829320") == 1
    assert doubts(name=company.name) == 0


def test_its_pages_ask_for_no_french_number_and_tell_no_french_duty(company: Company) -> None:
    client = people.signed_in(company)
    assert not {"siren", "siret", "electronic_address"} & set(identity_gaps(company))
    ready = people.read(client.get(reverse("einvoicing:readiness")))
    assert "SIRET" not in ready
    assert "obligatoire" not in ready
    assert "commence le" not in people.read(client.get(reverse("einvoicing:reporting")))


def test_it_is_found_among_the_companies_of_a_person_by_its_ide(company: Company) -> None:
    client = people.signed_in(company)
    user = Membership.objects.get(company=company).user
    french = story.a_company()
    Membership.objects.create(user=user, company=french, role="OWNER")
    page = client.get(reverse("dossiers"), {"q": company.uid, "sort": "siren"})
    assert [one["row"].company_id for one in page.context["rows"]] == [company.pk]
    assert "IDE" in people.read(page)


def test_its_till_is_counted_in_francs(company: Company) -> None:
    with pytest.raises(NotEnoughInTheTill) as refused:
        check_till(company.pk, Decimal("5.00"), company.currency)
    assert "CHF" in str(refused.value)
    assert "€" not in str(refused.value)
