"""Two thousand open invoices at Chorus Pro for a simulated day: calls, the busiest minute, and how late bad news is.

The clock is passed in and jumps to when the account is next due; the simulator answers over HTTP by the same clock.
The plain way is computed: a search and a history of each document each ten minutes. BENCH_INVOICES and BENCH_HOURS
choose the size.
"""

from __future__ import annotations

import logging
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Q
from django.test import override_settings
from django.utils import timezone

from billing.models import Invoice
from config.sandbox.models import SandboxRecord
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.sandbox.chorus_pro.flows import INVOICE, SERVICE, new_flow_number
from einvoicing.services.polling import poll_account
from einvoicing.services.quotas import ApplicationGate
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.house.test_pages_at_scale import analyse, multiply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rules_say_yes")]

INVOICES = int(os.environ.get("BENCH_INVOICES", "2000"))
DAY = timedelta(hours=int(os.environ.get("BENCH_HOURS", "24")))
CHANGES, REJECTIONS = INVOICES // 5, max(10, INVOICES // 50)
START = datetime(2026, 11, 17, 0, 0, tzinfo=UTC)
MINUTE, PLAIN_PAUSE = timedelta(minutes=1), timedelta(minutes=10)
FIRST_READING = timedelta(minutes=44)  # of 2,000 histories: half of the rejections happen within it
LATEST = timedelta(minutes=15)


def test_two_thousand_open_invoices_for_a_day(sandbox: str, settings: Any) -> None:
    started = time.perf_counter()
    account = an_account(sandbox)
    rejected = plan(open_invoices(account))  # committed: the simulator reads by a connection of its own
    made: Counter[datetime] = Counter()
    delays: dict[str, timedelta] = {}
    settled_at: datetime | None = None
    at = START
    with counted(made), quiet():
        while at < START + DAY:
            with override_settings(SANDBOX_CLOCK=lambda at=at: at):
                poll_account(account=account, at=at)
            known = Transmission.everywhere.filter(
                account=account, lifecycle_code="210", invoice__number__in=set(rejected) - set(delays)
            )
            delays |= {number: at - rejected[number] for number in known.values_list("invoice__number", flat=True)}
            is_settled = not has_unread(account)
            settled_at = settled_at or (at if is_settled else None)
            at = max(at + MINUTE, next_list(account)) if is_settled else at + MINUTE
    report(made, delays, rejected, settled_at)
    print(f"  measured in {time.perf_counter() - started:.0f} s")
    quota = settings.CHORUS_PRO
    assert set(delays) == set(rejected)
    assert max(delays.values()) <= LATEST
    assert max(made.values()) <= quota["calls_per_minute"]
    assert sum(made.values()) <= quota["calls_per_day"]


