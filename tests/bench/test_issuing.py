"""What issuing costs, one by one and many at once, and a payment by the API, beside the bare INSERTs of the same rows.

The bare INSERTs go into copies of the tables that have their indexes and neither triggers nor foreign keys, one
statement a kind of row and one transaction a document: what PostgreSQL takes for the rows alone. Each figure is the
best of some runs, in one process; seconds of CPU (this process and its server's) are told beside those of the clock,
for a machine that does other things meanwhile: what is compared is run by turns, and by its seconds of CPU. Issuing is
of drafts judged before; the judging is measured apart.
BENCH_INVOICES says how many drafts a run has.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from billing.services.issuing import issue_invoice, issue_invoices
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.services.documents import preflight
from tests.api.client import a_partner
from tests.factories import story

pytestmark = pytest.mark.django_db(transaction=True)

INVOICES, RUNS = int(os.environ.get("BENCH_INVOICES", "200")), 3
SIZES = (1, 10, 100)
LINES = 10
TEN = [story.a_line()] * LINES
RATES = ("20", "10", "5.5")
serial = count(1)
# not of the document: the draft's own event, and the answer kept for a repeated call
NOT_ITS_ROWS = ("billing.invoice.drafted", "kernel_idempotentcall")


@dataclass(frozen=True)
class Measure:
    """Of one document: seconds by the clock, seconds of CPU, and statements (0: not counted)."""

    clock: float
    cpu: float
    statements: float = 0

    def __str__(self) -> str:
        asked = f"{self.statements:5.1f} statements" if self.statements else ""
        return (
            f"{1 / self.clock:6.0f} a second, {1 / self.cpu:6.0f} a second of CPU ({self.cpu * 1000:6.2f} ms)  {asked}"
        )


def cpu() -> float:
    """Seconds of CPU of this process and of its server process, where that one is on this machine."""
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")  # nanoseconds; `stat` counts hundredths
    return time.process_time() + (int(server.read_text(encoding="ascii").split()[0]) / 1e9 if server.exists() else 0)


@dataclass(frozen=True)
class Act:
    """What is measured: runs of some documents each."""

    runs: Sequence[Callable[[], Any]]
    documents: int
    statements: float = 0


def by_turns(*acts: Act) -> list[Measure]:
    """The best run of each, where each run of one is beside a run of the others."""
    connection.ensure_connection()
    found: list[list[tuple[float, float]]] = [[] for _act in acts]
    for turn in zip(*(act.runs for act in acts), strict=True):
        for act, run, costs in zip(acts, turn, found, strict=True):
            started, spent = time.perf_counter(), cpu()
            run()
            costs.append(((time.perf_counter() - started) / act.documents, (cpu() - spent) / act.documents))
    return [
        Measure(*map(min, zip(*costs, strict=True)), act.statements) for act, costs in zip(acts, found, strict=True)
    ]


def tell(name: str, measure: Measure, beside: Measure | None = None) -> None:
    ratio = f"  {beside.cpu / measure.cpu:5.2f} of the bare INSERTs" if beside else ""
    print(f"{name:34} {measure}{ratio}")


def drafts_of(customer: Customer, number: int, lines: int = LINES) -> list[Invoice]:
    """Each like no other: a verdict is kept for the same bytes."""
    return [
        story.a_draft(
            customer, [story.a_line(f"Chaise {next(serial)}", vat_rate=Decimal(RATES[n % 3])) for n in range(lines)]
        )
        for _draft in range(number)
    ]


@contextmanager
def bare_tables() -> Iterator[None]:
    """Copies of the tables under `bare_…`, for as long as the session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'CREATE TEMP TABLE "bare_{table}" (LIKE "{table}" INCLUDING IDENTITY INCLUDING INDEXES)')
    yield
    connection.close()


def inserts_of(act: Callable[[], Any]) -> list[str]:
    """The INSERTs of an act as they were sent, for the copies."""
    with CaptureQueriesContext(connection) as queries:
        act()
    asked = [query["sql"] for query in queries if query["sql"].startswith("INSERT")]
    ours = [sql for sql in asked if not any(name in sql for name in NOT_ITS_ROWS)]
    return [re.sub(r' "(billing|kernel|payments|einvoicing)_', r' "bare_\1_', sql) for sql in ours]


