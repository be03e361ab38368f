"""What every platform adapter offers: frozen values in, frozen values out. It translates, never decides.

Failures are RemoteError. An adapter never writes our rows and knows nothing of Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from requests.adapters import HTTPAdapter

from config.kernel.errors import RemoteError
from einvoicing.platforms.answers import (
    Acknowledgement,
    Announced,
    Announcement,
    Change,
    Listed,
    Page,
    Receipt,
    ReceivedFile,
    RemoteMessage,
)

RECEIPT = "RECEIPT"  # the syntax of a payment that goes to a book of receipts


class NotCarried(RemoteError):
    """The platform cannot hold this document as it is: it will not be tried again, and nobody has to act."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, retryable=False, code=code)


class Gate(Protocol):
    """How many calls an account may make: asked before each, told when the platform wants fewer."""

    def enter(self) -> None:
        """Count one call. Raises RemoteError (quota) when none is left for now."""
        ...

    def slow_down(self, seconds: int | None) -> None:
        """The platform answered 429; `seconds`: its Retry-After, None where it gave none."""
        ...


class OpenGate:
    """No limit."""

    def enter(self) -> None:
        return

    def slow_down(self, seconds: int | None) -> None:
        return


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """How to reach one account on one platform. Addresses and the service's name differ between platforms."""

    kind: str
    base_url: str  # everything before the service's name: https://api.example.fr/base
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    service_name: str = "flow-service"
    directory_name: str = "directory-service"
    organization_id: str = ""  # the company aimed at, where one account serves several
    environment: str = "production"  # or "qualification"
    login: str = ""  # a second credential, where the platform wants one: Chorus Pro's technical account
    password: str = field(default="", repr=False)
    certificate: str = ""  # path of a PEM file (certificate and key), where the platform wants one
    scope: str = ""  # of the tokens; empty: the adapter's own
    retry_attempts: int = 3  # of a look-up that the platform is too busy to answer, the first included
    retry_delay: float = 1.0  # seconds before the second, doubled each time, unless the platform says when
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    date_format: str = "%Y-%m-%d"  # of a day in a criterion, where the platform leaves it open
    gate: Gate = field(default_factory=OpenGate, compare=False, repr=False)
    # makes the connections of one session: judged, since people typed the address
    connections: Callable[[], HTTPAdapter] = field(kw_only=True, compare=False, repr=False)
    writes_receipts: bool = False  # into the book of receipts, by a call that the platform does not publish


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What makes a resend safe after an unknown outcome. None of the three: a person must confirm."""

    idempotency_key: bool
    lookup: bool
    duplicate_error: bool
    lists: bool = False  # tells all it has of us: see `listed`
    lists_changes: bool = False  # tells which documents changed since a day: see `changes`
    by_remote_id: bool = False  # what it keeps is found by the identifier it gave alone: see `Deposit.keep`
    tells_suppliers: bool = False  # takes what we say of a supplier invoice by a call: see `tell_supplier`


def keep_nothing(_remote_id: str) -> None:
    """For a deposit whose identifier comes with its receipt."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """One file to carry. `syntax`: CII, UBL, Factur-X, CDAR or RECEIPT. `tracking_id`: ours, at most 64 characters.

    `number` is the invoice's (BT-1), by which platforms without tracking ids know it. `remote_id` is what an earlier
    attempt was given, and `corrects` the same of the invoice that a credit note corrects; '' where there is none.
    A deposit in several calls tells `keep` the identifier as soon as it has it, before it sends anything more.
    """

    data: bytes = field(repr=False)
    name: str
    syntax: str
    tracking_id: str
    sha256: str = ""
    processing_rule: str = "B2B"
    profile: str = ""  # Basic, CIUS, Extended-CTC-FR; empty: not given
    number: str = ""
    remote_id: str = ""
    corrects: str = ""
    keep: Callable[[str], None] = field(default=keep_nothing, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True, slots=True)
class Attachment:
    """A supporting document. `media_type` is its MIME type."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers to a platform that asks something of invoice `number`.

    COMPLETE brings a comment and documents; RECYCLE sends the invoice to another service of the same buyer.
    `since`: when the platform asked, by its own clock. What it tells later shows that it was answered.
    """

    kind: str  # COMPLETE or RECYCLE
    number: str
    tracking_id: str
    since: datetime
    comment: str = ""
    service_code: str = ""
    engagement: str = ""
    attachments: tuple[Attachment, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A deposited document whose life is not over, for platforms that must be asked about each one."""

    remote_id: str
    tracking_id: str
    number: str
    key: str = ""  # as `Change` gave it, '' when it was never listed


class Platform(Protocol):
    kind: str
    capabilities: Capabilities

    def deposit(self, deposit: Deposit) -> Receipt:
        """Send one file. RemoteError.outcome_unknown: use `find` before sending it again."""
        ...

    def find(self, tracking_id: str, number: str = "") -> Receipt | None:
        """The deposit that carries this tracking id (or, where there are none, this invoice number), if any.

        Where `capabilities.by_remote_id`, the platform's own identifier stands in the place of the tracking id.
        """
        ...

    def acknowledgement(self, remote_id: str, number: str = "") -> Acknowledgement:
        """The technical verdict on a deposit, on its invoice `number` alone where it carried several."""
        ...

    def incoming(self, cursor: str, watched: Sequence[Watched] = ()) -> Page:
        """The next page of messages after `cursor` ('' for the first time), oldest first.

        A platform without a feed is asked about each document of `watched` instead.
        """
        ...

    def fetch(self, remote_id: str) -> bytes:
        """The original file of a flow."""
        ...

    def ping(self) -> None:
        """Raise RemoteError unless the service answers and accepts these credentials."""
        ...

    def close(self) -> None: ...


class AnsweringPlatform(Platform, Protocol):
    """One whose row in the registry names statuses in `answers`."""

    def answer(self, answer: Answer) -> Receipt:
        """Send it. RemoteError.outcome_unknown: ask `answered` before sending it again."""
        ...

    def answered(self, answer: Answer) -> Receipt | None:
        """The receipt, when the invoice's life went on since the platform asked; None while it still waits."""
        ...


class ListingPlatform(Platform, Protocol):
    """One whose `capabilities.lists` is true."""

    def listed(self, since: datetime) -> tuple[Listed, ...]:
        """All that we deposited since then, as the platform knows it."""
        ...


class ReportingPlatform(Platform, Protocol):
    """One whose row in the registry says `takes_reports`."""

    def reports(self, since: datetime, known: Collection[str]) -> tuple[RemoteMessage, ...]:
        """The e-reporting it made of our invoices since then, the oldest first, but those `known` by their id."""
        ...


class ReceivingPlatform(Platform, Protocol):
    """One whose row in the registry says `receives`."""

    def announced(self, since: datetime, page: str = "") -> Announcement:
        """What suppliers sent us that changed since then, page by page. A page may repeat rows of another."""
        ...

    def fetch_received(self, announced: Announced) -> ReceivedFile:
        """Its file. Raises RemoteError, not retryable when the platform will never give it."""
        ...


class BuyerPlatform(Platform, Protocol):
    """One whose `capabilities.tells_suppliers` is true."""

    def tell_supplier(self, remote_id: str, code: str, reason_code: str, reason: str) -> Receipt:
        """Give the invoice that it brought this status (205, 207, 210). The same one again changes nothing."""
        ...


class ChangesPlatform(Platform, Protocol):
    """One whose `capabilities.lists_changes` is true."""

    def changes(self, since: date) -> tuple[Change, ...]:
        """Every document of ours whose status changed on that day or later, as it stands now."""
        ...
