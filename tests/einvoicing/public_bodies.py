"""A company with an account at the simulated Chorus Pro, and public bodies whose records say nothing of their needs."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.calls import Caller
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.documents import preflight
from tests.api.client import Partner, a_partner
from tests.factories import platforms, story

TOWN, WANTS_ENGAGEMENT, MINISTRY = "21750001600019", "21350100000011", "11000201100044"
HOSPITAL, CLOSED, WANTS_NOTHING = "26750045200011", "20005278500017", "18008901300015"
AGENCY = "13002526500021"


@pytest.fixture(autouse=True)
def quick(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "retry_attempts": 1, "retry_delay": 0.0}


def an_account(company: Company, address: str, **values: Any) -> PlatformAccount:
    login = f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr"
    account = platforms.a_platform_account(
        company, address, kind="chorus_pro", login=login, sends_automatically=False, **values
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url = f"{address}/api/oauth/token"
    account.save()
    return account


@pytest.fixture
def account(company: Company, sandbox: str) -> PlatformAccount:
    return an_account(company, sandbox)


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)


def fails(account: PlatformAccount, kind: str, *, value: str = "", times: int = 99) -> None:
    order = {"kind": kind, "value": value, "operation": "", "client_id": account.client_id, "remaining": times}
    requests.post(f"{account.base_url}/sandbox/faults", json=order, timeout=5)


def a_body_of(company: Company, siret: str) -> Customer:
    """A customer whose record says nothing of what it wants."""
    return story.a_customer(company, name="Entité publique", siret=siret, is_public_body=True)


def broken(draft: Invoice, at: Any = story.AT) -> set[tuple[str, str]]:
    with company_scope(draft.company_id):
        report = preflight(invoice=draft, at=at)
    return {(row.rule, row.severity) for row in report.violations if row.rule.startswith("CPRO")}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions of the product were open at each call of Chorus Pro."""
    level, post, found = len(connection.atomic_blocks), Caller.post, []

    def counted(*args: Any, **options: Any) -> Any:
        found.append(len(connection.atomic_blocks) - level)
        return post(*args, **options)

    monkeypatch.setattr(Caller, "post", counted)
    return found


exchanges = opened
