"""The remote systems that may call a company: each is registered by the app that listens to it, when that is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.kernel.inbound.applying import Outcome
    from config.kernel.models import ReceivedWebhook

Headers = Mapping[str, str]
Signed = Callable[[str, Headers, bytes, datetime], bool]
Named = Callable[[Mapping[str, Any]], tuple[Any, Iterable[Any]]]
Applier = Callable[["ReceivedWebhook", Mapping[str, Any], datetime], "Outcome"]


@dataclass(frozen=True, slots=True)
class Sender:
    """A remote system, as its messages are verified, named and applied.

    `is_signed` says whether a secret made the signature of a body received now; a system that does not sign is believed
    without a secret, by its address alone. `event_of` gives a message's name and the parts of its identifier, none
    where the bytes themselves are the event. `apply` may talk to a remote system only where `talks` says so.
    """

    key: str
    label: Any
    is_signed: Signed
    event_of: Named
    apply: Applier
    talks: bool = False
    signs: bool = True


SENDERS: dict[str, Sender] = {}


def register(*senders: Sender) -> None:
    SENDERS.update({sender.key: sender for sender in senders})


def choices() -> list[tuple[str, Any]]:
    """Key and label, by label."""
    return sorted(((sender.key, sender.label) for sender in SENDERS.values()), key=lambda pair: str(pair[1]))
