"""When Chorus Pro cannot be asked: what it answered before serves, and what is unknown is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings
from django.urls import reverse

from config.kernel.models import Company
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.calls import Caller
from einvoicing.services.documents import preflight
from einvoicing.services.public_bodies import public_body
from einvoicing.services.sending import issue_checked
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.einvoicing.public_bodies import (
    HOSPITAL,
    MINISTRY,
    TOWN,
    WANTS_ENGAGEMENT,
    WANTS_NOTHING,
    a_body_of,
    an_account,
    broken,
    fails,
)
from tests.einvoicing.public_bodies import account as account
from tests.einvoicing.public_bodies import exchanges as exchanges
from tests.einvoicing.public_bodies import opened as opened
from tests.einvoicing.public_bodies import partner as partner
from tests.einvoicing.public_bodies import quick as quick
from tests.factories import platforms, story
from tests.factories.people import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_say_yes")]
ACT = {"actor": story.ACTOR, "at": story.AT}


# -- when Chorus Pro cannot be asked -----------------------------------------------------------------------------------


def test_a_silent_chorus_pro_stops_no_issue_and_what_is_unknown_is_said(company: Company) -> None:
    an_account(company, platforms.NOBODY)
    draft = story.a_draft(a_body_of(company, TOWN))
    page = signed_in(company).get(reverse("einvoicing:invoice-issue", args=[draft.pk]))
    assert not page.context["blocked"]
    assert "ce que cette entité publique exige est inconnu" in page.text
    many = signed_in(company).get(reverse("einvoicing:invoice-issue-many"), {"invoice": draft.pk})
    assert "ce que cette entité publique exige est inconnu" in many.text
    with company_scope(company):
        assert issue_checked(invoice=draft, **ACT).number


def test_what_it_answered_before_serves_and_its_day_is_said(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    with company_scope(company):
        assert public_body(company=company, siret=WANTS_ENGAGEMENT, at=story.AT)
    fails(account, "503")
    draft, later = story.a_draft(a_body_of(company, WANTS_ENGAGEMENT)), story.AT + timedelta(days=3)
    assert broken(draft, later) == {("CPRO-INCONNU", "warning"), ("CPRO-ENGAGEMENT", "fatal")}
    with company_scope(company):
        texts = [row.text for row in preflight(invoice=draft, at=later).violations]
    assert any("16/11/2026" in text for text in texts)


def test_a_chorus_pro_that_failed_is_not_waited_for_again_at_once(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    fails(account, "503")
    for siret in (TOWN, MINISTRY, HOSPITAL):
        assert broken(story.a_draft(a_body_of(company, siret))) == {("CPRO-INCONNU", "warning")}
    assert len(exchanges) == 1
    broken(story.a_draft(a_body_of(company, WANTS_NOTHING)), story.AT + timedelta(minutes=2))
    assert len(exchanges) == 2


def test_an_account_that_is_offline_is_not_asked(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    PlatformAccount.everywhere.filter(pk=account.pk).update(is_offline=True)
    assert broken(story.a_draft(a_body_of(company, TOWN))) == {("CPRO-INCONNU", "warning")}
    assert exchanges == []


def test_a_failure_of_the_service_s_own_question_leaves_what_the_body_wants(
    company: Company, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Caller.post

    def partial(self: Caller, path: str, *args: Any, **options: Any) -> Any:
        return post(self, path.replace("consulter/service", "consulter/sans"), *args, **options)

    monkeypatch.setattr(Caller, "post", partial)
    draft = story.a_draft(a_body_of(company, TOWN), service_code="SRV01")
    assert broken(draft) == {("CPRO-INCONNU", "warning")}


# -- the memory --------------------------------------------------------------------------------------------------------


def test_answers_are_kept_a_day_for_all_processes_and_an_absence_briefly(
    company: Company, account: PlatformAccount, exchanges: list[int]
) -> None:
    unknown = story.a_siret(story.a_siren())

    def asked(siret: str, after: timedelta) -> int:
        exchanges.clear()
        del caches["shared"]  # another process has no connection of ours, nor memory
        with company_scope(company):
            public_body(company=company, siret=siret, at=story.AT + after)
        return len(exchanges)

    assert [asked(TOWN, timedelta(hours=hours)) for hours in (0, 23, 25)] == [3, 0, 3]
    assert [asked(unknown, timedelta(minutes=minutes)) for minutes in (0, 9, 11)] == [1, 0, 1]


def test_without_the_broker_chorus_pro_is_asked_directly(
    company: Company, account: PlatformAccount, exchanges: list[int], settings: Any
) -> None:
    nobody = "redis://127.0.0.1:9/0"
    shared = {**settings.CACHES["shared"], "LOCATION": nobody}
    with override_settings(REDIS_URL=nobody, CACHES={**settings.CACHES, "shared": shared}):
        draft = story.a_draft(a_body_of(company, WANTS_ENGAGEMENT))
        for _again in range(2):
            assert broken(draft) == {("CPRO-ENGAGEMENT", "fatal")}
    assert len(exchanges) == 6


def test_the_shared_cache_empties_itself_alone() -> None:
    shared = caches["shared"]
    shared.set("a", {"x": 1}, 60)
    client = shared._cache.get_client()
    client.set("not-ours", "1", ex=60)
    assert shared.get("a") == {"x": 1}
    shared.clear()
    assert (shared.get("a"), client.get("not-ours")) == (None, b"1")
    client.delete("not-ours")
