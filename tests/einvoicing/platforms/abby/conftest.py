"""An account at the simulated Abby, and what the simulator knows of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from config.sandbox.models import SandboxRecord
from einvoicing import document as model
from einvoicing.formats import cii
from einvoicing.platforms.abby.client import AbbyPlatform
from einvoicing.platforms.answers import Receipt
from einvoicing.platforms.base import RECEIPT, Deposit, PlatformSettings
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
        self.kept: list[str] = []  # identifiers that deposits were given, as the service writes them down

    def invoice(self, invoice: model.Invoice, **values: Any) -> Deposit:
        return replace(deposit_of(invoice), keep=self.kept.append, **values)

    def again(self, deposit: Deposit) -> Receipt:
        """The next attempt, by another process that knows what the first one was given."""
        return self.anew().deposit(replace(deposit, remote_id=self.kept[-1] if self.kept else ""))

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

    def acts(self, remote_id: str, act: str, **more: Any) -> int:
        """A person at Abby finalizes, sends, pays, cancels, deletes…; the answer of the simulator's door."""
        told = {"id": remote_id, "act": act, **more}
        return requests.post(f"{self.address}/sandbox/abby/act", json=told, timeout=5).status_code

    def opens_the_book(self) -> None:
        """From now on this account has the receipts, and its company asks for them."""
        told = {"client_id": self.client_id}
        requests.post(f"{self.address}/sandbox/abby/unpublished", json=told, timeout=5).raise_for_status()
        self.settings = replace(self.settings, writes_receipts=True)
        self.anew()

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


def payment(amount: str = "120.00", **changes: Any) -> Deposit:
    """Money received, as the service queues it for a book of receipts."""
    receipt = {
        "client": "Boulangerie Martin", "amount": amount, "paid_on": "2026-11-20", "method": "CHECK",
        "reference": "FAC-2026-00001", "shares": {"20.00": amount},
    }  # fmt: skip
    return Deposit(
        data=json.dumps(receipt | changes).encode(),
        name="FAC-2026-00001.json",
        syntax=RECEIPT,
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
def deposit(abby: Abby) -> Deposit:
    return abby.invoice(documents.standard_invoice())


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
