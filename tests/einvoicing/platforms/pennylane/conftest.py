"""An account at the simulated Pennylane, and what the simulator knows of it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from config.sandbox.models import SandboxRecord
from einvoicing.platforms.base import Deposit, PlatformSettings
from einvoicing.platforms.pennylane.client import PennylanePlatform
from einvoicing.platforms.registry import connect, read_statuses
from einvoicing.sandbox.pennylane.access import PUBLISHED_PREFIX
from tests.einvoicing.platforms.conftest import CII

_serial = itertools.count(1)


class Pennylane:
    def __init__(self, address: str) -> None:
        self.address = address
        self.client_id = f"demo-{uuid.uuid4().hex[:12]}"
        self.settings = PlatformSettings(
            connections=HTTPAdapter,
            kind="pennylane",
            base_url=f"{address}/api/external/v2",
            token_url="",
            client_id="",
            client_secret=f"{PUBLISHED_PREFIX}{self.client_id}",
            connect_timeout=2,
            read_timeout=5,
        )
        platform = connect(self.settings)
        assert isinstance(platform, PennylanePlatform)
        self.platform = platform

    def fails(self, kind: str, *, value: str = "", operation: str = "", times: int = 1) -> None:
        told = {"kind": kind, "value": value, "operation": operation, "remaining": times, "client_id": self.client_id}
        requests.post(f"{self.address}/sandbox/faults", json=told, timeout=5).raise_for_status()

    def ledger(self, number: str) -> dict[str, Any]:
        answer = requests.get(f"{self.address}/sandbox/pennylane/ledger", params={"number": number}, timeout=5)
        found: dict[str, Any] = answer.json()
        return found

    def hears(self, remote_id: str, status: str, reason: str = "") -> None:
        """The network tells Pennylane this status of the invoice."""
        told = {"id": remote_id, "status": status, "reason": reason}
        requests.post(f"{self.address}/sandbox/pennylane/tell", json=told, timeout=5).raise_for_status()

    def invoice(self, *, buyer: str = "ACHETEUR", number: str = "") -> Deposit:
        number = number or f"FAC-{self.client_id[-6:]}-{next(_serial):05}"
        data = CII.format(number=number, buyer=buyer).encode()
        return Deposit(data=data, name=f"{number}.xml", syntax="CII", tracking_id=uuid.uuid4().hex, number=number)

    def bare(self, method: str, path: str, **options: Any) -> requests.Response:
        """HTTP without our adapter."""
        headers = {"Authorization": f"Bearer {self.settings.client_secret}"} | options.pop("headers", {})
        return requests.request(method, f"{self.settings.base_url}{path}", headers=headers, timeout=20, **options)


def said(messages: Any) -> list[tuple[str, str, str]]:
    """Number, word and our code of each message's status."""
    found = [status for message in messages for status in read_statuses("pennylane", message.data)]
    return [(status.number, status.raw, status.code) for status in found]


@pytest.fixture
def pennylane(sandbox: str) -> Iterator[Pennylane]:
    account = Pennylane(sandbox)
    yield account
    account.platform.close()
    SandboxRecord.objects.filter(service="pennylane", client_id=account.client_id).delete()
