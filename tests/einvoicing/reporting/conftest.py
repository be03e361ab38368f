"""A company that sends its own reports to the simulated platform."""

from __future__ import annotations

from datetime import date

import pytest

from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.reporting.choosing import choose_reporting
from einvoicing.reporting.models import Channel, Regime
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.story import ACTOR, AT

FIRST = date(2026, 9, 1)


def reports_itself(company: Company, *, since: date = FIRST, regime: str = Regime.MONTHLY, **values: object) -> None:
    with company_scope(company):
        choose_reporting(
            company=company,
            since=since,
            regime=regime,
            actor=ACTOR,
            at=AT,
            **{"channel": Channel.FLOWS, "sends_automatically": True, "sender_code": "0999", **values},
        )


@pytest.fixture
def reporter(sandbox, settings, tmp_path):
    """A company whose reports leave for the simulated platform."""
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    platforms.a_platform_account(company, sandbox, sends_automatically=False)
    reports_itself(company)
    with company_scope(company):
        yield company
