"""Sums are folded while others issue and pay: nobody waits for the fold, and nothing is counted twice or lost."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from config.kernel.clock import local_day
from config.kernel.scope import company_scope
from payments.dated_sums.folding import fold_sums
from payments.dated_sums.reading import aged_on
from payments.models import PendingSum
from tests.factories import story
from tests.payments.dated_sums.test_dated_sums import check_against_documents, differing
from tests.trust import money_acts
from tests.trust.at_once import at_once, scaled
from tests.trust.money_acts import MoneyDay
from tests.trust.test_money_at_once import OneOfMany

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

PEOPLE, FOLDERS, ACTS = 3, 2, 12


@pytest.mark.parametrize("seed", range(scaled(10)))
def test_folds_beside_writers_and_readers_keep_the_sums_right(seed: int, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    acts = [one for one in money_acts.ACTS if one is not money_acts.time_passes]
    with company_scope(company):
        MoneyDay(company, random.Random(seed)).open()

    def work(place: int) -> int:
        with company_scope(company):
            if place < FOLDERS:
                for _turn in range(ACTS * 4):
                    fold_sums(company)
                    aged_on(local_day(story.AT), currency="EUR")
                return 0
            day = OneOfMany(company, random.Random(100 * seed + place), acts=acts)
            for _act in range(ACTS):
                day.do_something()
            return len(day.done)

    assert sum(at_once(PEOPLE + FOLDERS, work)) > ACTS
    with company_scope(company):
        assert differing(company.pk) == []
        check_against_documents(local_day(story.AT))
        fold_sums(company)
        assert not PendingSum.objects.exists()
        assert differing(company.pk) == []
