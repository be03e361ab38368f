"""The simulated platform on a real port, for a whole module: tests keep apart by their own account and numbers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import override_settings

from einvoicing.platforms.base import Deposit, Platform, PlatformSettings
from einvoicing.sandbox.models import SandboxFault, SandboxFlow
from einvoicing.sandbox.server import SandboxServer

_serial = itertools.count(1)

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
  <ram:BuyerTradeParty><ram:Name>{buyer}</ram:Name>
   <ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">200000008</ram:ID></ram:SpecifiedLegalOrganization>
  </ram:BuyerTradeParty>
 </ram:ApplicableHeaderTradeAgreement></rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""


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
    with django_db_blocker.unblock(), override_settings(SANDBOX_PACE=0, SANDBOX_VALIDATES=False):
        server = serve()
        try:
            yield server.address
        finally:
            stop(server)
            SandboxFlow.objects.all().delete()
            SandboxFault.objects.all().delete()
            connection.close()


@dataclass
class Account:
    """One account on the simulated platform, and what the simulator knows of it."""

    settings: PlatformSettings
    platform: Platform
    address: str

    @property
    def client_id(self) -> str:
        return self.settings.client_id

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
        answer = requests.get(f"{self.address}/sandbox/ledger", params={"number": number}, timeout=5)
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries[0] if entries else {"received": 0, "accepted": 0}

    def invoice(self, *, buyer: str = "ACHETEUR", number: str = "") -> tuple[str, Deposit]:
        """A fresh invoice: its number, and its deposit."""
        number = number or f"FAC-{self.client_id[-6:]}-{next(_serial):05}"
        tracking_id = f"{self.client_id}:{next(_serial)}"
        data = CII.format(number=number, buyer=buyer).encode()
        return number, Deposit(data=data, name=f"{number}.xml", syntax="CII", tracking_id=tracking_id)
