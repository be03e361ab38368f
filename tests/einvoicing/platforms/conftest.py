"""The simulated platform on a real port, for a whole module: tests keep apart by their own account and numbers."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import override_settings
from requests.adapters import HTTPAdapter

from config.sandbox.accounts import CLIENT_SECRET
from config.sandbox.models import SandboxFault, SandboxRecord
from einvoicing.formats import cii
from einvoicing.platforms.answers import Receipt, RemoteMessage, RemoteStatus
from einvoicing.platforms.base import Deposit, Platform, PlatformSettings, Watched
from einvoicing.platforms.registry import connect, read_statuses
from einvoicing.sandbox.abby.access import KEY_PREFIX
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.sandbox.models import SandboxFlow
from einvoicing.sandbox.pennylane.access import PUBLISHED_PREFIX
from einvoicing.sandbox.server import SandboxServer
from tests.einvoicing import documents

_serial = itertools.count(1)
WANTS_NOTHING = "18008901300015"  # a public body of the simulated Chorus Pro

CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20261121</udt:DateTimeString></ram:IssueDateTime>
 </rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement>
  <ram:SellerTradeParty><ram:Name>VENDEUR</ram:Name>
   <ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">100000009</ram:ID></ram:SpecifiedLegalOrganization>
  </ram:SellerTradeParty>
  <ram:BuyerTradeParty><ram:GlobalID schemeID="0009">18008901300015</ram:GlobalID><ram:Name>{buyer}</ram:Name>
   <ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">200000008</ram:ID></ram:SpecifiedLegalOrganization>
  </ram:BuyerTradeParty>
 </ram:ApplicableHeaderTradeAgreement></rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""


@dataclass(frozen=True, slots=True)
class Simulated:
    """How one account is reached in the simulator of its platform, and where that counts what arrived."""

    settings: PlatformSettings
    ledger: str


def _afnor(address: str, name: str) -> Simulated:
    return Simulated(_settings("afnor", address, name, token_url=f"{address}/oauth/token"), "/sandbox/ledger")


def _chorus_pro(address: str, name: str) -> Simulated:
    token_url = f"{address}/api/oauth/token"
    second = {"login": f"TECH_{name}@cpro.fr", "password": ACCOUNT_PASSWORD}
    return Simulated(
        _settings("chorus_pro", address, name, token_url=token_url, **second), "/sandbox/chorus-pro/ledger"
    )


def _pennylane(address: str, name: str) -> Simulated:
    key = f"{PUBLISHED_PREFIX}demo-{name}"
    settings = _settings("pennylane", f"{address}/api/external/v2", name, client_id="", client_secret=key)
    return Simulated(settings, "/sandbox/pennylane/ledger")


def _abby(address: str, name: str) -> Simulated:
    key = f"{KEY_PREFIX}demo-{name}"
    return Simulated(_settings("abby", address, name, client_id="", client_secret=key), "/sandbox/abby/ledger")


# every kind of the registry has its row here: (address, name of the account) → how it is reached
SIMULATED: dict[str, Callable[[str, str], Simulated]] = {
    "afnor": _afnor,
    "chorus_pro": _chorus_pro,
    "pennylane": _pennylane,
    "abby": _abby,
}


def _settings(kind: str, address: str, name: str, **more: Any) -> PlatformSettings:
    usual = {"token_url": "", "client_id": f"demo-{name}", "client_secret": CLIENT_SECRET}
    return PlatformSettings(
        kind=kind, base_url=address, connect_timeout=2, read_timeout=5, connections=HTTPAdapter, **usual | more
    )


def serve() -> SandboxServer:
    server = SandboxServer()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def stop(server: SandboxServer) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def sandbox(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The address of a simulated platform that answers at once and leaves the official rules aside."""
    assert str(connection.settings_dict["NAME"]).startswith("test_"), "mark the module with django_db"
    with (
        django_db_blocker.unblock(),
        override_settings(
            SANDBOX_PACE=0, SANDBOX_VALIDATES=False, SANDBOX_WINDOW_SECONDS=0.2, SANDBOX_REVOLUT_MINUTE=10_000
        ),
    ):
        server = serve()
        try:
            yield server.address
        finally:
            stop(server)
            SandboxFlow.objects.all().delete()
            SandboxRecord.objects.all().delete()
            SandboxFault.objects.all().delete()
            connection.close()


