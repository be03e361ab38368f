"""What Chorus Pro knows of public bodies, asked with patience."""

from __future__ import annotations

import dataclasses
from datetime import date
from functools import partial

import pytest

from config.kernel.errors import RemoteError
from einvoicing.platforms.chorus_pro import lookups as module
from einvoicing.platforms.chorus_pro.lookups import Lookups, day
from einvoicing.platforms.chorus_pro.structures import Requirements, from_dict, to_dict
from tests.einvoicing.loopback import answer, serving
from tests.einvoicing.platforms.chorus_pro.test_calls import TOKEN, said, settings

pytestmark = pytest.mark.django_db

WANTS_SERVICE, WANTS_ENGAGEMENT, WANTS_BOTH = "21750001600019", "21350100000011", "11000201100044"
WANTS_EITHER, WANTS_NOTHING, UNKNOWN = "26750045200011", "18008901300015", "99999999900000"
CLOSED = "20005278500017"


@pytest.fixture
def lookups(account):
    found = Lookups(dataclasses.replace(account.settings, retry_delay=0))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("siret", "expected", "reports"),
    [
        (WANTS_SERVICE, Requirements(service_code=True), True),
        (WANTS_ENGAGEMENT, Requirements(engagement=True), False),
        (WANTS_BOTH, Requirements(service_code=True, engagement=True), True),
        (WANTS_EITHER, Requirements(either=True), True),
        (WANTS_NOTHING, Requirements(), True),
    ],
)
def test_each_body_says_what_it_requires(lookups, siret, expected, reports):
    found = lookups.structure(siret)
    assert (found.siret, found.is_active, found.requirements, found.reports_payment) == (siret, True, expected, reports)
    assert from_dict(to_dict(found)) == found


def test_a_body_nobody_knows_is_a_refusal_there_and_nobody_here(lookups, api):
    refused = api.post(
        "structures/v1/rechercher",
        {"structure": {"typeIdentifiantStructure": "SIRET", "identifiantStructure": UNKNOWN}},
    )
    assert (refused.status_code, refused.json()["codeRetour"]) == (200, 20002)
    assert lookups.structure(UNKNOWN) is None


def test_another_refusal_of_a_search_is_not_taken_for_nobody():
    with serving(TOKEN, said(codeRetour=20001, libelle="Un critère est obligatoire")) as server:
        found = Lookups(settings(server.url))
        with pytest.raises(RemoteError):
            found.structure(UNKNOWN)
        found.close()


def test_a_body_that_is_closed_says_so(lookups):
    assert lookups.structure(CLOSED).is_active is False


@pytest.mark.parametrize("siret", ["", "123", "2175000160001X", "217500016 00019"])
def test_a_siret_that_is_none_is_not_asked_for(lookups, siret):
    with pytest.raises(RemoteError) as caught:
        lookups.structure(siret)
    assert caught.value.code == "bad_siret"


def test_the_services_are_listed_with_their_days_without_the_one_reserved_to_public_bodies(lookups):
    assert [row.code for row in lookups.structure(WANTS_BOTH).services] == ["D2300000075"]
    services = {row.code: row for row in lookups.structure(WANTS_SERVICE).services}
    today = date(2026, 11, 20)
    assert {code for code, row in services.items() if row.is_open(today)} == {"SRV01"}
    assert services["CLOS"].is_open(date(2025, 12, 31))
    assert services["FUTUR"].is_open(date(2099, 1, 1))


def test_a_service_may_want_a_commitment_of_its_own(lookups):
    found = lookups.structure(WANTS_EITHER)
    wants = {row.code: lookups.service_wants_engagement(found, row) for row in found.services}
    assert wants == {"ACHATS": False, "TRAVAUX": True}


def test_a_name_is_found_whatever_its_accents(lookups):
    for words in ("Ministère", "MINISTERE", "ministere de l’economie"):
        assert "24690025200015" in {row.siret for row in lookups.named(words)}
    assert lookups.named("Nulle part") == ()


def test_a_commitment_is_known_to_the_state_or_not(lookups):
    own = lookups.technical_account("")
    assert [lookups.engagement_exists(own, number) for number in ("ENG-1", "1234567890", "NOWHERE")] == [
        True, True, False,
    ]  # fmt: skip


