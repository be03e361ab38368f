"""What a bank line costs that is matched and booked, some at once and one by one, beside the bare INSERTs of its rows.

A run is the whole of `reconcile`: reading the evidence, judging, locking, writing, and what PostgreSQL checks at the
commit; the judging is told apart. The bare INSERTs are those of the lines booked at once, into tables without triggers
and foreign keys (test_issuing.py). Half of the invoices are on a platform, where each payment is declared (212).
BENCH_LINES says how many lines are booked at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection

from billing.services.issuing import issue_invoices
from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import BankLine, LineStatus
from payments.services import reconciliation
from payments.services.proposing import barred_pairs, build_index, judge_all
from payments.services.reconciliation import reconcile
from tests.bench.test_issuing import Measure, bare_tables, cpu, inserts_of, send, tell
from tests.factories import money, platforms, story
from tests.house.test_pages_at_scale import analyse

pytestmark = pytest.mark.django_db(transaction=True)

LINES, ONE_BY_ONE, RUNS = int(os.environ.get("BENCH_LINES", "2000")), 200, 2
serial = count(1)


def some_lines(company: Company, number: int) -> list[BankLine]:
    """Each pays an invoice of its own, of its own amount, by its reference; ten customers."""
    customers = [story.a_customer(company) for _customer in range(10)]
    drafts = [
        story.a_draft(customers[place % 10], [story.a_line(unit_price=Decimal(1000 + next(serial)) / 100)])
        for place in range(number)
    ]
    invoices = issue_invoices(invoices=drafts, actor=story.ACTOR, at=story.AT)
    entries = [money.a_credit(str(one.total_gross), remittance=one.payment_reference) for one in invoices]
    lines = money.bank_lines(company, entries)
    analyse()
    return lines


def best(prepare: Callable[[], Any], act: Callable[[], Any], lines: int) -> Measure:
    found = []
    for _run in range(RUNS):
        prepare()
        started, spent = time.perf_counter(), cpu()
        act()
        found.append(((time.perf_counter() - started) / lines, (cpu() - spent) / lines))
    return Measure(*map(min, zip(*found, strict=True)))


@pytest.mark.parametrize("is_declared", [False, True], ids=["on no platform", "on a platform"])
def test_bank_lines_are_booked_at_once_and_one_by_one(monkeypatch: pytest.MonkeyPatch, is_declared: bool) -> None:
    company = story.a_company()
    if is_declared:
        platforms.a_platform_account(company)

    def run() -> None:
        reconcile(company=company, actor=story.ACTOR, at=story.AT)

    def judge() -> None:
        index, rows = build_index(company, at=story.AT), BankLine.everywhere.filter(status=LineStatus.OPEN)
        judge_all(list(rows), index, barred_pairs(company=company))

    print(f"\nload {os.getloadavg()[0]:.1f}")
    with company_scope(company), bare_tables():
        batches = []
        for _run in range(RUNS):
            some_lines(company, reconciliation.AT_ONCE)
            batches.append(inserts_of(run))
        rows = best(lambda: None, lambda: send([batches.pop()]), reconciliation.AT_ONCE)
        many = best(lambda: some_lines(company, LINES), run, LINES)
        some_lines(company, LINES)
        judged = best(lambda: None, judge, LINES)
        run()
        monkeypatch.setattr(reconciliation, "AT_ONCE", 1)
        single = best(lambda: some_lines(company, ONE_BY_ONE), run, ONE_BY_ONE)
    tell("bare INSERTs of the rows", rows)
    tell("judging alone", judged, rows)
    tell(f"{LINES} lines booked at once", many, rows)
    tell("one by one", single, rows)
    with company_scope(company):
        assert not BankLine.everywhere.filter(status=LineStatus.OPEN).exists()
    connection.close()
    assert chain.verify(company) == []
