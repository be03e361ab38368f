"""Two thousand open invoices at Chorus Pro for a simulated day: calls, the busiest minute, and how late bad news is.

One poll each minute of the platform's clock, against the simulator over HTTP (the beat's own is four times as often,
mostly without a call); nobody sleeps, the clock is passed in. The plain way is computed: a search and a history of each
document each ten minutes. BENCH_INVOICES and BENCH_HOURS choose the size.
"""

from __future__ import annotations

import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

import pytest
from django.db.models import F, Q
from django.test import override_settings
from django.utils import timezone

from billing.models import Invoice
from config.sandbox.models import SandboxRecord
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.sandbox.chorus_pro.flows import INVOICE, SERVICE, new_flow_number
from einvoicing.services.polling import poll_account
from einvoicing.services.quotas import AccountGate
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rules_say_yes")]

INVOICES = int(os.environ.get("BENCH_INVOICES", "2000"))
HOURS = int(os.environ.get("BENCH_HOURS", "24"))
CHANGES_A_DAY, REJECTIONS = INVOICES // 5, max(10, INVOICES // 100)
START = datetime(2026, 11, 17, 0, 0, tzinfo=UTC)
POLL, SETTLED = timedelta(minutes=1), timedelta(hours=2)  # the first reading of all is measured apart
PLAIN_PAUSE = timedelta(minutes=10)


def test_two_thousand_open_invoices_for_a_day(sandbox: str, settings: Any) -> None:
    account = an_account(sandbox)
    rows = open_invoices(account)  # committed: the simulator reads by a connection of its own
    rejected = plan(rows)
    made: Counter[datetime] = Counter()
    delays: dict[str, timedelta] = {}
    settled_at = None
    at, calls_before = START, 0
    with counted(made):
        while at < START + timedelta(hours=HOURS):
            with override_settings(SANDBOX_CLOCK=lambda at=at: at):
                poll_account(account=account, at=at)
            account.refresh_from_db()
            if settled_at is None and not waiting(account):
                settled_at, calls_before = at, sum(made.values())
            known = Transmission.everywhere.filter(
                account=account, lifecycle_code="210", invoice__number__in=set(rejected) - set(delays)
            )
            for number in known.values_list("invoice__number", flat=True):
                delays[number] = at - rejected[number]
            at += POLL
    report(made, delays, settled_at, calls_before)
    quota = settings.CHORUS_PRO
    assert len(delays) == len(rejected)
    assert max(delays.values()) <= timedelta(minutes=15)
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
    found, sent = [], []
    for place in range(INVOICES):
        invoice = story.an_issued_invoice(customer, service_code="SRV01")
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
    history = [
        {"id": place, "code": code, "comment": "", "at": (at + timedelta(hours=place)).isoformat()}
        for place, code in enumerate(("DEPOSEE", "EN_COURS_ACHEMINEMENT", "MISE_A_DISPOSITION"), start=1)
    ]
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
    changed = chance.sample(rows, CHANGES_A_DAY)
    rejected: dict[str, datetime] = {}
    for place, (invoice, remote) in enumerate(changed):
        at = START + SETTLED + timedelta(seconds=chance.uniform(0, (HOURS - 3) * 3600))
        is_rejected = place < REJECTIONS
        code = "REJETEE" if is_rejected else "SERVICE_FAIT"
        remote.facts["history"].append({"id": 4, "code": code, "comment": "Non" * is_rejected, "at": at.isoformat()})
        if is_rejected:
            rejected[str(invoice.number)] = at
    SandboxRecord.objects.bulk_update([remote for _invoice, remote in changed], ["facts"])
    return rejected


@contextmanager
def counted(made: Counter[datetime]) -> Iterator[None]:
    """Counts the calls of each minute."""
    enter: Callable[[AccountGate], None] = AccountGate.enter

    def counting(gate: AccountGate) -> None:
        enter(gate)
        made[(gate.at or timezone.now()).replace(second=0, microsecond=0)] += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AccountGate, "enter", counting)
        yield


def waiting(account: PlatformAccount) -> bool:
    """Whether a history that changed is still to be read."""
    rows = Transmission.everywhere.filter(account=account)
    return rows.filter(Q(listed_mark="") | ~Q(listed_mark=F("read_mark"))).exists()


def report(
    made: Counter[datetime], delays: dict[str, timedelta], settled_at: datetime | None, calls_before: int
) -> None:
    total, rounds = sum(made.values()), timedelta(hours=HOURS) // PLAIN_PAUSE
    seconds = [delay.total_seconds() for delay in delays.values()]
    settled = (settled_at - START) if settled_at else None
    print(f"\n{INVOICES} open invoices, {HOURS} h, {CHANGES_A_DAY} changes, {len(seconds)} of them rejections")
    print(f"  calls: {total} ({calls_before} of them for the first reading, over in {settled})")
    print(f"  busiest minute: {max(made.values())}; minutes with a call: {len(made)} of {HOURS * 60}")
    print(f"  rejection known after: {max(seconds) / 60:.1f} min at most, {fmean(seconds) / 60:.1f} on average")
    print(f"  plain way: {INVOICES * rounds * 2} calls, {INVOICES * 2 / 10:.0f} a minute, 10 min at most")
