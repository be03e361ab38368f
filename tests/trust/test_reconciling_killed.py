"""Workers killed with SIGKILL while they reconcile, then five at once: each line is matched once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.models import Invoice
from config.kernel import chain
from config.kernel.models import Company
from payments.models import BankLine, Match, Payment
from tests.factories import money, story
from tests.trust.at_once import scaled
from tests.trust.killed import Nursery, kill, nursery
from tests.waiting import wait_until

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

PAID, KILLS = scaled(500), scaled(100)
WORKERS = 5


@pytest.fixture
def company(settings: Any, tmp_path: Path) -> Company:
    settings.MEDIA_ROOT = str(tmp_path)
    return story.a_company()


@pytest.fixture
def workers(company: Company, tmp_path: Path) -> Iterator[Nursery]:
    with nursery(tmp_path) as found:
        yield found


def test_reconciliations_of_one_company_killed_and_five_at_once_match_each_line_once(
    company: Company, workers: Nursery
) -> None:
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer) for _place in range(max(PAID, 20))]
    entries = [money.a_credit(str(one.balance), remittance=str(one.number)) for one in invoices]
    money.bank_lines(company, entries)
    workers.kill_again_and_again("reconcile", str(company.pk), times=KILLS, chance=random.Random(20261130))
    last = [workers.start("reconcile", str(company.pk)) for _worker in range(WORKERS)]
    open_lines = BankLine.everywhere.filter(company=company, status="OPEN")
    wait_until(lambda: not open_lines.exists(), what="each line matched", seconds=240)
    for number in last:
        kill(number)
    live = Match.everywhere.filter(company=company, undone_at=None)
    assert live.count() == live.values("line").distinct().count() == len(invoices)
    paid = Invoice.everywhere.filter(company=company, status="PAID")
    assert paid.count() == Payment.everywhere.filter(company=company).count() == len(invoices)
    assert sum((one.amount_paid for one in paid), Decimal(0)) == sum(one.payable for one in invoices)
    assert [str(one) for one in chain.verify(company)] == []
