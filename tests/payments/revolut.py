"""A business at the simulated Revolut for tests: its accounts, what moves on them, and the feed that reads them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.feeds.revolut.client import consent_address
from payments.models import BankLine, Feed, FeedKind
from payments.services.feeds import connecting
from payments.services.feeds.reading import read_feed
from payments.services.feeds.revolut import issuer
from tests.factories.story import ACTOR, AT

CALLBACK = "http://127.0.0.1:8000/settings/bank/feeds/revolut/consent/"


class Business:
    """One business there, and the feed of the company that reads it."""

    def __init__(self, sandbox: str, company: Company) -> None:
        self.sandbox, self.company = sandbox, company
        self.base_url = f"{sandbox}/revolut/api/1.0"
        self.feed = self.save()
        told = {"certificate": self.feed.certificate, "issuer": issuer()}
        self.client_id = str(self._post("clients", told).json()["client_id"])
        self.feed = self.save(client_id=self.client_id)
        self.account = self.an_account(company.iban)

    def save(self, **values: Any) -> Feed:
        with company_scope(self.company):
            return connecting.save_feed(
                company=self.company,
                kind=FeedKind.REVOLUT,
                values={"base_url": self.base_url, **values},
                secret="",
                actor=ACTOR,
                at=AT,
            )

    def code(self) -> str:
        """What a person's consent gives."""
        address = consent_address(self.base_url, client_id=self.client_id, redirect_uri=CALLBACK, state="s")
        answer = requests.get(address, allow_redirects=False, timeout=5)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def consents(self) -> Business:
        with company_scope(self.company):
            self.feed = connecting.accept_consent(feed=self.feed, code=self.code(), actor=ACTOR, at=AT)
        return self

    def _post(self, door: str, body: dict[str, Any]) -> requests.Response:
        answer = requests.post(f"{self.sandbox}/sandbox/revolut/{door}", json=body, timeout=5)
        assert answer.ok, answer.text
        return answer

    def tell(self, **rows: Any) -> None:
        self._post("tell", {"client_id": self.client_id, **rows})

    def an_account(self, iban: str, currency: str = "EUR", name: str = "Main") -> str:
        key = str(uuid.uuid4())
        details = [{"iban": iban, "bic": "REVOFRP2", "beneficiary": "VERONE", "pooled": False}]
        row = {"id": key, "name": name, "balance": 0.0, "currency": currency, "state": "active", "details": details}
        self.tell(accounts=[row])
        return key

    def moves(self, amount: float, *, at: datetime = AT, state: str = "completed", **more: Any) -> dict[str, Any]:
        """A transaction of one leg, as the API shows it."""
        leg_words = ("fee", "balance", "currency", "account_id", "description")
        leg: dict[str, Any] = {
            "leg_id": str(uuid.uuid4()),
            "account_id": self.account,
            "amount": amount,
            "currency": "EUR",
            "description": "Payment from Maison Lumiere" if amount > 0 else "To Somebody",
            **{name: more.pop(name) for name in leg_words if name in more},
        }
        stamp = at.isoformat().replace("+00:00", "Z")
        told = {
            "id": str(uuid.uuid4()),
            "type": "topup",
            "state": state,
            "created_at": stamp,
            "updated_at": stamp,
            "legs": [leg],
            **more,
        }
        if state == "completed":
            told.setdefault("completed_at", stamp)
        self.tell(transactions=[told])
        return told

    def becomes(self, told: dict[str, Any], state: str, *, at: datetime = AT) -> None:
        stamp = (at + timedelta(minutes=5)).isoformat()
        self.tell(transactions=[{"id": told["id"], "state": state, "updated_at": stamp, "completed_at": stamp}])

    def reads(self, at: datetime = AT) -> int:
        with company_scope(self.company):
            return read_feed(feed=Feed.objects.get(pk=self.feed.pk), actor=ACTOR, at=at)

    def lines(self) -> list[BankLine]:
        return list(BankLine.everywhere.filter(company=self.company).order_by("booked_on", "id"))

    def calls(self) -> list[str]:
        asked = {"client_id": self.client_id}
        answer = requests.get(f"{self.sandbox}/sandbox/revolut/ledger", params=asked, timeout=5)
        return list(answer.json()["calls"])

    def fails(self, kind: str, *, operation: str = "", times: int = 1) -> None:
        told = {"kind": kind, "operation": operation, "client_id": self.client_id, "remaining": times}
        requests.post(f"{self.sandbox}/sandbox/faults", json=told, timeout=5)
