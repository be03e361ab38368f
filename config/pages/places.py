"""Pages, acts and settings that search and palette find by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from config.kernel.folding import fold
from config.kernel.places import ACTS, PAGES, TABS
from config.pages.frame import RAIL, ROOMS, settings_tabs

# what apps declare in their `places.py`, as it is offered
ACTS_IN_ORDER = (
    "billing:invoice-new",
    "billing:order-new",
    "customers:customer-new",
    "billing:product-new",
    "billing:purchase-new",
    "billing:purchase-order-new",
    "billing:supplier-new",
    "payments:payment-new",
    "payments:refund-list",
    "payments:bankline-list",
    "payments:remittance-new",
    "payments:worktable",
    "payments:valuing",
    "payments:rule-list",
    "import-list",
)


@dataclass(frozen=True, slots=True)
class FoundPlace:
    label: str
    icon: str
    url: str
    synonyms: Any = ""

    def matches(self, typed: list[str]) -> bool:
        """True when each word typed begins a word of the place."""
        own = fold(f"{self.label} {self.synonyms}").replace("'", " ").split()
        return all(any(word.startswith(start) for word in own) for start in typed)


def find_places(role: str, text: str = "") -> list[FoundPlace]:
    """The acts, pages and settings that the role may open, by the words typed; all of them when none is."""
    typed = fold(text).replace("'", " ").split()
    return [place for place in _open_places(role) if place.matches(typed)]


def _open_places(role: str) -> Iterator[FoundPlace]:
    acts = ((ACTS[name], "POST") for name in ACTS_IN_ORDER)
    pages = ((PAGES[name], "GET") for name in RAIL)
    for place, method in (*acts, *pages):
        if url := place.url_for(role, method):
            yield FoundPlace(str(place.label), place.icon, url, place.synonyms)
    for room, names in ROOMS.items():
        for tab in (TABS[name] for name in names if name != room):
            if url := tab.url_for(role):
                yield FoundPlace(f"{PAGES[room].label} · {tab.label}", tab.icon, url, tab.synonyms)
    for tab, url in settings_tabs(role):
        yield FoundPlace(f"{_('Réglages')} · {tab.label}", tab.icon, url, _("paramètres"))