def an_account(address: str) -> PlatformAccount:
    account = platforms.a_platform_account(
        story.a_company(), address, kind="chorus_pro", login=f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr"
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url, account.sends_automatically = f"{address}/api/oauth/token", False
    account.save()
    return account


def open_invoices(account: PlatformAccount) -> list[tuple[Invoice, SandboxRecord]]:
    """Issued, deposited in the last ninety days and available to their public body, here and there."""
    customer = story.a_customer(account.company, name="Mairie", siret="21750001600019", is_public_body=True)
    first = story.an_issued_invoice(customer, service_code="SRV01")
    with transaction.atomic():
        multiply("billing_invoice", INVOICES - 1, id=f"{first.pk} + n", number=f"'{first.number}-' || n")
        analyse()
    found, sent = [], []
    for place, invoice in enumerate(Invoice.everywhere.filter(customer=customer)):
        at = START - timedelta(days=1 + place % 90)
        remote = a_remote_invoice(account, str(invoice.number), at)
        found.append((invoice, remote))
        sent.append(
            Transmission(
                company_id=account.company_id,
                invoice=invoice,
                account=account,
                status="DEPOSITED",
                tracking_id=uuid.uuid4().hex,
                remote_id=remote.facts["flow"],
                next_attempt_at=at,
                created_at=at,
                deposited_at=at,
            )
        )
    SandboxRecord.objects.bulk_create([remote for _invoice, remote in found])
    Transmission.everywhere.bulk_create(sent)
    return found


def a_remote_invoice(account: PlatformAccount, number: str, at: datetime) -> SandboxRecord:
    # one status each: to write them down takes longer than to read them, and is not what is measured
    history = [{"id": 1, "code": "MISE_A_DISPOSITION", "comment": "", "at": at.isoformat()}]
    facts = {"flow": new_flow_number(), "seller": "bench", "recipient": "21750001600019", "service": "SRV01"}
    facts |= {"engagement": "", "listed": {"typeFacture": "FACTURE", "dateFacture": ""}, "delivery": ""}
    return SandboxRecord(
        service=SERVICE,
        kind=INVOICE,
        key=str(uuid.uuid4().int % 2**62),
        client_id=account.login,
        number=number,
        facts={**facts, "deposited_at": at.isoformat(), "history": history},
    )


def plan(rows: list[tuple[Invoice, SandboxRecord]]) -> dict[str, datetime]:
    """A day's changes at the public bodies, some of them rejections: when each of these happens."""
    chance = random.Random(2000)
    changed = chance.sample(rows, CHANGES)
    rejected: dict[str, datetime] = {}
    for place, (invoice, remote) in enumerate(changed):
        is_rejected = place < REJECTIONS
        within = (FIRST_READING if place % 2 else DAY - LATEST) if is_rejected else DAY
        at = START + chance.random() * within
        code = "REJETEE" if is_rejected else "SERVICE_FAIT"
        remote.facts["history"].append({"id": 2, "code": code, "comment": "Non" * is_rejected, "at": at.isoformat()})
        if is_rejected:
            rejected[str(invoice.number)] = at
    SandboxRecord.objects.bulk_update([remote for _invoice, remote in changed], ["facts"])
    return rejected


@contextmanager
def counted(made: Counter[datetime]) -> Iterator[None]:
    """Counts the calls of each minute."""
    enter: Callable[[ApplicationGate], None] = ApplicationGate.enter

    def counting(gate: ApplicationGate) -> None:
        enter(gate)
        made[(gate.at or timezone.now()).replace(second=0, microsecond=0)] += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApplicationGate, "enter", counting)
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """Without a line for each exchange."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def has_unread(account: PlatformAccount) -> bool:
    """Whether a history that changed is still to be read."""
    rows = Transmission.everywhere.filter(account=account)
    return rows.filter(Q(listed_mark="") | ~Q(listed_mark=F("read_mark"))).exists()


def next_list(account: PlatformAccount) -> datetime:
    return datetime.fromisoformat(account.cursor) + timedelta(seconds=PLATFORMS[account.kind].asks_every)


def report(
    made: Counter[datetime],
    delays: Mapping[str, timedelta],
    rejected: Mapping[str, datetime],
    settled_at: datetime | None,
) -> None:
    total, settled = sum(made.values()), settled_at or START + DAY
    calls_before = sum(count for minute, count in made.items() if minute <= settled)
    print(f"\n{INVOICES} open invoices, {DAY}, {CHANGES} changes, {REJECTIONS} of them rejections")
    print(f"  calls: {total} ({calls_before} of them for the first reading, over in {settled - START})")
    print(f"  busiest minute: {max(made.values())}; minutes with a call: {len(made)}")
    for name, is_early in (("during the first reading", True), ("after it", False)):
        minutes = [delay / MINUTE for number, delay in delays.items() if (rejected[number] <= settled) == is_early]
        if minutes:
            print(
                f"  {len(minutes)} rejections {name}: known after {max(minutes):.1f} min at most, "
                f"{fmean(minutes):.1f} on average"
            )
    print(f"  plain way: {INVOICES * 2 * (DAY // PLAIN_PAUSE)} calls, {INVOICES * 2 / 10:.0f} a minute")
