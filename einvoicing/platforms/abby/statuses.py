"""Abby's words for the state of a copy. None of them is a legal status: they are shown as they come, without a code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.kernel import remote_json
from config.kernel.errors import Invalid
from einvoicing.platforms.base import RemoteStatus

STATES = ("draft", "finalized", "signed", "refused", "paid")
# when each state began; epoch numbers
_SINCE = {"finalized": "finalizedAt", "signed": "signedAt", "refused": "refusedAt", "paid": "paidAt"}
_TITLE = re.compile(r"(?P<number>\S+) \[(?P<tracking_id>[^\]]+)\]")
_MILLISECONDS = 100_000_000_000  # a greater number of seconds would lie beyond the year 5000


class NotAbby(Invalid):
    """The bytes are not one of our copies as Abby writes it."""

    code = "not_abby"
    message = "Le message d’Abby est illisible, ou le titre de la copie y a été changé."


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


def since(billing: Mapping[str, Any]) -> datetime | None:
    """When the present state began, as far as Abby dates it."""
    fields = (_SINCE.get(str(billing.get("state")), ""), "updatedAt", "createdAt")
    return next((at for name in fields if (at := moment(billing.get(name)))), None)


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """The state of one copy. Raises Invalid."""
    try:
        billing = remote_json.read(data)
    except ValueError as error:
        raise NotAbby from error
    if not isinstance(billing, dict):
        raise NotAbby
    number, state, at = named(billing.get("title"))[0], str(billing.get("state") or ""), since(billing)
    if not number or not state or at is None:
        raise NotAbby
    return (RemoteStatus(number=number, code="", raw=state, at=at),)
