"""Where one can go and what one can begin: pages, settings and acts that search and palette find by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kernel.folding import fold
from config.kernel.models import Membership
from config.pages.frame import RAIL, open_url, settings_tabs

# the address, what it is called, its icon, and the other words by which people look for it
ACTS: tuple[tuple[str, Any, str, Any], ...] = (
    ("billing:invoice-new", gettext_lazy("Nouvelle facture"), "plus", gettext_lazy("créer facturer brouillon")),
    ("billing:order-new", gettext_lazy("Nouvelle commande"), "plus", gettext_lazy("créer vente devis")),
    ("customers:customer-new", gettext_lazy("Nouveau client"), "plus", gettext_lazy("créer organisation particulier")),
    ("billing:product-new", gettext_lazy("Nouveau produit"), "plus", gettext_lazy("créer article prestation")),
    ("payments:payment-new", gettext_lazy("Enregistrer un encaissement"), "plus", gettext_lazy("paiement règlement")),
    ("payments:bankline-list", gettext_lazy("Importer un relevé bancaire"), "upload", gettext_lazy("banque camt")),
)


@dataclass(frozen=True, slots=True)
class Place:
    label: str
    icon: str
    url: str
    synonyms: str = ""

    def answers(self, folded: list[str]) -> bool:
        """True when each word typed begins a word of the place."""
        words = fold(f"{self.label} {self.synonyms}").replace("'", " ").split()
        return all(any(word.startswith(typed) for word in words) for typed in folded)


def find_places(membership: Membership, text: str = "") -> list[Place]:
    """The acts, pages and settings this person may open, by the words typed; all of them when none is."""
    typed = fold(text).replace("'", " ").split()
    return [place for place in _every(membership) if place.answers(typed)]


def _every(membership: Membership) -> Iterator[Place]:
    for name, label, icon, synonyms in ACTS:
        if place := _place(membership, name, str(label), icon, str(synonyms), method="POST"):
            yield place
    for name, label, icon in RAIL:
        if place := _place(membership, name, str(label), icon):
            yield place
    for _name, label, url in settings_tabs(membership.role):
        yield Place(f"{_('Réglages')} · {label}", "settings", url, str(_("paramètres")))


def _place(
    membership: Membership, name: str, label: str, icon: str, synonyms: str = "", method: str = "GET"
) -> Place | None:
    """None for a page that this role may not open, or that is not installed."""
    url = open_url(membership.role, name, method)
    return Place(label, icon, url, synonyms) if url else None
