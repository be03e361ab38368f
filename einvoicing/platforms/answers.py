"""What platforms tell: receipts, verdicts, where documents stand, statuses and messages. Frozen values, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Listed:
    """One document that the platform has of us."""

    remote_id: str
    tracking_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Announced:
    """One supplier document that the platform has for us. `at`: by its clock, when it last changed."""

    remote_id: str
    at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Some of what the platform has for us, in whatever order. `next_page`: where the rest is, '' at the end."""

    rows: tuple[Announced, ...]
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A supplier document, byte for byte. `media_type` as the platform says it, '' where it does not."""

    name: str
    data: bytes = field(repr=False)
    media_type: str = ""


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
    `is_incident`: the platform itself failed, the document is not in question: it is to be deposited again.
    """

    status: AckStatus
    raw_status: str
    details: tuple[AckDetail, ...] = ()
    updated_at: datetime | None = None
    duplicate: bool = False
    is_incident: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Where a document stands in the platform's own list. `mark` differs as soon as something changed.

    `code` is ours, '' for a word we do not know.
    """

    remote_id: str
    number: str
    code: str
    mark: str
    key: str  # the platform's own identifier of the document, beside that of its deposit


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """One status read in a platform's message. `code` is ours (200–228, 501), '' for a word we do not know.

    The platform's own word is kept in `raw`: an unknown one is stored and shown, never guessed.
    `is_dated`: whether the platform's date could be read; `at` means nothing otherwise.
    """

    number: str  # BT-1 of the invoice
    code: str
    raw: str
    at: datetime
    reason_code: str = ""
    reason: str = ""
    seller: str = ""  # SIREN of who issued the invoice, where it is given (MDT-129)
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class CopyState:
    """What a mirror says of its copy of an invoice. `state`: its own word; `number`: a legal number it gave.

    `received`: what was paid there, with VAT, None where it does not say.
    """

    state: str
    at: datetime
    number: str = ""
    finalized_at: datetime | None = None
    sent_at: datetime | None = None
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    due_at: datetime | None = None
    received: Decimal | None = None

    def is_overdue(self, at: datetime) -> bool:
        """Whether it waits for its money after its day is over, once it is more than a draft."""
        waits = self.finalized_at is not None and self.paid_at is None and self.cancelled_at is None
        return waits and self.due_at is not None and self.due_at + timedelta(days=1) <= at


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """One incoming file, byte for byte. `kind`: the platform's own word. `problem`: why `data` is empty, if it is.

    `remote_id` identifies the message: an answer polled again must bear the same one as long as it says the same.
    """

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
