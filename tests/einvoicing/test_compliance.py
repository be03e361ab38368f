"""The compliance dashboard, /metrics, and the feature's own switch."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import DocumentKind, InvoiceDocument
from config.kernel.models import User
from config.kernel.typography import lasting
from einvoicing import tasks
from einvoicing.models import ErrorClass, PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.services import compliance
from tests.factories import platforms, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db

URL = "einvoicing:compliance"


@pytest.fixture
def company():
    company = story.a_company()
    platforms.a_platform_account(company)
    return company


def sent(company, status, *, count=1, **columns):
    """`count` transmissions of this month in this state."""
    customer = story.a_customer(company)
    for _ in range(count):
        invoice = story.an_issued_invoice(customer, at=timezone.now())
        Transmission.everywhere.filter(invoice=invoice).update(status=status, **columns)
    return invoice


def test_conformity_is_the_share_of_the_invoices_judged_this_month(company):
    sent(company, Status.ACCEPTED, count=3)
    sent(company, Status.REJECTED)
    sent(company, Status.PENDING)
    sent(company, Status.DEAD)
    counts = compliance.counts(
        Transmission.everywhere.filter(company=company), since=timezone.now() - timedelta(days=1)
    )
    assert (counts.there, counts.refused, counts.waiting, counts.stopped) == (3, 1, 1, 1)
    assert counts.conformity == Decimal("75.0")


def test_no_invoice_gives_no_rate_rather_than_a_false_one(company):
    counts = compliance.counts(Transmission.everywhere.filter(company=company), since=timezone.now())
    assert (counts.conformity, counts.retry_rate) == (None, None)
    assert "—" in read(signed_in(company).get(reverse(URL)))


def test_the_dashboard_says_what_waits_what_failed_and_why(company):
    sent(company, Status.DEAD, error_class=ErrorClass.AUTH, attempts=1)
    refused = sent(company, Status.ACCEPTED)
    account = PlatformAccount.everywhere.get(company=company)
    platforms.a_status(account, refused, "210", at=timezone.now())
    PlatformAccount.everywhere.filter(pk=account.pk).update(open_until=timezone.now() + timedelta(minutes=5))
    page = read(signed_in(company).get(reverse(URL)))
    for words in ("Identifiants refusés", "210 – Refusée", "Suspendue après plusieurs échecs", "action requise"):
        assert words in page


def test_another_company_s_figures_are_not_mine(company):
    sent(company, Status.DEAD)
    stranger = story.a_company()
    page = read(signed_in(stranger).get(reverse(URL)))
    assert "action requise" not in page


def test_the_dashboard_costs_the_same_for_two_rows_and_twelve(company):
    client = signed_in(company)
    sent(company, Status.ACCEPTED, count=2)
    client.get(reverse(URL))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(URL))
    sent(company, Status.REJECTED, count=10)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(URL))
    assert len(many) == len(few)
    assert len(many) <= 16


def test_sizes_and_times_are_told_by_format(company):
    invoice = sent(company, Status.ACCEPTED)
    for size, ms in ((1000, 40), (3000, 60)):
        InvoiceDocument.everywhere.create(
            company=company,
            invoice=invoice if size == 1000 else sent(company, Status.ACCEPTED),
            kind=DocumentKind.FACTURX,
            sha256="0" * 64,
            size=size,
            verdict={"valid": True, "made_in_ms": ms},
            created_at=timezone.now(),
        )
    (figures,) = compliance.by_format(
        InvoiceDocument.everywhere.filter(company=company), since=timezone.now() - timedelta(days=1)
    )
    assert (figures.files, figures.mean_bytes, figures.mean_ms) == (2, 2000, 50)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0\xa0s"), (119, "119\xa0s"), (120, "2\xa0min"), (7200, "2\xa0h"), (172_800, "2\xa0j")]
)
def test_a_duration_is_told_in_the_unit_that_matters(seconds, words):
    assert lasting(seconds) == words


# -- /metrics ----------------------------------------------------------------------------------------------------------


def test_metrics_want_the_token_or_a_superuser(company, settings):
    assert Client().get("/metrics").status_code == 403
    assert signed_in(company).get("/metrics").status_code == 403
    settings.METRICS_TOKEN = "a token for the watcher"
    credential = {"Authorization": "Bearer a token for the watcher"}
    assert Client().get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 403
    assert Client().get("/metrics", headers=credential).status_code == 200
    root = Client()
    root.force_login(User.objects.create_superuser("root@verone.example", "a long password 42"))
    assert root.get("/metrics").status_code == 200


def test_metrics_count_the_queue_and_name_nobody(company, settings):
    settings.METRICS_TOKEN = "watch"
    sent(company, Status.DEAD, count=2, error_class=ErrorClass.NETWORK)
    metrics = Client().get("/metrics", headers={"Authorization": "Bearer watch"}).content.decode()
    assert 'quittance_transmissions{status="DEAD"} 2.0' in metrics
    assert 'quittance_transmissions_stopped_30d{error_class="NETWORK"} 2.0' in metrics
    assert company.name not in metrics
    assert company.siren not in metrics


# -- the switch --------------------------------------------------------------------------------------------------------


def test_switched_off_nothing_is_queued_nor_shown_and_the_invoice_stays_valid(company, settings):
    settings.ENABLE_EINVOICING = False
    invoice = story.an_issued_invoice(story.a_customer(company))
    assert not Transmission.everywhere.filter(invoice=invoice).exists()
    assert (tasks.transmit(), tasks.poll()) == (0, 0)
    page = read(signed_in(company).get(reverse("home")))
    assert "E-facturation" not in page
    assert invoice.number
