"""POST /api/finance/sync for Revolut and Invoice Ninja: each source tells what came, or why nothing did."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.kernel.models import Company, Job
from config.kernel.scope import company_scope
from payments.models import Feed
from payments.services.feeds import invoice_ninja, revolut
from tests.api.client import Partner, a_partner, json_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money
from tests.factories.people import read, signed_in
from tests.payments.revolut import Business
from tests.payments.test_invoice_ninja import Ninja, a_ninja

pytestmark = pytest.mark.django_db
REVOLUT, NINJA = "Revolut Business", "Invoice Ninja"


@pytest.fixture(autouse=True)
def _as_tests_reach_it(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.WEBHOOK_ALLOW_PRIVATE = str(tmp_path), True


@pytest.fixture
def ninja(sandbox: str) -> Ninja:
    return a_ninja(sandbox)


@pytest.fixture
def company(ninja: Ninja) -> Company:
    money.a_bank_account(ninja.company)
    return ninja.company


@pytest.fixture
def business(sandbox: str, company: Company) -> Business:
    return Business(sandbox, company).consents()


@pytest.fixture
def partner(company: Company) -> Partner:
    return a_partner(company)


def synced(partner: Partner, source: str = "all") -> dict[str, tuple[int, str]]:
    answer = partner.post("/api/finance/sync", {"source": source})
    assert answer.status_code == 200, answer.content
    return {row["source"]: (row["messages"], row["problem"]) for row in json_of(answer)["results"]}


def test_each_source_tells_what_came_also_when_it_is_nothing(
    business: Business, ninja: Ninja, partner: Partner
) -> None:
    assert synced(partner) == {REVOLUT: (0, ""), NINJA: (0, "")}
    business.moves(120.0, at=timezone.now())
    ninja.pays(100.0)
    assert synced(partner) == {REVOLUT: (1, ""), NINJA: (1, "")}
    assert synced(partner, "invoice_ninja") == {NINJA: (0, "")}


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("expired", "autorisez de nouveau"),
        ("429", "ralentir"),
        ("403", "plus de 90 jours"),
        ("no consent", revolut.NoConsent.message),
        ("no account", revolut.NoAccountOfOurs.message),
    ],
)
def test_revolut_s_problem_stands_in_the_answer_and_stops_nobody_else(
    business: Business, ninja: Ninja, partner: Partner, trouble: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ninja.pays(100.0)
    if trouble == "expired":
        business.tell(revoked=True)
    elif trouble == "429":
        business.fails("429", operation="search")
    elif trouble == "403":
        business.tell(consented_at="2020-01-01T00:00:00+00:00")
        monkeypatch.setattr(revolut, "FIRST", timedelta(days=120))
    elif trouble == "no consent":
        Feed.everywhere.filter(pk=business.feed.pk).update(grant_cipher="")
    else:
        business.tell(accounts=[{"id": business.account, "currency": "USD"}])
    found = synced(partner)
    assert (found[REVOLUT][0], words in found[REVOLUT][1]) == (0, True), found
    assert found[NINJA] == (1, "")
    assert Feed.everywhere.get(pk=business.feed.pk).last_error


@pytest.mark.parametrize(
    ("trouble", "words"), [("expired-token", "refuse le jeton"), ("429", "ralentir"), ("empty-body", "illisible")]
)
def test_invoice_ninja_s_problem_stands_in_the_answer(ninja: Ninja, partner: Partner, trouble: str, words: str) -> None:
    ninja.fault(trouble)
    messages, problem = synced(partner, "invoice_ninja")[NINJA]
    assert (messages, words in problem) == (0, True), problem
    job = Job.objects.get(company=ninja.company, kind="sync")
    assert (job.status, words in job.problem) == ("FAILED", True)  # no source was read


def test_what_a_reading_could_not_keep_stands_in_the_answer_and_on_the_page(
    business: Business, ninja: Ninja, partner: Partner
) -> None:
    business.an_account("FR7612345987650123456789014", name="Épargne")
    ninja.tell(invoices={"NINJA-0042": 100.0})
    found = synced(partner)
    assert "Épargne (EUR)" in found[REVOLUT][1]
    assert invoice_ninja.UnknownNumber.message in found[NINJA][1]
    assert synced(partner, "invoice_ninja") == {NINJA: (0, "")}, "said once, as it is written once"
    ninja.tell(invoices={"NINJA-0043": 100.0})
    page = read(signed_in(ninja.company).post("/settings/bank/feeds/invoice-ninja/read/", follow=True))
    assert invoice_ninja.UnknownNumber.message in page


def test_a_feed_that_is_switched_off_is_not_read(ninja: Ninja, partner: Partner) -> None:
    with company_scope(ninja.company):
        Feed.objects.update(is_enabled=False)
    refused = partner.post("/api/finance/sync", {"source": "invoice_ninja"})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_connected")
    assert ninja.calls() == []
