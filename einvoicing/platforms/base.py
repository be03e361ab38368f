"""What every platform adapter offers: frozen values in, frozen values out. It translates, never decides.

Failures are RemoteError. An adapter never writes our rows and knows nothing of Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """How to reach one account on one platform. Addresses and the service's name differ between platforms."""

    kind: str
    base_url: str  # everything before the service's name: https://api.example.fr/base
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    service_name: str = "flow-service"
    organization_id: str = ""  # the company aimed at, where one account serves several
    connect_timeout: float = 5.0
    read_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What makes a resend safe after an unknown outcome. None of the three: a person must confirm."""

    idempotency_key: bool
    lookup: bool
    duplicate_error: bool


@dataclass(frozen=True, slots=True)
class Deposit:
    """One file to carry. `syntax`: CII, UBL, Factur-X or CDAR. `tracking_id`: ours, at most 64 characters."""

    data: bytes = field(repr=False)
    name: str
    syntax: str
    tracking_id: str
    sha256: str = ""
    processing_rule: str = "B2B"
    profile: str = ""  # Basic, CIUS, Extended-CTC-FR; empty: not told

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform has the file. It says nothing yet of its being accepted.

    `duplicate`: the platform already had it from an earlier attempt, whose receipt this is.
    `raw`: the platform's own answer, as evidence.
    """

    remote_id: str
    submitted_at: datetime | None  # the platform's clock
    tracking_id: str
    raw: Mapping[str, Any] = field(repr=False)
    duplicate: bool = False


class AckStatus(StrEnum):
    PENDING = "PENDING"
    OK = "OK"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"  # the platform uses a word we do not know; it is kept in `raw_status`


@dataclass(frozen=True, slots=True)
class AckDetail:
    """One reason, in the platform's own words."""

    level: str
    item: str
    reason_code: str
    reason_message: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The technical verdict on a deposit (virus, integrity, rules, uniqueness); not the buyer's acceptance.

    `duplicate`: refused because the platform has the document already. After an attempt without a known
    outcome, that is evidence that the attempt succeeded.
    """

    status: AckStatus
    raw_status: str
    details: tuple[AckDetail, ...] = ()
    updated_at: datetime | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """One incoming file. `kind`: the platform's own word. `problem`: why `data` is empty, if it is."""

    remote_id: str
    kind: str
    data: bytes = field(repr=False)
    updated_at: datetime
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages and the cursor to store with them, in one transaction. `more`: ask again at once.

    A message may come twice (the platform resent it): `remote_id` is what identifies it.
    """

    messages: tuple[RemoteMessage, ...]
    next_cursor: str
    more: bool = False


class Platform(Protocol):
    kind: str
    capabilities: Capabilities

    def deposit(self, deposit: Deposit) -> Receipt:
        """Send one file. RemoteError.outcome_unknown: use `find` before sending it again."""
        ...

    def find(self, tracking_id: str) -> Receipt | None:
        """The deposit that carries this tracking id, if the platform has one."""
        ...

    def acknowledgement(self, remote_id: str) -> Acknowledgement:
        """The technical verdict on a deposit, as far as it is known."""
        ...

    def incoming(self, cursor: str) -> Page:
        """The next page of messages after `cursor` ('' for the first time), oldest first."""
        ...

    def fetch(self, remote_id: str) -> bytes:
        """The original file of a flow."""
        ...

    def ping(self) -> None:
        """Raise RemoteError unless the service answers and accepts these credentials."""
        ...

    def close(self) -> None: ...
