"""Database and broker killed and started again while invoices are issued and transmitted: once each, and none lost.

The platform has no idempotency keys; its ledger counts what arrives. Nobody starts a process of the product again.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.test import override_settings

from config.kernel.models import Company
from einvoicing.models import DocumentFormat
from tests.einvoicing.platforms.conftest import serve, stop
from tests.factories import people, platforms, story
from tests.trust.at_once import WHOLE, scaled
from tests.trust.killed import ledger
from tests.trust.outages import DEATHS, Browser, Product, product
from tests.waiting import wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

INVOICES, OUTAGES = scaled(1000), max(3, scaled(100))
PATIENCE = max(120.0, scaled(600))  # seconds


@pytest.fixture
def address() -> Iterator[str]:
    """A platform that takes everything in and says nothing more of it: statuses are not the matter here."""
    with override_settings(SANDBOX_PACE=86_400, SANDBOX_VALIDATES=False):
        server = serve()
        try:
            yield server.address
        finally:
            stop(server)


@pytest.fixture
def company(address: str) -> Company:
    """Its platform takes its time, so that an outage often comes between a sending and its answer."""
    company = story.a_company()
    account = platforms.a_platform_account(company, address, default_format=DocumentFormat.UBL)
    slow = {"kind": "latency", "value": "0.05", "operation": "deposit", "remaining": 100_000}
    requests.post(f"{address}/sandbox/faults", json={**slow, "client_id": account.client_id}, timeout=5)
    return company


def wait_for(count: int, ours: Product) -> None:
    """Until so many invoices are with the platform."""
    # a doubt waits for its delay; here nobody has a minute
    hurry = "UPDATE einvoicing_transmission SET next_attempt_at = now() WHERE status IN ('PENDING', 'UNKNOWN')"
    by_status = "SELECT status, count(*), max(last_error) FROM einvoicing_transmission GROUP BY status"

    def carried_all() -> bool:
        ours.ask(hurry)
        return carried(ours) >= count

    try:
        wait_until(carried_all, what=f"{count} invoices at the platform", seconds=PATIENCE)
    except AssertionError as late:
        raise AssertionError(f"{late}: {ours.dead()} {ours.ask(by_status)}") from late


def carried(ours: Product) -> int:
    return int(ours.ask("SELECT count(*) FROM einvoicing_transmission WHERE status IN ('DEPOSITED', 'ACCEPTED')")[0][0])


def break_and_mend(ours: Product, times: int, chance: random.Random, *, broker: bool) -> None:
    """The database dies each time, each time in another way; every other time the broker dies with it."""
    for turn in range(times):
        time.sleep(chance.uniform(0.2, 1.2))
        if broker and turn % 2:
            ours.kill_broker()
        ours.kill_database(DEATHS[turn % len(DEATHS)])
        time.sleep(chance.uniform(0, 0.3))
        ours.database.start()
        if broker and turn % 2:
            ours.broker.start()


def issue_all(drafts: list[int], browsers: list[Browser], stopped: threading.Event) -> list[threading.Thread]:
    def person(place: int) -> None:
        for draft in drafts[place :: len(browsers)]:
            browsers[place].issue(draft, give_up=stopped.is_set)

    threads = [threading.Thread(target=person, args=(place,)) for place in range(len(browsers))]
    for thread in threads:
        thread.start()
    return threads


def join(people_at_work: list[threading.Thread]) -> None:
    for person in people_at_work:
        person.join(PATIENCE)
        assert not person.is_alive(), "the web never answered"


def test_each_invoice_is_accepted_exactly_once_whatever_service_dies(
    company: Company, address: str, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    session = people.signed_in(company).cookies["sessionid"].value
    customer = story.a_customer(company)
    drafts = [story.a_draft(customer).pk for _ in range(INVOICES)]
    most, without_broker = INVOICES * 3 // 4, max(1, OUTAGES // 4)
    stopped = threading.Event()
    with product(tmp_path / "state") as ours:
        browsers = [Browser(ours.address, session) for _ in range(2)]
        try:
            ours.start("web", "worker", "beat")
            people_at_work = issue_all(drafts[:most], browsers, stopped)
            wait_for(max(1, INVOICES // 20), ours)
            break_and_mend(ours, OUTAGES - without_broker, chance, broker=True)
            join(people_at_work)
            wait_for(most, ours)
            # the broker stays away
            ours.kill_broker()
            ours.start("queue")
            people_at_work = issue_all(drafts[most:], browsers, stopped)
            break_and_mend(ours, without_broker, chance, broker=False)
            join(people_at_work)
            wait_for(INVOICES, ours)
        finally:
            stopped.set()
        assert not ours.dead()
        numbers = [row[0] for row in ours.ask("SELECT number FROM billing_invoice ORDER BY number")]
        places = [int(number.rpartition("-")[2]) for number in numbers]
        assert places == list(range(1, INVOICES + 1)), "no gap, no duplicate"
        assert ledger(address, company.siren) == dict.fromkeys(numbers, (1, 1))
        doubts = ours.ask("SELECT count(*) FROM einvoicing_attempt WHERE outcome = 'unknown'")[0][0]
        if WHOLE:  # a few outages may all miss
            assert doubts, "no outage came in the middle of an attempt: the test proves nothing"
            assert sum(browser.broken for browser in browsers), "nobody was ever at work in an outage"
        assert json.loads(ours.manage("verify_chain", "--json"))["breaks"] == []
