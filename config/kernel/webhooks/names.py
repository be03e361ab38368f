"""The events partners may ask for, as apps declare them (`config/kernel/facts.py`), and the test message."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kernel.facts import PARTNER_EVENTS, PARTNER_OBJECTS

PING = "ping"
EVERYTHING = "*"


def choices() -> dict[str, tuple[Any, list[tuple[str, Any]]]]:
    """The events as a form offers them: by class of object, its label and the events about it."""
    return {
        about.name: (
            about.label,
            [(name, fact.partner_label) for name, fact in PARTNER_EVENTS.items() if fact.about == about],
        )
        for about in PARTNER_OBJECTS.values()
    }


def label_of(name: str) -> Any:
    """The words for an event's name; the name itself when it has none."""
    if name == PING:
        return _("Essai")
    return PARTNER_EVENTS[name].partner_label if name in PARTNER_EVENTS else name
