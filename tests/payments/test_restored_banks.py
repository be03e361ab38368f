"""A restored copy asks the bank what it booked since: money that left is seen before it is paid again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.kernel import quiet, restoring
from config.kernel.models import Company
from config.kernel.restoring import Finding, findings_of, found_elsewhere
from config.kernel.scope import company_scope
from config.kernel.typography import day, money
from payments.models import BankLine, Feed
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money as accounts
from tests.factories import story
from tests.payments.revolut import Business
from tests.trust.test_restored_copy import came_back

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.TRAIL_DIR = str(tmp_path), str(tmp_path / "trail")


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    accounts.a_bank_account(company)
    with company_scope(company):
        yield company


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_what_the_bank_booked_since_is_shown_and_what_is_here_is_not(
    sandbox: str, company: Company, now: datetime
) -> None:
    business = Business(sandbox, company).consents()
    business.moves(100, at=now - timedelta(hours=3))
    assert business.reads(now) == 1
    business.moves(-1440, at=now - timedelta(hours=2))  # paid after the copy was made
    business.moves(-9, at=now - timedelta(hours=1), state="pending")
    came_back()
    row = restoring.compare(quiet.notice(at=now), at=now)
    account = BankLine.objects.get().account
    what = f"{day(now - timedelta(hours=2))} · {money('-1440.00')} · Somebody"
    assert findings_of(row, company)["banks"] == [Finding(account.name, what)]
    assert BankLine.objects.count() == 1, "it is read, not kept: work has not gone on yet"


def test_a_bank_that_cannot_be_asked_is_unknown_and_not_empty(sandbox: str, company: Company, now: datetime) -> None:
    business = Business(sandbox, company)  # nobody consented
    assert found_elsewhere(company, now)["banks"] is None
    business.consents()
    assert found_elsewhere(company, now)["banks"] == []
    business.fails("refuse", times=9)
    Feed.objects.update(is_enabled=False)
    assert found_elsewhere(company, now)["banks"] == [], "a feed that is switched off is not asked"
