"""Money in any order: issued, paid, split, credited, refunded, bounced, written off, matched, suspended, read again.

After every act balances, journal, VAT, bank and statuses agree to the cent, and what is undone at once leaves the
tables concerned as they were. At the end of a run the chain of proofs is whole.
"""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum

from billing import ledger
from billing.billed import VAT, billed
from billing.models import Invoice, JournalLine
from config.kernel import chain
from config.kernel.models import Company, LoopFailure
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.models import BankLine, MatchPart, Payment, Refund, WriteOff
from tests.factories import story
from tests.trust.at_once import WHOLE, scaled
from tests.trust.conftest import settle
from tests.trust.money_acts import CHARGE, MoneyDay

pytestmark = pytest.mark.trust

ACTS = 14
RUNS = 10 if WHOLE else 2
SEEDS = scaled(200)  # 2,000 runs in the whole test


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.django_db
def test_in_whatever_order_money_moves_everything_agrees(seed: int, settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    with company_scope(company):
        MoneyDay(company, random.Random(seed)).open()
        for run in range(RUNS):
            with transaction.atomic():
                play(company, seed * RUNS + run)
                # the next run begins as this one did
                transaction.set_rollback(True)


def play(company: Company, seed: int) -> None:
    day = MoneyDay(company, random.Random(seed))
    for _act in range(ACTS):
        day.do_something()
        settle()
        try:
            check_figures(company)
            check_journal()
        except AssertionError as error:
            error.add_note(f"run {seed}: {day.done}")
            raise
    assert chain.verify(company) == []
    assert not LoopFailure.objects.exists()


def check_figures(company: Company) -> None:
    """Statuses and amounts follow from what was written about them, whoever wrote it."""
    assert [found for figures in chain._recomputed for found in chain._verify_figures(company, figures)] == []


def check_journal() -> None:
    """What customers owe, VAT, the bank, 471 and each charge stand in the journal, to the cent."""
    for customer in Customer.objects.all():
        owed = sum(one.balance for one in Invoice.objects.issued().filter(customer=customer))
        credit = sum(one.unallocated for one in Payment.objects.filter(customer=customer))
        assert booked(account=ledger.CUSTOMERS, customer=customer) == owed - credit, customer
    given_back = total(WriteOff.objects.all(), "vat_amount")
    assert booked(account__startswith="4457") == given_back - Invoice.objects.issued().aggregate(sum=billed(VAT))["sum"]
    lines = MatchPart.objects.filter(kind="BOOKING", match__undone_at=None)
    received = total(Payment.objects.all()) - total(Refund.objects.filter(cancelled_at=None))
    assert booked(account__regex="^5[13]") == received + total(lines)
    assert booked(account=ledger.SUSPENSE) == -total(BankLine.objects.filter(status="SUSPENSE"))
    assert booked(account=CHARGE) == -total(lines.filter(account=CHARGE))
    for account in WriteOff.objects.values_list("account", flat=True).distinct():
        rows = WriteOff.objects.filter(account=account)
        sign = 1 if account.startswith("6") else -1
        assert booked(account=account) == sign * (total(rows) - total(rows, "vat_amount")), account
    assert booked() == 0


def booked(**which: Any) -> Decimal:
    return JournalLine.objects.filter(**which).aggregate(sum=Sum(F("debit") - F("credit"), default=Decimal(0)))["sum"]


def total(rows: Any, column: str = "amount") -> Decimal:
    return rows.aggregate(sum=Sum(column, default=Decimal(0)))["sum"]
