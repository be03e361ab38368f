"""Revolut as hard as it is: its quota, its ninety days, its words; and what our reading makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from django.utils import timezone

from config.kernel.errors import RemoteError
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.feeds.revolut import client as api
from payments.feeds.revolut import keys
from payments.models import Feed
from payments.services.feeds import revolut
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.payments.revolut import Business

pytestmark = pytest.mark.django_db
OLD = datetime.fromisoformat("2020-01-01T00:00:00Z")


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company() -> Iterator[Company]:
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


@pytest.fixture
def business(sandbox: str, company: Company) -> Business:
    return Business(sandbox, company).consents()


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def asks(business: Business, path: str, **options: Any) -> requests.Response:
    token = revolut.renewed_token(Feed.objects.get(), timezone.now())
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(
        options.pop("method", "GET"), f"{business.base_url}{path}", headers=headers, timeout=5, **options
    )


# -- the quota -----------------------------------------------------------------------------------------------------


def test_the_sixty_first_call_of_a_minute_is_refused_and_says_when_to_come_back(
    business: Business, settings: Any
) -> None:
    settings.SANDBOX_REVOLUT_MINUTE = 3
    answers = [asks(business, "/accounts") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]  # two tokens were asked for as well
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json()["code"] == 3162


def test_a_reading_that_the_quota_stops_says_so_and_goes_on_where_it_stopped(
    business: Business, settings: Any, now: datetime
) -> None:
    for days in (80, 50, 20, 1):
        business.moves(100 + days, at=now - timedelta(days=days))
    settings.SANDBOX_REVOLUT_MINUTE = len(business.calls()) + 3 + 5  # token, accounts, details; three periods of six
    with pytest.raises(RemoteError) as refused:
        business.reads(now)
    assert (refused.value.code, refused.value.retry_after is not None) == ("http_429", True)
    feed = Feed.objects.get()
    assert "ralentir" in feed.last_error
    assert (feed.read_at, len(business.lines())) == (None, 2)
    settings.SANDBOX_REVOLUT_MINUTE = 10_000
    before = business.calls().count("transactions")
    assert business.reads(now + timedelta(minutes=5)) == 2
    assert business.calls().count("transactions") - before == 5, "the periods that were read whole are not read again"


def test_one_reading_stays_below_the_quota_by_itself(
    business: Business, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(api, "MOST_CALLS", 4)
    for days in (80, 50, 20, 1):
        business.moves(100 + days, at=now - timedelta(days=days))
    turns = 0
    while Feed.objects.get().read_at is None:
        turns += 1
        try:
            business.reads(now + timedelta(minutes=turns))
        except RemoteError as error:
            assert error.code == "quota"  # noqa: PT017 - the last turn raises nothing
    assert (turns, len(business.lines())) == (6, 4)


def test_only_accounts_in_a_currency_of_ours_are_asked_for_their_details(business: Business, now: datetime) -> None:
    for currency in ("USD", "GBP", "CHF"):
        business.an_account("FR7612345987650123456789014", currency=currency, name=currency)
    business.reads(now)
    assert business.calls().count("bank-details") == 1
    assert Feed.objects.get().left_out == ["CHF (CHF)", "GBP (GBP)", "USD (USD)"]


# -- ninety days ---------------------------------------------------------------------------------------------------


def test_what_is_older_than_ninety_days_is_closed_five_minutes_after_the_first_consent(
    business: Business, now: datetime
) -> None:
    old = business.moves(1, at=now - timedelta(days=100))
    asked = {"from": (now - timedelta(days=120)).isoformat()}
    assert len(asks(business, "/transactions", params=asked).json()) == 1
    business.tell(consented_at=(now - timedelta(minutes=6)).isoformat())
    refused = asks(business, "/transactions", params=asked)
    assert (refused.status_code, refused.json()["code"]) == (403, 9002)
    assert asks(business, f"/transaction/{old['id']}").status_code == 403
    business.consents()
    assert asks(business, "/transactions", params=asked).status_code == 403, "consenting again opens nothing"


def test_our_first_reading_asks_for_nothing_that_is_closed(business: Business, now: datetime) -> None:
    business.tell(consented_at=OLD.isoformat())
    business.moves(1, at=now - timedelta(days=89))
    business.moves(2, at=now - timedelta(days=400))
    assert business.reads(now) == 1


def test_a_reading_that_is_refused_says_what_to_do(business: Business, now: datetime) -> None:
    business.tell(consented_at=OLD.isoformat())
    with pytest.raises(RemoteError, match="plus de 90 jours") as refused:
        business.reads(now - timedelta(days=30))
    assert (refused.value.code, refused.value.retryable) == ("forbidden", False)
    assert "Autorisez de nouveau" in Feed.objects.get().last_error


# -- its words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/transactions", {"counterparty": "x"}, 400),
        ("/transactions", {"count": "1001"}, 400),
        ("/transactions", {"count": "0"}, 400),
        ("/transactions", {"from": "yesterday"}, 400),
        ("/transactions", {"from": "2026-11-01T10:00:00"}, 400),
        ("/transactions", {"state": "done"}, 400),
        ("/transactions", {"from": "2026-11-01", "state": ["completed", "pending"]}, 200),
        ("/accounts", {"page": "2"}, 400),
        ("/transaction/unknown", {}, 404),
    ],
)
def test_a_parameter_it_does_not_know_is_refused(business: Business, path: str, params: Any, status: int) -> None:
    assert asks(business, path, params=params).status_code == status


def test_the_bounds_are_inclusive_and_exclusive_and_the_newest_comes_first(business: Business, now: datetime) -> None:
    first, second = now - timedelta(hours=2), now - timedelta(hours=1)
    told = [business.moves(amount, at=at)["id"] for amount, at in ((1, first), (2, second), (3, now))]
    found = asks(business, "/transactions", params={"from": first.isoformat(), "to": now.isoformat()}).json()
    assert [row["id"] for row in found] == [told[1], told[0]]


def test_the_scope_read_opens_no_writing(business: Business) -> None:
    refused = asks(business, "/transactions", method="POST", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, 9002)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://b2b.revolut.com"},
        {"aud": ["https://revolut.com", "https://example.org"]},
        {"iss": "https://127.0.0.1"},
        {"sub": "somebody"},
        {"exp": 1},
        {"exp": None},
    ],
)
def test_each_claim_of_the_assertion_is_judged(business: Business, changes: dict[str, Any]) -> None:
    feed = Feed.objects.get()
    key = feed.secret("key")
    good = jwt.decode(
        keys.assertion(key, client_id=business.client_id, issuer=revolut.issuer(), at=timezone.now()),
        options={"verify_signature": False},
    )
    claims = {name: value for name, value in (good | changes).items() if value is not None}
    form = {
        "grant_type": "refresh_token",
        "refresh_token": feed.secret("grant"),
        "client_id": business.client_id,
        "client_assertion_type": api.ASSERTION_TYPE,
        "client_assertion": jwt.encode(claims, key, algorithm="RS256"),
    }
    assert requests.post(f"{business.base_url}/auth/token", data=form, timeout=5).status_code == 401
    form["client_assertion"] = jwt.encode(good, key, algorithm="RS256")
    assert requests.post(f"{business.base_url}/auth/token", data=form, timeout=5).status_code == 200
