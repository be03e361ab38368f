"""« E-reporting »: what is due leads, each row opens on its documents, sending asks first; roles, other companies."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Report
from einvoicing.reporting.models import Channel, ReportingChoice, ReportStatus
from einvoicing.reporting.reading import refresh_periods
from einvoicing.tasks import report as report_task
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_sale, an_individual, noon, paid
from tests.factories import platforms, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db
DAY, NOW = date(2026, 11, 5), noon(date(2026, 11, 15))


class Page:
    def __init__(self, response):
        self.text, self.status_code = response.content.decode(), response.status_code


@pytest.fixture
def company(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    company = story.a_company()
    platforms.a_platform_account(company, sends_automatically=False)
    reports_itself(company, sends_automatically=False)
    return company


@pytest.fixture
def invoice(company):
    with company_scope(company):
        invoice = a_sale(an_individual(company), DAY, ("100.00", "20", True), ("50.00", "10", False))
        paid(invoice, DAY)
        refresh_periods(company=company, at=NOW)
    return invoice


def shown(client, name, *args, **query):
    return read(Page(client.get(reverse(f"einvoicing:{name}", args=args), query)))


def test_the_list_leads_with_what_is_due(company, invoice):
    text = shown(signed_in(company), "reporting")
    assert "Ce qui attend" in text
    assert text.index("À transmettre") < text.index("Périodes</h2>")
    assert "20/11/2026" in text
    assert "Brouillon, période en cours" in text


def test_the_home_page_tells_the_legal_day(company, invoice):
    text = read(Page(signed_in(company).get("/")))
    assert "1 déclaration d’e-reporting à transmettre" in text
    assert "Échéance légale le 20/11/2026" in text


def test_a_row_opens_on_its_documents(company, invoice):
    text = shown(signed_in(company), "report-period", "sales", "2026-11-1")
    assert "10.3 · Ventes aux particuliers" in text
    assert invoice.get_absolute_url() in text
    payments = shown(signed_in(company), "report-period", "payments", "2026-11")
    assert "120,00 €" in payments
    assert "ENC-2026-00001" in payments


def test_sending_shows_what_leaves_then_sends_it(company, invoice):
    client = signed_in(company)
    address = reverse("einvoicing:report-send", args=["sales", "2026-11-1"])
    assert "150,00 €" in read(Page(client.get(address)))
    assert client.post(address).status_code == 302
    with company_scope(company):
        report = Report.objects.get()
        assert report.status == ReportStatus.PENDING
        file = client.get(reverse("einvoicing:report-file", args=[report.pk]))
        assert file.content == bytes(report.content)
    assert "En route" in shown(client, "report-period", "sales", "2026-11-1")


def test_the_file_of_the_draft_is_what_would_leave(company, invoice):
    answer = signed_in(company).get(reverse("einvoicing:report-draft", args=["sales", "2026-11-1"]))
    assert answer["Content-Type"] == "application/xml"
    assert b"<CategoryCode>TPS1</CategoryCode>" in answer.content


@pytest.mark.parametrize("address", ["sales/2026-11", "sales/2026-13-1", "gifts/2026-11-1", "payments/2026-11-1"])
def test_what_is_no_period_is_not_found(company, address):
    assert signed_in(company).get(f"/einvoicing/reporting/{address}/").status_code == 404


def test_whoever_only_reads_may_not_send(company, invoice):
    client = signed_in(company, Role.VIEWER)
    assert "Transmettre…" not in shown(client, "report-period", "sales", "2026-11-1")
    assert client.post(reverse("einvoicing:report-send", args=["sales", "2026-11-1"])).status_code == 403
    assert client.get(reverse("einvoicing:reporting-settings")).status_code == 403


def test_another_company_sees_nothing_of_it(company, invoice):
    other = story.a_company()
    reports_itself(other)
    client = signed_in(other)
    assert "Rien à déclarer" in shown(client, "report-period", "sales", "2026-11-1")
    signed_in(company).post(reverse("einvoicing:report-send", args=["sales", "2026-11-1"]))
    report = Report.everywhere.get(company=company)
    assert client.get(reverse("einvoicing:report-file", args=[report.pk])).status_code == 404


def test_the_owner_chooses_who_reports_and_from_when(company):
    client = signed_in(company)
    values = {"since": "2026-12-01", "regime": "QUARTERLY", "channel": "PLATFORM", "sender_code": ""}
    assert client.post(reverse("einvoicing:reporting-settings"), values).status_code == 302
    with company_scope(company):
        choice = ReportingChoice.objects.get(since=date(2026, 12, 1))
    assert (choice.channel, choice.regime, choice.sender_code) == (Channel.PLATFORM, "QUARTERLY", "0000")
    refused = client.post(reverse("einvoicing:reporting-settings"), {**values, "sender_code": "a"})
    assert "Quatre chiffres ou majuscules" in refused.content.decode()


def test_before_the_day_of_the_law_the_page_says_when_it_begins(db, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    text = shown(signed_in(story.a_company()), "reporting")
    assert "commence le 01/09/2027" in text


def test_the_clock_makes_what_is_due(company, invoice, monkeypatch):
    assert report_task() == 0
    with company_scope(company):
        ReportingChoice.objects.update(sends_automatically=True)
    monkeypatch.setattr(timezone, "now", lambda: noon(date(2026, 11, 18)))
    assert report_task() == 1
    assert report_task() == 0