def send(documents: Sequence[Sequence[str]]) -> None:
    for document in documents:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in document:
                cursor.execute(statement.replace("%", "%%"), [])


def bare(documents: Sequence[Sequence[str]]) -> Act:
    share = len(documents) // RUNS
    parts = [documents[run * share : (run + 1) * share] for run in range(RUNS)]
    return Act([lambda part=part: send(part) for part in parts], share, len(documents[0]))


def one_by_one(runs: Sequence[Sequence[Invoice]]) -> Act:
    def issue(drafts: Sequence[Invoice]) -> None:
        for draft in drafts:
            issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)

    first, *rest = runs[0]
    with CaptureQueriesContext(connection) as queries:
        issue([first])
    return Act([lambda run=run: issue(run) for run in (rest, *runs[1:])], len(rest), len(queries))


def at_once(runs: Sequence[Sequence[Invoice]]) -> Act:
    def issue(drafts: Sequence[Invoice]) -> None:
        issue_invoices(invoices=drafts, actor=story.ACTOR, at=story.AT)

    two, *rest = runs[0][:2], runs[0][2:], *runs[1:]
    with CaptureQueriesContext(connection) as queries:
        issue(two)
    return Act([lambda run=run: issue(run) for run in rest], len(rest[0]), len(queries) / len(rest[0]))


@pytest.fixture
def company() -> Company:
    return story.a_company()


def test_an_invoice_is_issued_one_by_one_and_many_at_once(company: Company) -> None:
    customer = story.a_customer(company)
    few = max(INVOICES // 5, 20)
    print(f"\nload {os.getloadavg()[0]:.1f}")
    with company_scope(company), bare_tables():
        rows = bare([inserts_of(lambda: story.an_issued_invoice(customer, TEN)) for _invoice in range(few * RUNS)])
        for lines in SIZES:
            single = one_by_one([drafts_of(customer, few, lines) for _run in range(RUNS)])
            many = at_once([drafts_of(customer, INVOICES, lines) for _run in range(RUNS)])
            beside, *measures = by_turns(rows, single, many) if lines == LINES else (None, *by_turns(single, many))
            if beside:
                tell(f"bare INSERTs, {LINES} lines", beside)
            for name, measure in zip(("one by one", f"{INVOICES} at once"), measures, strict=True):
                tell(f"{name}, {lines} lines", measure, beside)
    with company_scope(company):
        first, *parts = (drafts_of(customer, 20) for _part in range(1 + RUNS))
        preflight(invoice=first[0], at=story.AT)  # the engine is started
        judged = Act([lambda part=part: [preflight(invoice=row, at=story.AT) for row in part] for part in parts], 20)
        tell("judging alone, by the clock", *by_turns(judged))
    assert chain.verify(company) == []


def test_a_payment_is_recorded_by_the_api(company: Company) -> None:
    customer, partner = story.a_customer(company), a_partner(company)
    invoice = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(100_000))])
    few = max(INVOICES // 5, 20)

    def pay() -> None:
        share = {"invoice_id": invoice.pk, "amount": Decimal("1.00")}
        body = {
            "customer_id": customer.pk,
            "amount": Decimal("2.00"),
            "payment_method": "card",
            "allocations": [share],
        }
        answer = partner.post("/api/payments", body, key=f"payment-{next(serial)}")
        assert answer.status_code == 201, answer.content

    pay()
    with CaptureQueriesContext(connection) as queries:
        pay()
    with bare_tables():
        documents = [inserts_of(pay) for _payment in range(few * RUNS)]
        paying = Act([lambda: [pay() for _payment in range(few)]] * RUNS, few, len(queries))
        rows, by_api = by_turns(bare(documents), paying)
    tell("bare INSERTs of a payment", rows)
    tell("a payment by the API", by_api, rows)
