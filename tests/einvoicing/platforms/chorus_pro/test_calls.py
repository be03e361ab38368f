"""Both credentials on every call, the verdict inside the answer, and secrets that stay secret."""

from __future__ import annotations

import base64
import dataclasses
import json
import traceback
import uuid
from urllib.parse import parse_qs

import pytest
from requests.adapters import HTTPAdapter

from config.kernel import http
from config.kernel.errors import RemoteError
from einvoicing.platforms.base import Deposit, PlatformSettings, Watched
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from tests.einvoicing.loopback import Behaviour, answer, serving

TOKEN = answer(
    "200 OK", b'{"access_token": "tok-0123456789", "token_type": "Bearer", "expires_in": 3600, "scope": "openid"}'
)
DEPOSIT = Deposit(b"<x/>", "FAC-1.xml", "CII", "t-1", number="FAC-1")
SECRETS = ("tell-nobody", "hush-password", base64.b64encode(b"TECH_1@cpro.fr:hush-password").decode(), "tok-0123456789")


def settings(address: str) -> PlatformSettings:
    return PlatformSettings(
        kind="chorus_pro",
        base_url=address,
        token_url=f"{address}/api/oauth/token",
        client_id=uuid.uuid4().hex,
        client_secret="tell-nobody",
        login="TECH_1@cpro.fr",
        password="hush-password",
        connect_timeout=2,
        read_timeout=2,
        connections=HTTPAdapter,
    )


def said(status: str = "200 OK", **facts: object) -> Behaviour:
    return answer(status, json.dumps(facts).encode(), Content_Type="application/json")


def failure(*behaviours: Behaviour) -> RemoteError:
    """Deposit against these answers, one per exchange, the token's first."""
    with serving(*behaviours) as server:
        platform = ChorusProPlatform(settings(server.url))
        with pytest.raises(RemoteError) as caught:
            platform.deposit(DEPOSIT)
        platform.close()
    return caught.value


def test_a_call_carries_the_token_and_the_technical_account():
    accepted = said(codeRetour=0, libelle="GCU_MSG_01_000", numeroFluxDepot="CPP1", dateDepot="2026-11-21")
    with serving(TOKEN, accepted) as server:
        platform = ChorusProPlatform(settings(server.url))
        receipt = platform.deposit(DEPOSIT)
        platform.close()
        asked, sent = server.requests
    assert receipt.remote_id == "CPP1"
    form = parse_qs(asked.partition(b"\r\n\r\n")[2].decode())
    assert (form["grant_type"], form["scope"]) == (["client_credentials"], ["openid"])
    head, _, body = sent.decode().partition("\r\n\r\n")
    assert head.startswith("POST /cpro/factures/v1/deposer/flux HTTP/1.1")
    assert "Authorization: Bearer tok-0123456789" in head
    assert f"cpro-account: {base64.b64encode(b'TECH_1@cpro.fr:hush-password').decode()}" in head
    assert "Content-Type: application/json;charset=utf-8" in head
    assert json.loads(body)["syntaxeFlux"] == "IN_DP_E1_CII_16B"


def test_a_refusal_inside_an_http_200_is_a_refusal():
    error = failure(TOKEN, said(codeRetour=20001, libelle="Le fichier est illisible"))
    assert (error.code, error.retryable, error.outcome_unknown) == ("20001", False, False)
    assert "Le fichier est illisible" in error.message


def test_a_refusal_by_http_400_says_the_same():
    error = failure(TOKEN, said("400 Bad Request", codeRetour=20003, libelle="Trop volumineux"))
    assert (error.code, error.retryable, error.outcome_unknown) == ("20003", False, False)
    assert "Trop volumineux" in error.message


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"codeRetour": null}', b'{"codeRetour": 0}'])
def test_an_answer_that_proves_nothing_leaves_the_deposit_unknown(body):
    error = failure(TOKEN, answer("200 OK", body))
    assert (error.outcome_unknown, error.retryable) == (True, True)


@pytest.mark.parametrize(
    ("status", "retryable", "unknown"),
    [
        ("403 Forbidden", False, False),
        ("404 Not Found", False, False),
        ("429 Too Many Requests", True, False),
        ("500 Internal Server Error", True, True),
        ("502 Bad Gateway", True, True),
        ("503 Service Unavailable", True, False),
    ],
)
def test_the_gateway_s_failures_say_whether_to_try_again(status, retryable, unknown):
    error = failure(TOKEN, answer(status, b"", Retry_After="7"))
    assert (error.retryable, error.outcome_unknown) == (retryable, unknown)
    assert error.retry_after == (7 if status[:3] in {"429", "503"} else None)


