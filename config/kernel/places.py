"""Where one can go and what one can begin: each app declares its own in its `places.py`.

Rail, search and palette draw what is declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse

from config.kernel.access import may_open


@dataclass(frozen=True, slots=True)
class Place:
    """A page, or an act that is begun on it, by the name of its address.

    `synonyms` are other words by which people look for it; nothing of it is shown where `setting` is off.
    """

    name: str
    label: Any
    icon: str
    synonyms: Any = ""
    setting: str = ""

    def url_for(self, role: str, method: str = "GET") -> str:
        """Its address; '' where the role may not open it, or with POST not act there."""
        if self.setting and not getattr(settings, self.setting):
            return ""
        url = _address(self.name)
        return url if may_open(role, url, method) else ""


_address = cache(reverse)  # the frame of each page asks for the same twenty
PAGES: dict[str, Place] = {}
# pages of a room that is larger than one: its entry in the rail opens the first, tabs lead to the others
TABS: dict[str, Place] = {}
ACTS: dict[str, Place] = {}
# pages that show rows which have none of their own: the label of their model, the name of the address
SHOWN_AT: dict[str, str] = {}


def declare_pages(*places: Place) -> None:
    _declare(PAGES, places)


def declare_tabs(*places: Place) -> None:
    _declare(TABS, places)


def declare_acts(*places: Place) -> None:
    _declare(ACTS, places)


def _declare(declared: dict[str, Place], places: tuple[Place, ...]) -> None:
    for place in places:
        if place.name in declared:
            raise ValueError(f"declared twice: {place}")
        declared[place.name] = place


def record_url(subject: str) -> str:
    """The page of the row that a subject (« app.model:key ») names; '' for rows that have none. No query."""
    label, _colon, pk = subject.partition(":")
    model: Any = apps.get_model(label)
    return str(model(pk=int(pk)).get_absolute_url()) if hasattr(model, "get_absolute_url") else ""
