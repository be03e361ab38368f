"""Delivery status notifications (RFC 3464, RFC 6522), read by the standard library: who did not get which message, why.

`Original-Message-ID` is not always given: the returned message or its headers name it then, else `In-Reply-To` and
`References` of the report. Nothing is guessed from free text: what names no message of ours says nothing.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import default
from typing import Any

_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_IDENTIFIER = re.compile(r"<([^<>\s]+)>")
_OURS = re.compile(r"^(\d{1,19})\.quittance@")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message at one recipient. `status` is the enhanced code (RFC 3463), '' for none."""

    recipient: str
    status: str
    action: str = ""  # failed, delayed, delivered, relayed, expanded
    diagnostic: str = ""
    message_id: str = ""

    @property
    def is_failure(self) -> bool:
        return self.status.startswith("5") or (self.action == "failed" and not self.status.startswith(("2", "4")))

    @property
    def is_delay(self) -> bool:
        """Not delivered yet, or given up after delays: nothing says that the address is wrong."""
        return self.status.startswith("4") or self.action == "delayed"

    @property
    def email_id(self) -> int | None:
        """The key of our own message; None when it is not ours."""
        found = _OURS.match(self.message_id)
        return int(found[1]) if found else None


def read_reports(data: bytes) -> list[Report]:
    """The reports of one mail, one per recipient; none when it is not a delivery status notification."""
    message = email.message_from_bytes(data, policy=default)
    reports = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    if not reports:
        return []
    about = _message_id(message)
    return [found for part in reports for found in _recipients(part, about)]


def _recipients(part: Message, about: str) -> Iterator[Report]:
    """The first block of fields is about the message, each other one about a recipient."""
    blocks: Any = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        recipient = _address(block.get("Final-Recipient", "") or block.get("Original-Recipient", ""))
        if not recipient:
            continue
        diagnostic = " ".join(str(block.get("Diagnostic-Code", "")).partition(";")[2].split())
        given = _STATUS.search(str(block.get("Status", ""))) or _STATUS.search(diagnostic)
        action = str(block.get("Action", "")).strip().lower()
        yield Report(recipient, given[0] if given else "", action, diagnostic, about)


def _address(field: Any) -> str:
    """The address of `rfc822; someone@example`."""
    kind, _semicolon, address = str(field).partition(";")
    return address.strip().strip("<>").lower() if kind.strip().lower() in {"rfc822", "utf-8"} else ""


def _message_id(message: Message) -> str:
    for part in message.walk():
        # the message itself comes back, or its headers alone
        if part.get_content_type() == "message/rfc822":
            returned: Any = part.get_payload()
            found = _identifier(returned[0].get("Message-ID")) if returned else ""
        elif part.get_content_type() == "text/rfc822-headers":
            text = part.get_payload(decode=True) or b""
            found = _identifier(email.message_from_bytes(bytes(text), policy=default).get("Message-ID"))
        else:
            found = _identifier(part.get("Original-Message-ID"))
        if _OURS.match(found):
            return found
    named = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
    return next((one for one in _IDENTIFIER.findall(named) if _OURS.match(one)), "")


def _identifier(value: Any) -> str:
    found = _IDENTIFIER.search(str(value or ""))
    return found[1] if found else ""
