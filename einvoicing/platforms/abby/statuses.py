"""What Abby says of a copy. None of its words is a legal status: they are kept as they come, and shown in words.

It has five states, and dates: sent, cancelled and overdue are told by `lastSendByEmailAt`, `canceledAt` and `dueAt`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.kernel import remote_json
from config.kernel.errors import Invalid
from einvoicing.platforms.answers import CopyState

STATES = ("draft", "finalized", "signed", "refused", "paid")
DELETED = "deleted"  # our word: the identifier leads to nothing any more
_TITLE = re.compile(r"(?P<number>\S+) \[(?P<tracking_id>[^\]]+)\]")
_MILLISECONDS = 100_000_000_000  # a greater number of seconds would lie beyond the year 5000


class NotAbby(Invalid):
    """The bytes are not a copy as Abby writes it."""

    code = "not_abby"
    message = "Le message d’Abby est illisible."


def title(number: str, tracking_id: str) -> str:
    """What names a copy at Abby: our number, and the transmission that made it."""
    return f"{number} [{tracking_id}]"


def named(text: object) -> tuple[str, str]:
    """Our number and tracking id in a title; '' in a title that is not ours."""
    found = _TITLE.fullmatch(str(text or "").strip())
    return (found["number"], found["tracking_id"]) if found else ("", "")


def moment(value: Any) -> datetime | None:
    """An instant written as seconds or milliseconds since 1970: third parties disagree on which it is."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = float(value)
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def read(data: bytes) -> CopyState:
    """The state of one copy. Raises Invalid."""
    try:
        billing = remote_json.read(data)
    except ValueError as error:
        raise NotAbby from error
    if not isinstance(billing, dict):
        raise NotAbby
    return state_of(billing)


def state_of(billing: Mapping[str, Any]) -> CopyState:
    """The same of an answer already read. Raises NotAbby."""
    state, at = billing.get("state"), moment(billing.get("updatedAt")) or moment(billing.get("createdAt"))
    if not isinstance(state, str) or not 0 < len(state) <= 40 or at is None:
        raise NotAbby
    return CopyState(
        state=state,
        at=at,
        number=str(billing.get("number") or "")[:40] if state != "draft" else "",
        finalized_at=moment(billing.get("finalizedAt")) or (at if state in {"finalized", "paid"} else None),
        sent_at=moment(billing.get("lastSendByEmailAt")),
        paid_at=moment(billing.get("paidAt")) or (at if state == "paid" else None),
        cancelled_at=moment(billing.get("canceledAt")),
        due_at=moment(billing.get("dueAt")),
        received=_received(billing),
    )


def _received(billing: Mapping[str, Any]) -> Decimal | None:
    """The total less what remains to be received, from whole cents."""
    total = billing.get("total")
    if not isinstance(total, dict):
        return None
    whole, left = total.get("amountWithTaxAfterDiscount"), total.get("remainingAmountWithTax")
    if not isinstance(whole, int | Decimal) or not isinstance(left, int | Decimal):
        return None
    return (Decimal(whole) - Decimal(left)) / 100
