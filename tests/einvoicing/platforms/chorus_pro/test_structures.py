"""What Chorus Pro knows of public bodies, and how long we remember it."""

from __future__ import annotations

import pytest

from config.kernel.errors import RemoteError
from einvoicing.platforms.chorus_pro import structures
from einvoicing.platforms.chorus_pro.structures import Requirements

pytestmark = pytest.mark.django_db

WANTS_SERVICE, WANTS_ENGAGEMENT, WANTS_BOTH = "21750001600019", "21350100000015", "11000201100044"
WANTS_EITHER, WANTS_NOTHING, UNKNOWN = "26750045200011", "18008901300028", "99999999900000"


@pytest.mark.parametrize(
    ("siret", "expected"),
    [
        (WANTS_SERVICE, Requirements(service_code=True)),
        (WANTS_ENGAGEMENT, Requirements(engagement=True)),
        (WANTS_BOTH, Requirements(service_code=True, engagement=True)),
        (WANTS_EITHER, Requirements(either=True)),
        (WANTS_NOTHING, Requirements()),
    ],
)
def test_each_body_says_what_it_requires(chorus, siret, expected):
    found = chorus.structure(siret)
    assert found is not None
    assert (found.siret, found.is_active, found.requirements) == (siret, True, expected)
    assert chorus.requirements(siret) == expected


def test_a_body_nobody_knows_is_not_found(chorus):
    assert chorus.structure(UNKNOWN) is None
    assert chorus.requirements(UNKNOWN) is None


@pytest.mark.parametrize("siret", ["", "123", "2175000160001X", "217500016 00019"])
def test_a_siret_that_is_none_is_not_asked_for(chorus, siret):
    with pytest.raises(RemoteError) as caught:
        chorus.structure(siret)
    assert caught.value.code == "bad_siret"


def test_the_services_are_listed_without_the_one_reserved_to_public_bodies(chorus):
    found = chorus.structure(WANTS_BOTH)
    assert [(one.code, one.is_active) for one in found.services] == [("D2300000075", True)]


def test_a_service_may_want_a_commitment_of_its_own(chorus):
    assert chorus.requirements(WANTS_EITHER, "ACHATS") == Requirements(either=True)
    assert chorus.requirements(WANTS_EITHER, "TRAVAUX") == Requirements(engagement=True, either=True)


def test_a_body_that_never_tells_its_payments_says_so(chorus):
    assert chorus.structure(WANTS_SERVICE).reports_payment is True
    assert chorus.structure(WANTS_ENGAGEMENT).reports_payment is False


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


def test_answers_are_remembered_a_day_and_no_longer(account, chorus, monkeypatch):
    now = [5000.0]
    monkeypatch.setattr(structures, "clock", lambda: now[0])
    found = chorus.structure(WANTS_SERVICE)
    order = account.fails("500", operation="read", times=10)
    now[0] += 24 * 3600 - 1
    assert chorus.structure(WANTS_SERVICE) == found
    assert account.failures_left(order) == 10
    now[0] += 2
    with pytest.raises(RemoteError):
        chorus.structure(WANTS_SERVICE)


def test_an_absence_is_asked_for_again(account, chorus):
    assert chorus.structure(UNKNOWN) is None
    account.fails("500", operation="read", times=2)
    with pytest.raises(RemoteError):
        chorus.structure(UNKNOWN)
