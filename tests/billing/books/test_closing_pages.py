"""« Clôture » and « FEC »: what is to be mended with its act, what is closed, and the files that leave."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing.ledger.calendar import calendar_of
from billing.models import ClosingKind, FiscalYear, JournalEntry
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.billing.books.test_fec_writing import an_entry
from tests.factories import people, story

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def a_client(client, company, role=Role.ACCOUNTANT):
    client.force_login(people.a_person(company, role))
    return client


def last_month():
    return local_day(timezone.now()).replace(day=1) - timedelta(days=1)


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_what_is_not_in_order_stands_with_its_act_and_blocks(client, company):
    through = last_month()
    an_entry(company, ("471000", "12.50"), ("512000", "-12.50"), on=through)
    page = text_of(a_client(client, company).get(f"/books/closing/?through={through}"))
    assert "Le compte 471000 n’est pas soldé" in page
    assert "/books/reports/general-ledger/?" in page
    assert "Clôturer définitivement" not in page
    refused = client.post(f"/books/closing/hard/?through={through}", follow=True)
    assert "La clôture attend encore" in text_of(refused)
    assert calendar_of(company.pk).hard is None


def test_a_month_is_kept_for_the_accountant_opened_again_and_closed(client, company):
    through, earlier = last_month(), last_month().replace(day=1) - timedelta(days=1)
    a_client(client, company)
    assert "Clôturer définitivement" in text_of(client.get("/books/closing/"))
    client.post("/books/closing/soft/", {"through": f"{through}"})
    assert calendar_of(company.pk).soft == through
    client.post("/books/closing/soft/", {"through": f"{earlier}"})
    assert calendar_of(company.pk).soft == earlier
    asked = text_of(client.get(f"/books/closing/hard/?through={through}"))
    assert "Cela ne se défait pas" in asked
    assert calendar_of(company.pk).hard is None
    client.post(f"/books/closing/hard/?through={through}")
    assert calendar_of(company.pk).hard == through
    assert "Rien à clôturer" in text_of(client.get("/books/closing/"))


@pytest.mark.parametrize("day", ["", "2026-13-45", "demain", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_closes_nothing(client, company, day):
    a_client(client, company).post(f"/books/closing/hard/?through={day}")
    assert client.get(f"/books/closing/hard/?through={day}").status_code == 302
    assert client.get(f"/books/closing/?through={day}").status_code == 200
    client.post("/books/closing/soft/", {"through": day})
    assert calendar_of(company.pk).hard is calendar_of(company.pk).soft is None


def test_today_is_not_closed_and_the_page_says_why(client, company):
    today = local_day(timezone.now())
    answer = a_client(client, company).post(f"/books/closing/hard/?through={today}", follow=True)
    assert "on ne clôture que des jours révolus" in text_of(answer)


def test_a_viewer_reads_and_closes_nothing(client, company):
    a_client(client, company, Role.VIEWER)
    page = text_of(client.get("/books/closing/"))
    assert "Contrôles avant clôture" in page
    assert "Réserver au comptable" not in page
    for address in ("/books/closing/soft/", f"/books/closing/hard/?through={last_month()}", "/books/closing/year/"):
        assert client.post(address).status_code == 403
    assert client.get("/books/fec/").status_code == 200


def test_the_proof_is_verified_and_the_check_knows_it(client, company):
    a_client(client, company)
    assert "n’a jamais été vérifiée" in text_of(client.get("/books/closing/"))
    client.post("/books/closing/proof/")
    event = AuditEvent.objects.get(tag="billing.proof.verified")
    assert event.data["breaks"] == 0
    assert "Elle a été vérifiée, et tient." in text_of(client.get("/books/closing/"))


def test_the_dates_of_the_year_are_changed_and_refused_at_their_field(client, company):
    a_client(client, company)
    today = local_day(timezone.now())
    start, end = today.replace(day=1), date(today.year + 1, 12, 31)
    refused = client.post("/books/closing/year/", {"starts_on": "31/12/2030", "ends_on": "1/1/2030"})
    assert refused.status_code == 422
    client.post("/books/closing/year/", {"starts_on": f"{start:%d/%m/%Y}", "ends_on": f"{end:%d/%m/%Y}"})
    row = FiscalYear.objects.get()
    assert (row.starts_on, row.ends_on) == (start, end)


def test_a_year_is_closed_and_its_file_leaves(client, company):
    year = local_day(timezone.now()).year - 1
    an_entry(company, ("512000", "100"), ("706000", "-100"), on=date(year, 3, 1))
    a_client(client, company)
    assert "Bénéfice, au compte 120" in text_of(client.get(f"/books/closing/year/{year}/"))
    answer = client.post(f"/books/closing/year/{year}/", follow=True)
    assert f"L’exercice {year} est clôturé" in text_of(answer)
    assert JournalEntry.objects.filter(journal="AN").count() == 1
    file = client.get(f"/books/fec/{year}/")
    assert file["Content-Disposition"] == f'attachment; filename="{company.siren}FEC{year}1231.txt"'
    assert b"".join(file.streaming_content).count(b"\r\n") == 3
    checked = text_of(client.get(f"/books/fec/?check={year}"))
    assert "Il tient aux règles du texte" in checked
    assert "1 écritures, 2 lignes" in checked


@pytest.mark.parametrize("year", ["1850", "2099", "99999999999999999999"])
def test_a_year_that_is_none_has_no_file(client, company, year):
    assert a_client(client, company).get(f"/books/fec/{year}/").status_code == 404


def test_another_companys_entries_are_in_no_file(client, company):
    other = story.a_company()
    with company_scope(other):
        an_entry(other, ("512000", "100"), ("706000", "-100"))
    year = story.AT.year
    file = a_client(client, company).get(f"/books/fec/{year}/")
    assert b"".join(file.streaming_content).count(b"\r\n") == 1
    assert ClosingKind.HARD not in client.get("/books/closing/").content.decode()
