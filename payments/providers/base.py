"""What the product and a payment provider say to each other. Frozen dataclasses in and out; amounts in units, Decimal.

An adapter translates: it decides nothing and writes no row. A status it does not know stays UNKNOWN, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from requests.adapters import HTTPAdapter

DEADLINE = 20.0


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One company's account at a provider: the address of its interface, the secret that opens it, and the connections.

    `deadline`: seconds of one exchange, since a customer waits for it.
    """

    base_url: str
    secret: str
    adapter: HTTPAdapter
    deadline: float = DEADLINE


class RemoteState(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """A payment to ask for. `reference` is ours, and the key by which the provider knows a request sent twice."""

    reference: str
    amount: Decimal
    currency: str
    description: str
    return_url: str
    language: str


@dataclass(frozen=True, slots=True)
class RemoteCheckout:
    """A payment as the provider has it now. `payment_id` is set once it is paid; `refunded` of it went back."""

    id: str
    reference: str
    state: RemoteState
    amount: Decimal
    currency: str
    page_url: str
    expires_at: datetime | None = None
    payment_id: str = ""
    paid_at: datetime | None = None
    fee: Decimal | None = None
    refunded: Decimal = Decimal("0.00")
    is_disputed: bool = False
    word: str = ""  # its status, verbatim


@dataclass(frozen=True, slots=True)
class PayoutEntry:
    """One transaction of a payout: gross − fee = net, signed as they move the payout."""

    kind: str  # payment, refund, chargeback, fee
    reference: str  # of our checkout; '' for a fee of its own
    gross: Decimal
    fee: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class RemotePayout:
    """Money that the provider sent to the bank in one transfer; its entries' nets sum to its amount."""

    id: str
    amount: Decimal
    currency: str
    arrives_on: date
    bank_reference: str
    entries: Sequence[PayoutEntry]


class Provider(Protocol):
    """A conversation with one account. Every call raises RemoteError."""

    def create(self, order: CheckoutOrder) -> RemoteCheckout:
        """The same reference again gives the first one's checkout."""

    def checkout(self, remote_id: str) -> RemoteCheckout: ...

    def find(self, reference: str) -> RemoteCheckout | None:
        """The checkout of our reference; None when the provider has none."""

    def expire(self, remote_id: str) -> RemoteCheckout:
        """Close its page, so that nobody pays there any more. The checkout as it is then: what is paid stays paid."""

    def payouts(self, since: date) -> list[RemotePayout]: ...

    def close(self) -> None: ...
