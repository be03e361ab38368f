"""CHORUS_PRO_*: obeyed, replaced or ignored, and the start says which."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from config.kernel.models import Company
from config.runtime import chorus_variables, supervisor
from config.runtime.production import Env
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.services.routing import settings_of
from tests.einvoicing.loopback import answer, serving
from tests.factories.people import signed_in

LIVE = ("https://api.piste.gouv.fr", "https://oauth.piste.gouv.fr/api/oauth/token")
TRIAL = ("https://sandbox-api.piste.gouv.fr", "https://sandbox-oauth.piste.gouv.fr/api/oauth/token")


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[dict[str, Any], list[str]]:
    for name, value in variables.items():
        monkeypatch.setenv(f"CHORUS_PRO_{name}", value)
    notes: list[str] = []
    return chorus_variables.read(Env(), notes.append), notes


@pytest.mark.parametrize(
    ("api", "piste", "real", "said"),
    [
        ("https://chorus-pro.gouv.fr/cpro/transverses", "https://piste.gouv.fr/api/oauth/token", LIVE, 2),
        (
            "https://sandbox.chorus-pro.gouv.fr/cpro/transverses",
            "https://sandbox.piste.gouv.fr/api/oauth/token",
            TRIAL,
            2,
        ),
        ("https://api.piste.gouv.fr/cpro/factures/v1", LIVE[1], LIVE, 1),
        (*LIVE, LIVE, 0),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/api/oauth/token", None, 0),
        ("", "", ("", ""), 0),
    ],
)
def test_an_address_that_piste_does_not_have_is_replaced_and_said(
    monkeypatch: pytest.MonkeyPatch, api: str, piste: str, real: tuple[str, str] | None, said: int
) -> None:
    found, notes = read(monkeypatch, API_URL=api, PISTE_URL=piste)
    assert (found["base_url"], found["token_url"]) == (real or (api, piste))
    assert len(notes) == said
    assert all(note.startswith("CHORUS_PRO_") and "remplace" in note for note in notes)


def test_scope_and_version_are_obeyed_or_said_to_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "chorus-pro:invoice:submit chorus-pro:invoice:consult"
    found, notes = read(monkeypatch, SCOPE=printed, API_VERSION="v2")
    assert found["scope"] == ""
    assert ["CHORUS_PRO_API_VERSION=v2" in notes[0], f"CHORUS_PRO_SCOPE={printed}" in notes[1]] == [True, True]
    assert read(monkeypatch, SCOPE="openid profile", API_VERSION="v1") == (found | {"scope": "openid profile"}, [])


def test_times_are_milliseconds_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _notes = read(monkeypatch, API_TIMEOUT="60000", RETRY_ATTEMPTS="3", RETRY_DELAY="1500")
    assert (found["read_timeout"], found["retry_attempts"], found["retry_delay"]) == (60, 3, 1.5)
    for name, value in (
        ("RETRY_ATTEMPTS", "0"),
        ("RETRY_DELAY", "-1"),
        ("API_TIMEOUT", "3600000"),
        ("RETRY_DELAY", "x"),
    ):
        with monkeypatch.context() as patch, pytest.raises(SystemExit, match=f"CHORUS_PRO_{name}"):
            read(patch, **{name: value})


def test_the_start_and_the_check_say_each(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CHORUS_PRO_NOTES = ["CHORUS_PRO_SCOPE=x est ignorée."]
    assert supervisor.ignored_variables() == settings.CHORUS_PRO_NOTES
    call_command("check", "einvoicing")
    assert "CHORUS_PRO_SCOPE=x est ignorée." in capsys.readouterr().err


@pytest.mark.django_db
def test_an_address_left_empty_is_the_variable_s_and_follows_it(company: Company, settings: Any) -> None:
    settings.CHORUS_PRO = {
        **settings.CHORUS_PRO, "client_id": "piste", "client_secret": "x", "base_url": "https://relay.example.fr",
        "token_url": "https://relay.example.fr/token",
    }  # fmt: skip
    typed = {
        "name": "Chorus Pro", "environment": "production", "login": "TECH_1@cpro.fr", "password": "its own",
        "default_format": "Factur-X", "is_enabled": "on",
    }  # fmt: skip
    page = signed_in(company).post("/settings/platform/chorus_pro/", typed)
    assert page.status_code == 302
    account = PlatformAccount.everywhere.get(company=company)
    assert (account.base_url, settings_of(account).base_url) == ("", "https://relay.example.fr")
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "base_url": "https://other.example.fr"}
    assert settings_of(account).base_url == "https://other.example.fr"
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "base_url": "", "token_url": ""}
    assert (settings_of(account).base_url, settings_of(account).token_url) == LIVE


@pytest.mark.django_db
def test_the_scope_is_asked_for(company: Company, settings: Any) -> None:
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "scope": "openid profile"}
    with serving(answer("400 Bad Request", b"{}")) as server:
        account = PlatformAccount(
            company=company,
            kind="chorus_pro",
            name="x",
            base_url=server.url,
            token_url=f"{server.url}/t",
            client_id="c",
        )
        platform = ChorusProPlatform(settings_of(account))
        with pytest.raises(Exception, match="identifiants"):
            platform.ping()
        platform.close()
        assert b"scope=openid+profile" in server.requests[0]
