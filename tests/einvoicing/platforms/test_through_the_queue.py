"""Pennylane as the carrier and Abby as the mirror of one company, by the services that the product uses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from customers.models import Customer
from einvoicing.models import LifecycleEvent, PlatformAccount, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.sandbox.abby.access import KEY_PREFIX
from einvoicing.sandbox.pennylane.access import PUBLISHED_PREFIX
from einvoicing.services.polling import poll_account
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db

AT = story.AT


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@dataclass
class Office:
    """A company with both accounts, and what each simulator holds of them."""

    address: str
    client_id: str
    customer: Customer

    def ledger(self, service: str, number: str) -> dict[str, Any]:
        asked = {"number": number, "client_id": self.client_id}
        answer = requests.get(f"{self.address}/sandbox/{service}/ledger", params=asked, timeout=5)
        found: dict[str, Any] = answer.json()
        return found

    def polls(self) -> None:
        for account in PlatformAccount.everywhere.filter(company=self.customer.company):
            poll_account(account=account, at=AT)


@pytest.fixture
def office(sandbox: str) -> Office:
    company, client_id = story.a_company(), f"demo-{uuid.uuid4().hex[:12]}"
    for kind, address, prefix in (
        ("pennylane", f"{sandbox}/api/external/v2", PUBLISHED_PREFIX),
        ("abby", sandbox, KEY_PREFIX),
    ):
        platforms.a_platform_account(company, address, kind=kind, secret=f"{prefix}{client_id}")
    return Office(sandbox, client_id, story.a_customer(company))


def of(invoice: Any, kind: str) -> Transmission:
    found: Transmission = Transmission.everywhere.get(invoice=invoice, account__kind=kind, kind="INVOICE")
    return found


def test_an_issued_invoice_is_carried_by_the_one_and_copied_by_the_other(office):
    invoice = story.an_issued_invoice(office.customer)
    drain(at=AT)
    assert {of(invoice, kind).status for kind in ("pennylane", "abby")} == {Status.DEPOSITED}
    assert office.ledger("pennylane", invoice.number)["received"] == 1
    (copy,) = office.ledger("abby", invoice.number)["copies"]
    assert copy["total"]["amountWithTaxAfterDiscount"] == invoice.total_gross * 100
    assert (copy["state"], "number" in copy) == ("draft", False)


def test_what_each_tells_is_kept_and_only_the_carrier_speaks_of_the_buyer(office):
    invoice = story.an_issued_invoice(office.customer)
    drain(at=AT)
    office.polls()
    assert [event.code for event in LifecycleEvent.everywhere.filter(invoice=invoice)] == ["205"]
    assert of(invoice, "abby").copy_facts == {"state": "draft"}


def test_polling_again_tells_nothing_twice(office):
    invoice = story.an_issued_invoice(office.customer)
    for _turn in range(3):
        drain(at=AT)
        office.polls()
    assert LifecycleEvent.everywhere.filter(invoice=invoice).count() == 1
