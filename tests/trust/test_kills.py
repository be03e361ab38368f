"""Web and worker killed again and again: each invoice is issued once, accepted by the platform once, and none is lost.

The platform has no idempotency keys; its ledger counts what arrives.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import override_settings
from django.utils import timezone

from billing.models import DocumentKind, Invoice, InvoiceStatus
from config.kernel import chain
from config.kernel.models import Company
from einvoicing.models import Attempt, DocumentFormat, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.services.documents import ensure_document
from tests.einvoicing.platforms.conftest import serve, stop
from tests.factories import platforms, story
from tests.trust.at_once import WHOLE, scaled
from tests.trust.killed import Nursery, kill, ledger, nursery
from tests.waiting import wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

INVOICES, KILLS = scaled(1000), scaled(200)
PATIENCE = max(120.0, scaled(600))  # seconds


@pytest.fixture
def address(settings: Any, tmp_path: Path) -> Iterator[str]:
    settings.MEDIA_ROOT = str(tmp_path)
    with override_settings(SANDBOX_PACE=0, SANDBOX_VALIDATES=False):
        server = serve()
        try:
            yield server.address
        finally:
            stop(server)


@pytest.fixture
def company(address: str) -> Company:
    """Its platform takes its time, so that a worker is often killed between its sending and the answer."""
    company = story.a_company()
    account = platforms.a_platform_account(company, address, default_format=DocumentFormat.UBL)
    slow = {"kind": "latency", "value": "0.05", "operation": "deposit", "remaining": 100_000}
    requests.post(f"{address}/sandbox/faults", json={**slow, "client_id": account.client_id}, timeout=5)
    return company


def issue_all(workers: Nursery, company: Company, chance: random.Random) -> list[Invoice]:
    workers.kill_again_and_again("issue", str(company.pk), times=KILLS, chance=chance)
    last = workers.start("issue", str(company.pk))
    drafts = Invoice.everywhere.filter(company=company, status=InvoiceStatus.DRAFT)
    wait_until(lambda: not drafts.exists(), what="all drafts issued", seconds=PATIENCE)
    kill(last)
    return list(Invoice.everywhere.filter(company=company).order_by("number"))


def carry_all(workers: Nursery, company: Company, chance: random.Random) -> None:
    workers.kill_again_and_again("carry", times=KILLS, chance=chance)
    last = [workers.start("carry"), workers.start("carry")]
    moving = [Status.PENDING, Status.SENDING, Status.UNKNOWN]

    def settled() -> bool:
        # a doubt waits for its delay; here nobody has a minute
        Transmission.everywhere.filter(company=company, status__in=[Status.PENDING, Status.UNKNOWN]).update(
            next_attempt_at=timezone.now()
        )
        return not Transmission.everywhere.filter(company=company, status__in=moving).exists()

    wait_until(settled, what="all invoices carried", seconds=PATIENCE)
    for number in last:
        kill(number)


def test_each_invoice_is_issued_and_accepted_exactly_once_whatever_is_killed(
    company: Company, address: str, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    customer = story.a_customer(company)
    for _ in range(INVOICES):
        story.a_draft(customer)
    with nursery(tmp_path) as workers:
        invoices = issue_all(workers, company, chance)
        places = [int(str(invoice.number).rpartition("-")[2]) for invoice in invoices]
        assert places == list(range(1, INVOICES + 1)), "no gap, no duplicate"
        assert Transmission.everywhere.filter(company=company).count() == INVOICES, "each was queued as it was issued"
        for invoice in invoices:
            ensure_document(invoice=invoice, kind=DocumentKind.UBL, actor=story.ACTOR, at=timezone.now())
        carry_all(workers, company, chance)
    assert ledger(address, company.siren) == {invoice.number: (1, 1) for invoice in invoices}
    states = set(Transmission.everywhere.filter(company=company).values_list("status", flat=True))
    assert states <= {Status.DEPOSITED, Status.ACCEPTED}
    doubts = Attempt.everywhere.filter(company=company, outcome="unknown").count()
    assert doubts or not WHOLE, "no worker was killed in the middle of an attempt: the test proves nothing"
    assert [str(one) for one in chain.verify(company)] == []
