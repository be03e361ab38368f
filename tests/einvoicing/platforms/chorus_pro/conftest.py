"""One account on the simulated Chorus Pro, and the same place by bare HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from config.sandbox.accounts import CLIENT_SECRET
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from tests.einvoicing.platforms.conftest import Account, opened


@pytest.fixture
def account(sandbox: str) -> Iterator[Account]:
    with opened("chorus_pro", sandbox) as account:
        yield account


@pytest.fixture
def chorus(account: Account) -> ChorusProPlatform:
    assert isinstance(account.platform, ChorusProPlatform)
    return account.platform


@pytest.fixture
def api(account: Account) -> Api:
    return Api(account)


class Api:
    """Bare HTTP, without our adapter."""

    def __init__(self, account: Account) -> None:
        self.address = account.address
        credentials = {
            "grant_type": "client_credentials",
            "client_id": account.client_id,
            "client_secret": CLIENT_SECRET,
            "scope": "openid",
        }
        answer = requests.post(f"{self.address}/api/oauth/token", data=credentials, timeout=5)
        technical = base64.b64encode(f"{account.settings.login}:{ACCOUNT_PASSWORD}".encode()).decode()
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "cpro-account": technical}

    def post(self, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {name: value for name, value in {**self.headers, **headers}.items() if value}
        return requests.post(f"{self.address}/cpro/{path}", json=body or {}, headers=sent, timeout=30)

    def deposit(self, data: bytes, **changed: Any) -> requests.Response:
        body = {
            "fichierFlux": base64.b64encode(data).decode(),
            "nomFichier": "facture.xml",
            "syntaxeFlux": "IN_DP_E1_CII_16B",
            "avecSignature": False,
        }
        return self.post("factures/v1/deposer/flux", body | changed)

    def state(self, answer: requests.Response) -> dict[str, Any]:
        asked = {"numeroFluxDepot": answer.json()["numeroFluxDepot"]}
        found: dict[str, Any] = self.post("transverses/v1/consulterCRDetaille", asked).json()
        return found