@dataclass
class Account:
    """One account on the simulated platform, and what the simulator knows of it."""

    kind: str
    address: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    sent: list[Watched] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # identifiers that deposits were given, the last one last
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        assert self.kind in SIMULATED, f"{self.kind} has no simulator: the contract is not proved for it"
        self._simulated = SIMULATED[self.kind](self.address, self.name)
        self.settings = self._simulated.settings
        self.platform: Platform = connect(self.settings)

    @property
    def client_id(self) -> str:
        """Whose failures are ordered, and whom the simulator counts."""
        return f"demo-{self.name}"

    def at(self, address: str) -> Account:
        """The same account, reached elsewhere."""
        return Account(self.kind, address, self.name, list(self.sent), list(self.kept))

    def another(self) -> Account:
        """Somebody else's account, at the same place."""
        return Account(self.kind, self.address)

    def fails(self, kind: str, *, value: str = "", operation: str = "", times: int = 1) -> int:
        """Have the platform fail this account, so many times; the number of the order."""
        told = {
            "kind": kind,
            "value": value,
            "operation": operation,
            "client_id": self.client_id,
            "remaining": times,
        }
        answer = requests.post(f"{self.address}/sandbox/faults", json=told, timeout=5)
        return int(answer.json()["id"])

    def failures_left(self, order: int) -> int:
        rows = requests.get(f"{self.address}/sandbox/faults", timeout=5).json()["faults"]
        return next((row["remaining"] for row in rows if row["id"] == order), 0)

    def ledger(self, number: str) -> dict[str, Any]:
        address = f"{self.address}{self._simulated.ledger}"
        answer = requests.get(address, params={"number": number}, timeout=5)
        counted: dict[str, Any] = answer.json()
        if "received" in counted:
            return counted
        return counted["entries"][0] if counted["entries"] else {"received": 0, "accepted": 0}

    def invoice(self, *, buyer: str = "ACHETEUR", number: str = "") -> tuple[str, Deposit]:
        """A fresh invoice: its number, and its deposit. A mark in the buyer’s name chooses what becomes of it."""
        number = number or f"FAC-{self.name[-6:]}-{next(_serial):05}"
        tracking_id = f"{self.client_id}:{next(_serial)}"
        # of Chorus Pro, a public body that wants no reference; the others take anybody
        known = {"siret": WANTS_NOTHING, "siren": WANTS_NOTHING[:9]} if self.kind == "chorus_pro" else {}
        named = dataclasses.replace(documents.BUYER, name=buyer, **known)
        data = cii.render(dataclasses.replace(documents.standard_invoice(), number=number, buyer=named))
        return number, Deposit(data, f"{number}.xml", "CII", tracking_id, number=number, keep=self.kept.append)

    def find(self, deposit: Deposit) -> Receipt | None:
        """As the service looks it up: by our tracking id, or by the identifier that the platform gave it."""
        if not self.platform.capabilities.by_remote_id:
            return self.platform.find(deposit.tracking_id, deposit.number)
        return self.platform.find(self.kept[-1], deposit.number) if self.kept else None

    def again(self, deposit: Deposit) -> Receipt:
        """The next attempt, which knows what the first one was given."""
        return self.platform.deposit(dataclasses.replace(deposit, remote_id=self.kept[-1] if self.kept else ""))

    def send(self, deposit: Deposit) -> str:
        """Deposit it and watch it from now on, as the service does; its remote id."""
        receipt = self.platform.deposit(deposit)
        self.sent.append(Watched(receipt.remote_id, deposit.tracking_id, deposit.number))
        return receipt.remote_id

    def read(self, cursor: str = "") -> tuple[list[RemoteMessage], str]:
        """Poll until the platform has no more, as the service does; a page too many is a defect."""
        found: list[RemoteMessage] = []
        for _turn in range(50):
            page = self.platform.incoming(cursor, self.sent)
            found += page.messages
            cursor = page.next_cursor
            if not page.more:
                return found, cursor
        raise AssertionError("the platform never comes to an end")

    def news(self, cursor: str = "") -> tuple[list[RemoteMessage], str]:
        """What a poll brings that bears an id not seen before: what the service stores."""
        messages, cursor = self.read(cursor)
        fresh = [message for message in messages if message.remote_id not in self._seen]
        self._seen |= {message.remote_id for message in fresh}
        return fresh, cursor

    def statuses(self, messages: list[RemoteMessage]) -> list[RemoteStatus]:
        return [status for message in messages for status in read_statuses(self.kind, message.data)]


@contextmanager
def opened(kind: str, address: str) -> Iterator[Account]:
    """A fresh account on this kind of platform, for one test."""
    account = Account(kind, address)
    try:
        yield account
    finally:
        account.platform.close()
