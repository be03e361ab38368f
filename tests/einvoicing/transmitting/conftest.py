"""An invoice on its way to the simulated platform, for the tests of transmitting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from customers.models import Customer
from einvoicing.models import Attempt, DocumentFormat, LifecycleEvent, PlatformAccount, Transmission
from einvoicing.services.polling import poll_account
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story

AT = story.AT


class Sent:
    """One invoice on its way: what we know of it, and what the platform knows."""

    def __init__(self, address: str, customer: Customer) -> None:
        self.address = address
        self.account = PlatformAccount.everywhere.get(company=customer.company)
        self.invoice = story.an_issued_invoice(customer)
        self.row = Transmission.everywhere.get(invoice=self.invoice)

    def fails(self, kind: str, *, operation: str = "deposit", value: str = "", times: int = 1) -> None:
        order = {"kind": kind, "value": value, "operation": operation, "remaining": times}
        requests.post(f"{self.address}/sandbox/faults", json={**order, "client_id": self.account.client_id}, timeout=5)

    @property
    def ledger(self) -> dict[str, Any]:
        """What the platform received under this invoice's number, from this seller."""
        asked = {"number": self.invoice.number, "seller": self.invoice.seller["siren"]}
        entries = requests.get(f"{self.address}/sandbox/ledger", params=asked, timeout=5).json()["entries"]
        return entries[0] if entries else {"received": 0, "accepted": 0}

    @property
    def now(self) -> Transmission:
        self.row.refresh_from_db()
        return self.row

    def tries(self) -> list[tuple[str, str]]:
        return list(Attempt.everywhere.filter(transmission=self.row).order_by("number").values_list("kind", "outcome"))

    def codes(self) -> list[str]:
        events = LifecycleEvent.everywhere.filter(invoice=self.invoice).order_by("occurred_at", "code")
        return [event.code for event in events]

    def poll(self) -> int:
        self.account.refresh_from_db()
        return poll_account(account=self.account, at=AT)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def customer(sandbox: str) -> Customer:
    company = story.a_company()
    # the quickest to make: no page is drawn for it
    platforms.a_platform_account(company, sandbox, default_format=DocumentFormat.UBL)
    return story.a_customer(company)


@pytest.fixture
def as_factur_x(customer: Customer) -> None:
    """The legal PDF is what travels."""
    PlatformAccount.everywhere.filter(company=customer.company).update(default_format=DocumentFormat.FACTURX)


@pytest.fixture
def sent(sandbox: str, customer: Customer) -> Iterator[Sent]:
    return Sent(sandbox, customer)
