"""« Réglages › Taux de retard »: the dated table of late interest is the company's own, with its sources."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from config.kernel.models import AuditEvent, Company, Membership, User
from payments.dunning.letters import charges_of, reminder_letter
from payments.dunning.rates import rates_of
from payments.models import LateInterestRate, ReminderLevel
from tests.factories import story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

TYPED = {"year": "2026", "half": "2", "ecb": "2,15", "legal": "2,50", "source": "Arrêté du 20 juin 2026"}


def a_browser(company: Company, role: str) -> Client:
    person = User.objects.create_user(f"{role.lower()}@verone.example", "quittance-2026")
    Membership.objects.create(user=person, company=company, role=role)
    client = Client()
    client.force_login(person)
    return client


def test_a_new_company_starts_with_the_known_half_years(company):
    rates = rates_of(company.pk)
    assert rates[2026, 1].default == Decimal("12.15")
    assert rates[2024, 1].default == Decimal("15.21"), "three times the legal rate is the floor"
    assert (2026, 2) not in rates
    assert all(rate.source for rate in rates.values())


def test_an_owner_adds_a_half_year_with_its_source_and_the_letter_computes_it(company, customer):
    invoice = story.an_issued_invoice(customer, due_date=date(2026, 11, 20))
    at = datetime(2026, 12, 20, 9, tzinfo=UTC)
    assert charges_of(invoice, at=at).interest is None
    assert (
        "taux du second semestre 2026 non encore enregistré" in reminder_letter(invoice, ReminderLevel.FINAL, at=at)[1]
    )
    client = a_browser(company, "OWNER")
    assert client.post(reverse("rate-settings"), TYPED).status_code == 302
    assert charges_of(invoice, at=at).interest == Decimal("14.38"), "1440 × 12.15 % × 30 / 365"
    event = AuditEvent.objects.get(tag="billing.rate.saved")
    assert event.data["after"] == ["2.15", "2.5", "Arrêté du 20 juin 2026"]
    assert "Arrêté du 20 juin 2026" in client.get(reverse("rate-settings")).text


def test_a_correction_keeps_what_was_there_before_in_the_trail(company):
    client = a_browser(company, "OWNER")
    client.post(reverse("rate-settings"), TYPED)
    client.post(reverse("rate-settings"), {**TYPED, "legal": "2,60"})
    assert LateInterestRate.objects.get(year=2026, half=2).legal == Decimal("2.60")
    assert AuditEvent.objects.filter(tag="billing.rate.saved").latest("id").data["before"][1] == "2.5"


def test_a_rate_without_a_source_and_one_of_somebody_else_are_refused(company):
    assert a_browser(company, "OWNER").post(reverse("rate-settings"), {**TYPED, "source": " "}).status_code == 422
    assert a_browser(company, "ACCOUNTANT").post(reverse("rate-settings"), TYPED).status_code == 403
    assert not LateInterestRate.objects.filter(year=2026, half=2).exists()
