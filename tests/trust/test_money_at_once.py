"""Several people do all of it at the same time in one company: nobody waits for ever, and all figures agree at the end.

Each act is its own transaction. What another was faster with is refused (DomainError); a deadlock is a failure.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.models import LoopFailure
from config.kernel.scope import company_scope
from payments.models import BankLine, Match
from tests.factories import story
from tests.payments.money_state import MoneyState
from tests.trust import bank_acts, money_acts, portal_acts
from tests.trust.at_once import WHOLE, at_once, scaled
from tests.trust.money_acts import MoneyDay
from tests.trust.money_figures import check_banks, check_figures, check_money, check_vat

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

PEOPLE, ACTS, SEEDS = 5, 30 if WHOLE else 12, scaled(40)


@dataclass
class OneOfMany(MoneyDay):
    """Somebody beside whom others work: what stood before means nothing after."""

    def state(self) -> MoneyState:
        return MoneyState({})

    def as_it_was(self, undo: Callable[[], object], before: MoneyState) -> None:
        if self.chance.random() < 0.3:
            undo()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_several_people_do_at_once_agrees_in_the_end(seed: int, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    # all on one day: a number is never dated before the last one
    acts = [one for one in (*money_acts.ACTS, *bank_acts.ACTS, *portal_acts.ACTS) if one is not money_acts.time_passes]
    with company_scope(company):
        MoneyDay(company, random.Random(seed)).open()

    def person(place: int) -> MoneyDay:
        with company_scope(company):
            day = OneOfMany(company, random.Random(1000 * seed + place), acts=acts)
            for _act in range(ACTS):
                day.do_something()
            return day

    days = at_once(PEOPLE, person)
    assert sum(len(day.done) for day in days) > PEOPLE * ACTS / 2
    with company_scope(company):
        check_figures(company)
        check_money()
        check_vat()
        check_banks(local_day(story.AT))
        matched = BankLine.objects.exclude(status__in=["OPEN", "VOID"]).count()
        assert Match.objects.filter(undone_at=None).count() == matched, "each line is explained once"
        assert chain.verify(company) == []
        assert not LoopFailure.objects.exists()
