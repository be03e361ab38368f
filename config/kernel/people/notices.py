"""The e-mails that a company's people may do without, each declared by the app that sends them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from config.kernel.models import User

NOTICES: dict[str, Any] = {}


def declare_notice(name: str, label: Any) -> None:
    """Declare a notice: its name, and what people choose it by."""
    if name in NOTICES:
        raise ValueError(f"declared twice: {name}")
    NOTICES[name] = label


def who_want(people: Iterable[User], notice: str) -> list[User]:
    """Those who did not mute it."""
    if notice not in NOTICES:
        raise KeyError(notice)
    return [person for person in people if notice not in person.muted_notices]
