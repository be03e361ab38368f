"""An account at the simulated Abby, and what the simulator knows of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from config.kernel.clock import PARIS
from config.sandbox.models import SandboxRecord
from einvoicing import document as model
from einvoicing.formats import cdar, cii
from einvoicing.platforms.abby.client import AbbyPlatform
from einvoicing.platforms.base import Deposit, PlatformSettings
from einvoicing.platforms.registry import connect
from einvoicing.sandbox.abby.access import KEY_PREFIX
from tests.einvoicing import documents


class Abby:
    def __init__(self, address: str) -> None:
        self.address = address
        self.client_id = f"demo-{uuid.uuid4().hex[:12]}"
        self.settings = PlatformSettings(
            connections=HTTPAdapter,
            kind="abby",
            base_url=address,
            token_url="",
            client_id="",
            client_secret=f"{KEY_PREFIX}{self.client_id}",
            connect_timeout=2,
            read_timeout=5,
        )
        platform = connect(self.settings)
        assert isinstance(platform, AbbyPlatform)
        self.platform = platform

    def anew(self) -> AbbyPlatform:
        """Another adapter, as the next attempt has it."""
        self.platform.close()
        self.platform = AbbyPlatform(self.settings)
        return self.platform

    def fails(self, kind: str, step: str = "", *, value: str = "", operation: str = "deposit") -> None:
        """Have Abby fail once, at this step of a copy."""
        told = {"kind": kind, "value": value or step, "operation": operation, "client_id": self.client_id}
        requests.post(f"{self.address}/sandbox/faults", json=told, timeout=5).raise_for_status()

    @property
    def ledger(self) -> dict[str, Any]:
        answer = requests.get(f"{self.address}/sandbox/abby/ledger", params={"client_id": self.client_id}, timeout=5)
        found: dict[str, Any] = answer.json()
        return found

    @property
    def copy(self) -> dict[str, Any]:
        """The only copy there is."""
        (found,) = self.ledger["copies"]
        copy: dict[str, Any] = found
        return copy

    def turns(self, remote_id: str, state: str) -> None:
        """A person at Abby changes the state; '' deletes."""
        told = {"id": remote_id, "state": state}
        requests.post(f"{self.address}/sandbox/abby/tell", json=told, timeout=5).raise_for_status()

    def bare(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.settings.client_secret}"} | options.pop("headers", {})
        return requests.request(method, f"{self.address}{path}", headers=headers, timeout=20, **options)


def deposit_of(invoice: model.Invoice) -> Deposit:
    return Deposit(
        data=cii.render(invoice),
        name=f"{invoice.number}.xml",
        syntax="CII",
        tracking_id=uuid.uuid4().hex,
        number=invoice.number,
    )


def payment(*shares: tuple[str, str], status: str = "212") -> Deposit:
    """A message 212: amounts with VAT, and their rates."""
    told = tuple(
        cdar.Characteristic(
            type_code="MEN", amount=Decimal(amount), currency="EUR", percent=Decimal(rate) if rate else None
        )
        for amount, rate in shares
    )
    message = cdar.StatusMessage(
        message_id=uuid.uuid4().hex,
        created_at=datetime(2026, 11, 21, 9, 0, tzinfo=PARIS),
        issuer=cdar.StatusParty(role="SE", identifier="732829320", scheme="0002"),
        recipients=(cdar.StatusParty(role="BY", name="Boulangerie Martin"),),
        phase="23",
        status_at=datetime(2026, 11, 20, 14, 30, tzinfo=PARIS),
        invoice_number="FAC-2026-00001",
        invoice_date=date(2026, 11, 20),
        status_code=status,
        details=(cdar.StatusDetail(sequence=1, characteristics=told),),
    )
    return Deposit(
        data=cdar.render(message),
        name="212.xml",
        syntax="CDAR",
        tracking_id=uuid.uuid4().hex,
        number="FAC-2026-00001",
    )


@pytest.fixture
def abby(sandbox: str) -> Iterator[Abby]:
    account = Abby(sandbox)
    yield account
    account.platform.close()
    SandboxRecord.objects.filter(service="abby", client_id=account.client_id).delete()


@pytest.fixture
def deposit() -> Deposit:
    return deposit_of(documents.standard_invoice())


def priced(*lines: tuple[str, str, str], net: str, vat: str, rate: str = "20", **changes: Any) -> model.Invoice:
    """An invoice of lines (quantity, unit price, net), with these totals."""
    base = documents.standard_invoice()
    rows = tuple(
        replace(
            base.lines[0],
            id=str(place),
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            net=Decimal(amount),
            vat_rate=Decimal(rate),
        )
        for place, (quantity, price, amount) in enumerate(lines, start=1)
    )
    gross = Decimal(net) + Decimal(vat)
    totals = model.Totals(lines=Decimal(net), net=Decimal(net), vat=Decimal(vat), gross=gross, payable=gross)
    subtotal = model.VatSubtotal(category="S", rate=Decimal(rate), base=Decimal(net), amount=Decimal(vat))
    return replace(base, lines=rows, totals=totals, vat=(subtotal,), **changes)
