"""Money in any order: issued, corrected, deducted, paid, split, credited, refunded, bounced, written off, matched,
booked by rules, suspended, read again, paid by card and told twice.

After every act statuses and balances agree; after every fourth the journal, VAT by day and what is declared (212) too.
What is undone at once leaves the tables concerned byte by byte as they were. At the end of a run the bank accounts are
explained and the chain of proofs is whole.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from config.kernel import chain, ids
from config.kernel.clock import local_day
from config.kernel.models import Company, LoopFailure
from config.kernel.scope import company_scope
from tests.factories import story
from tests.trust import bank_acts, money_acts, portal_acts
from tests.trust.at_once import WHOLE, a_share
from tests.trust.conftest import settle
from tests.trust.money_acts import MoneyDay
from tests.trust.money_figures import check_banks, check_declared, check_figures, check_money, check_vat
from tests.trust.money_figures import declared as declared

pytestmark = pytest.mark.trust

ACTS = 16
RUNS = 10 if WHOLE else 2
SEEDS = 200  # 2,000 runs in the whole test


@pytest.fixture
def keys_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that follow each other: a run chooses its rows by their order, and is the same each time."""
    keys = itertools.count(1)
    monkeypatch.setattr(ids, "secrets", SimpleNamespace(randbelow=lambda _most: next(keys)))


@pytest.mark.parametrize("seed", a_share(range(SEEDS), SEEDS))
@pytest.mark.django_db
@pytest.mark.usefixtures("declared", "keys_in_order")
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
    day = MoneyDay(company, random.Random(seed), acts=[*money_acts.ACTS, *bank_acts.ACTS, *portal_acts.ACTS])
    try:
        for act in range(1, ACTS + 1):
            day.do_something()
            settle()
            check_figures(company)
            if act % 4 == 0:
                check_money()
                check_vat()
                check_declared()
        check_banks(local_day(day.at))
    except AssertionError as error:
        error.add_note(f"run {seed}: {day.done}")
        raise
    assert chain.verify(company) == []
    assert not LoopFailure.objects.exists()