def test_the_password_of_the_technical_account_has_an_end(account, lookups):
    account.fails("password-ends", value="2026-12-05", times=9)
    assert lookups.technical_account("").password_expires_on == date(2026, 12, 5)
    account.fails("unattached", times=9)
    assert lookups.technical_account("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None), ("", None), ("2026-12-05", date(2026, 12, 5)), ("2026-12-05 00:00", date(2026, 12, 5)),
        ("05/12/2026", date(2026, 12, 5)), ("05/12/2026 23:59", date(2026, 12, 5)),
        ("2026-12-04T23:00:00.000Z", date(2026, 12, 5)),
    ],
)  # fmt: skip
def test_a_day_is_read_in_each_of_its_forms(text, expected):
    assert day(text) == expected


def test_a_day_that_cannot_be_read_is_not_ignored():
    with pytest.raises(RemoteError):
        day("le 5 décembre")


@pytest.mark.parametrize(
    ("api_name", "label"), [("structures", "Structures"), ("engagementsJuridiques", "Engagements juridiques")]
)
def test_an_api_that_is_not_subscribed_is_named(account, lookups, api_name, label):
    own = lookups.technical_account("")
    account.fails("unsubscribed", value=api_name, times=9)
    ask = partial(lookups.structure, WANTS_SERVICE)
    with pytest.raises(RemoteError) as caught:
        ask() if api_name == "structures" else lookups.engagement_exists(own, "ENG-1")
    assert (caught.value.code, caught.value.retryable) == ("not_subscribed", False)
    assert f"« {label} »" in caught.value.message


def test_an_expired_password_is_the_technical_account_s(account, lookups):
    account.fails("expired-password", times=9)
    with pytest.raises(RemoteError) as caught:
        lookups.structure(WANTS_SERVICE)
    assert caught.value.code == "invalid_account"


# -- patience ----------------------------------------------------------------------------------------------------------

BUSY = answer("429 Too Many Requests", b"", Retry_After="7")
BROKEN = answer("500 Internal Server Error", b"")
NAMED = said(codeRetour=0, listeStructures=[])


@pytest.fixture
def pauses(monkeypatch):
    found = []
    monkeypatch.setattr(module, "sleep", found.append)
    return found


def test_a_busy_service_is_asked_again_when_it_says_and_then_as_the_delay_says(pauses):
    with serving(TOKEN, BUSY, BROKEN, NAMED) as server:
        found = Lookups(dataclasses.replace(settings(server.url), retry_attempts=3, retry_delay=0.5))
        assert found.named("x") == ()
        found.close()
    assert pauses == [7.0, 1.0]


def test_it_is_asked_no_more_often_than_the_attempts_say(pauses):
    with serving(TOKEN, BROKEN, BROKEN, NAMED) as server:
        found = Lookups(dataclasses.replace(settings(server.url), retry_attempts=2, retry_delay=0.5))
        with pytest.raises(RemoteError) as caught:
            found.named("x")
        found.close()
        assert len(server.requests) == 3
    assert (caught.value.code, pauses) == ("http_500", [0.5])


def test_a_service_that_asks_for_more_patience_than_a_person_has_is_not_waited_for(pauses):
    with serving(TOKEN, answer("429 Too Many Requests", b"", Retry_After="3600")) as server:
        found = Lookups(settings(server.url))
        with pytest.raises(RemoteError) as caught:
            found.named("x")
        found.close()
    assert (caught.value.retry_after, pauses) == (3600, [])


def test_a_refusal_is_not_asked_again(pauses):
    with serving(TOKEN, answer("404 Not Found", b"")) as server:
        found = Lookups(settings(server.url))
        with pytest.raises(RemoteError):
            found.named("x")
        found.close()
    assert pauses == []


@pytest.mark.parametrize(
    ("wants", "service", "engagement", "missing"),
    [
        (Requirements(service_code=True, engagement=True), "", "", ("service_code", "engagement")),
        (Requirements(service_code=True, engagement=True), "S", "", ("engagement",)),
        (Requirements(either=True), "", "", ("either",)),
        (Requirements(either=True), "S", "", ()),
        (Requirements(either=True), "", "E", ()),
        (Requirements(), "", "", ()),
    ],
)
def test_what_is_missing_is_named(wants, service, engagement, missing):
    assert wants.missing(service_code=service, engagement=engagement) == missing
