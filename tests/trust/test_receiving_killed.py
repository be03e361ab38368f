"""A platform that fails, workers that are killed: each supplier document is once in the inbox, none is lost.

Many bear the same moment, some appear late under an old one, rows come in disorder and repeated, calls fail; some
documents are no documents, some are copies. The good ones are booked.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import override_settings
from django.utils import timezone

from billing.purchases.models import PurchaseInvoice, SupplierRule
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import PlatformAccount, ReceivedDocument, ReceptionSource
from einvoicing.reception.completeness import compare_source
from einvoicing.reception.fetching import add_sources, read_source
from tests.einvoicing.platforms.conftest import serve, stop
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.drawn.facts import Item
from tests.factories import platforms
from tests.trust.at_once import WHOLE, scaled
from tests.trust.killed import Nursery, kill, nursery
from tests.waiting import wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

# of each kind one in the small form
DOCUMENTS, KILLS = (1000, 200) if WHOLE else (10, 4)
PATIENCE = max(240.0, scaled(3600))
UNREADABLE, COPY, LATE, LOST = 0, 1, 2, 3  # of ten documents, which are so; the others are good


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
def account(address: str) -> PlatformAccount:
    company = buying.a_buying_company()
    account = platforms.a_platform_account(company, address)
    with company_scope(company):
        supplier = Customer.objects.get(siren=buying.SUPPLIER.siren)
        SupplierRule.objects.create(company=company, supplier=supplier, account="623600", regime="GOODS")
        add_sources(company=company, at=timezone.now())
    return account


class Platform:
    """What other companies send through it, and how it fails."""

    def __init__(self, address: str, account: PlatformAccount) -> None:
        self.address, self.account, self.company = address, account, account.company
        self.sent: dict[str, str] = {}  # identifier → what it is
        self.numbers: set[str] = set()
        self._last = b""

    def fails(self, kind: str, operation: str, times: int) -> None:
        order = {"kind": kind, "operation": operation, "remaining": times, "client_id": self.account.client_id}
        requests.post(f"{self.address}/sandbox/faults", json=order, timeout=30)

    def supply(self, place: int) -> None:
        kind, data = place % 10, self._invoice(place)
        if kind == UNREADABLE:
            data = b"\x00" + str(place).encode()
        elif kind == COPY and self._last:
            data = self._last
        else:
            kind = kind if kind in (LATE, LOST) else LATE + LOST
            self.numbers.add(self._number(place))
            self._last = data
        # an hour's worth bear one moment; what is late is older than what was read, what is lost than any window
        moment = timezone.now().replace(microsecond=0) - timedelta(days=1)
        moment -= {LATE: timedelta(hours=20), LOST: timedelta(days=30)}.get(place % 10, timedelta())
        form = {"client_id": self.account.client_id, "updated_at": moment.isoformat()}
        files = {"file": (f"{place}.xml", data)}
        answer = requests.post(f"{self.address}/sandbox/supplies", data=form, files=files, timeout=30)
        self.sent[str(answer.json()["id"])] = "unreadable" if kind == UNREADABLE else "copy" if kind == COPY else "good"

    @staticmethod
    def _number(place: int) -> str:
        return f"V{(place * 7_654_321 + 12_345) % 10**7:07d}"

    def _invoice(self, place: int) -> bytes:
        items = [Item(f"Tirage {place}", Decimal(1), Decimal(900) + Decimal(place) / 20, buying.TWENTY)]
        return buying.as_xml(buying.an_invoice(self.company, number=self._number(place), items=items))


def everything_fetched(workers: Nursery, company: Company, platform: Platform, chance: random.Random) -> None:
    half = DOCUMENTS // 2
    for place in range(half):
        platform.supply(place)
    workers.kill_again_and_again("fetch_documents", times=KILLS // 2, chance=chance, longest=1.0)
    # the rest comes while it is read, late and old ones among them
    for place in range(half, DOCUMENTS):
        platform.supply(place)
    workers.kill_again_and_again("fetch_documents", times=KILLS - KILLS // 2, chance=chance, longest=1.0)
    source = ReceptionSource.everywhere.select_related("account", "company").get(company=company)
    later = timezone.now()
    with company_scope(company):
        for _turn in range(20):
            later += timedelta(minutes=30)
            source.refresh_from_db()
            read_source(source, lambda at=later: at)  # type: ignore[misc]  # a clock
            source.refresh_from_db()
            if source.polled_at == later and not source.owed:
                break
        compare_source(source, timezone.now)
        # what was fetched by the story's clock is to be read by ours
        ReceivedDocument.objects.update(next_attempt_at=timezone.now())


def test_each_document_is_received_exactly_once_and_the_good_ones_are_booked(
    address: str, account: PlatformAccount, tmp_path: Path
) -> None:
    chance, company = random.Random(20261130), account.company
    platform = Platform(address, account)
    for kind, operation, times in (
        ("shuffled", "search", 10_000), ("repeated", "search", 10_000), ("500", "search", DOCUMENTS // 20),
        ("500", "read", DOCUMENTS // 10), ("429", "read", DOCUMENTS // 50), ("empty-body", "read", DOCUMENTS // 50),
    ):  # fmt: skip
        platform.fails(kind, operation, max(1, times))
    with nursery(tmp_path) as workers:
        everything_fetched(workers, company, platform, chance)
        stored = list(ReceivedDocument.everywhere.filter(company=company).values_list("remote_id", flat=True))
        assert sorted(stored) == sorted(platform.sent), "each once, none lost"
        workers.kill_again_and_again("read_documents", times=KILLS, chance=chance, longest=1.0)
        last = [workers.start("read_documents"), workers.start("read_documents")]
        waiting = ReceivedDocument.everywhere.filter(company=company, status="STORED")
        wait_until(lambda: not waiting.exists(), what="all documents read", seconds=PATIENCE)
        for number in last:
            kill(number)
    ended = dict(ReceivedDocument.everywhere.filter(company=company).values_list("remote_id", "status"))
    told = {"unreadable": "UNREADABLE", "copy": "DUPLICATE", "good": "RECORDED"}
    # of two copies the first that was read is the original, be it the second that came
    assert Counter(ended.values()) == Counter(told[kind] for kind in platform.sent.values())
    assert {key for key, status in ended.items() if status == "UNREADABLE"} == {
        key for key, kind in platform.sent.items() if kind == "unreadable"
    }
    bought = PurchaseInvoice.everywhere.filter(company=company, number__in=platform.numbers)
    assert Counter(bought.values_list("number", flat=True)) == Counter(platform.numbers)
    assert set(bought.values_list("status", flat=True)) == {"BOOKED"}
    broken = ReceivedDocument.everywhere.filter(company=company, attempts__gt=1).exists()
    assert broken or not WHOLE, "no worker was killed while it read: the test proves nothing"
    assert [str(one) for one in chain.verify(company)] == []
