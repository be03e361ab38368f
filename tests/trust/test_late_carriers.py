"""Carriers slower than their lease: what another has taken over is not sent a second time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from einvoicing import tasks
from einvoicing.models import Attempt, Transmission
from einvoicing.models import TransmissionStatus as Status
from einvoicing.services.transmissions import LEASE, transmitting
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.transmitting.conftest import Sent
from tests.factories import platforms, story
from tests.factories.queues import claim_due, drain, transmit

pytestmark = [pytest.mark.trust, pytest.mark.django_db]

AT = story.AT
MOMENT = timedelta(seconds=1)


@pytest.fixture
def sent(sandbox: str, settings: Any, tmp_path: Path) -> Sent:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    return Sent(sandbox, story.a_customer(company))


def test_a_file_that_took_longer_than_the_lease_is_not_sent_after_another_sent_it(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slow,) = claim_due(at=AT, worker="slow")
    make = transmitting.deposit_of

    def make_slowly(transmission: Transmission, at: datetime) -> Any:
        monkeypatch.setattr(transmitting, "deposit_of", make)
        made = make(transmission, at)
        assert drain(at=AT + LEASE + MOMENT) == 1
        return made

    monkeypatch.setattr(transmitting, "deposit_of", make_slowly)
    transmit(slow, AT)
    assert sent.now.status == Status.DEPOSITED
    assert sent.ledger["received"] == 1


def test_a_whole_lease_lies_before_what_is_sent(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    (slow,) = claim_due(at=AT, worker="slow")
    made_in = LEASE - MOMENT
    clock = iter([AT, AT + made_in])
    found: list[datetime | None] = []

    def send(*_load: object) -> None:
        found.append(sent.now.lease_until)

    monkeypatch.setattr(transmitting, "_deposit", send)
    transmitting.transmit(slow, lambda: next(clock))
    assert found == [AT + made_in + LEASE]


def test_each_lease_of_a_sweep_begins_when_its_invoice_is_taken(sent: Sent) -> None:
    story.an_issued_invoice(sent.invoice.customer)
    assert tasks.transmit() == 2
    assert Attempt.everywhere.values("started_at").distinct().count() == 2