def test_a_401_replaces_the_token_once_and_then_blames_the_technical_account():
    refused = answer("401 Unauthorized")
    with serving(TOKEN, refused, TOKEN, refused) as server:
        platform = ChorusProPlatform(settings(server.url))
        with pytest.raises(RemoteError) as caught:
            platform.deposit(DEPOSIT)
        platform.close()
        paths = [request.split(b" ")[1] for request in server.requests]
    assert paths == [b"/api/oauth/token", b"/cpro/factures/v1/deposer/flux"] * 2
    assert (caught.value.code, caught.value.retryable) == ("invalid_account", False)


def test_a_service_that_ignores_a_criterion_gives_us_nobody_else_s_invoice():
    other = {"identifiantFactureCPP": 7, "numeroFacture": "FAC-2", "numeroFluxDepot": "CPP2", "statut": "DEPOSEE"}
    with serving(TOKEN, said(codeRetour=0, listeFactures=[other])) as server:
        platform = ChorusProPlatform(settings(server.url))
        assert platform.find("t", "FAC-1") is None
        assert platform.incoming("", [Watched("CPP1", "t", "")]).messages == ()
        platform.close()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "429 Too Many Requests"])
def test_a_failure_that_is_not_about_the_document_is_no_verdict_on_it(status):
    refused = said(status, codeRetour=9) if status[:3] in {"401", "403"} else answer(status)
    with serving(TOKEN, refused, TOKEN, refused) as server:
        platform = ChorusProPlatform(settings(server.url))
        with pytest.raises(RemoteError):
            platform.acknowledgement("CPP1")
        platform.close()


def test_an_invoice_alive_is_found_before_one_of_its_number_that_was_rejected():
    rows = [
        {"identifiantFactureCPP": key, "numeroFacture": "FAC-1", "numeroFluxDepot": f"CPP{key}", "statut": status}
        for key, status in ((7, "REJETEE"), (8, "DEPOSEE"), (9, "REJETEE"))
    ]
    with serving(TOKEN, said(codeRetour=0, listeFactures=rows)) as server:
        platform = ChorusProPlatform(settings(server.url))
        found = platform.find("t", "FAC-1")
        platform.close()
    assert found is not None
    assert found.remote_id == "CPP8"


def test_a_token_is_kept_until_shortly_before_its_end(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("einvoicing.platforms.tokens.time.monotonic", lambda: now[0])
    accepted = said(codeRetour=0, listeFactures=[])
    with serving(TOKEN, accepted, accepted, TOKEN, accepted) as server:
        account = settings(server.url)
        for at in (1000.0, 1000.0 + 3600 - 241, 1000.0 + 3600 - 239):
            now[0] = at
            platform = ChorusProPlatform(account)
            platform.find("t", "FAC-1")
            platform.close()
        asked = [b"oauth" in request.split(b"\r\n")[0] for request in server.requests]
    assert asked == [True, False, False, True, False]


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized"])
def test_a_wrong_application_is_said_clearly(status):
    error = failure(answer(status, b'{"error": "invalid_client"}'))
    assert (error.code, error.retryable) == ("invalid_client", False)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_secrets_are_in_no_log_no_representation_and_no_failure(monkeypatch, status):
    lines: list[dict[str, object]] = []

    class Recorder:
        def info(self, _event: str, **facts: object) -> None:
            lines.append(facts)

    monkeypatch.setattr(http, "log", Recorder())
    echo = said(
        status,
        codeRetour=1,
        libelle="Bearer tok-0123456789 password=hush-password client_secret=tell-nobody",
    )
    with serving(TOKEN, echo) as server:
        platform = ChorusProPlatform(settings(server.url))
        with pytest.raises(RemoteError) as caught:
            platform.deposit(DEPOSIT)
        shown = [repr(platform), repr(vars(platform)), repr(vars(platform._caller)), repr(settings(server.url))]
        platform.close()
    assert len(lines) == 2
    shown += [str(lines), str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    for secret in SECRETS:
        assert all(secret not in text for text in shown)


def test_a_client_certificate_that_is_not_there_is_said_before_anything_is_sent(tmp_path):
    absent = dataclasses.replace(settings("https://example.invalid"), certificate=str(tmp_path / "absent.pem"))
    with pytest.raises(RemoteError) as caught:
        ChorusProPlatform(absent)
    assert (caught.value.code, caught.value.retryable) == ("missing_certificate", False)


def test_a_client_certificate_goes_with_every_call(tmp_path):
    pem = tmp_path / "client.pem"
    pem.write_text("certificate and key")
    platform = ChorusProPlatform(dataclasses.replace(settings("https://example.invalid"), certificate=str(pem)))
    assert platform._caller.session._requests.cert == str(pem)
    platform.close()
