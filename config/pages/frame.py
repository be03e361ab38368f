"""What every page's frame needs: the rail and the settings that the role may open, the companies to switch between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.models import Company, Membership
from config.kernel.places import PAGES, TABS, Place, declare_acts, declare_pages

declare_pages(
    Place("home", _("Accueil"), "home"),
    Place("dashboard", _("Tableau de bord"), "chart", _("trésorerie balance âgée chiffre d’affaires DSO prévision")),
)
declare_acts(
    Place("import-list", _("Reprendre une liste"), "upload", _("importer import CSV XLSX Excel FEC migration"))
)
# what apps declare in their `places.py`, from top to bottom
RAIL = (
    "home",
    "dashboard",
    "customers:customer-list",
    "billing:product-list",
    "billing:order-list",
    "billing:invoice-list",
    "payments:payment-list",
    "payments:bankline-list",
    "payments:reminder-list",
    "billing:purchase-list",
    "einvoicing:transmission-list",
    "billing:books-home",
    "billing:email-list",
)
# the tabs of a room, from left to right, by its entry in the rail; their addresses begin with its own
ROOMS = {
    "customers:customer-list": ("customers:customer-list", "billing:rebate-list"),
    "billing:purchase-list": (
        "billing:purchase-list",
        "einvoicing:received-list",
        "billing:approval-list",
        "billing:purchase-order-list",
        "billing:supplier-list",
        "payments:supplier-due",
    ),
}
SETTINGS = (
    Place("company-settings", _("Société"), "settings"),
    Place("people-settings", _("Personnes"), "users", _("membre gérant inviter rôle droits limite")),
    Place("look-settings", _("Apparence et textes"), "settings", _("logo couleur pied de page mentions")),
    Place("platform-settings", _("Plateformes"), "settings", setting="ENABLE_EINVOICING"),
    Place("bank-settings", _("Comptes bancaires"), "settings"),
    Place("reminder-settings", _("Relances"), "settings"),
    Place("rate-settings", _("Taux de retard"), "settings"),
    Place("exchange-settings", _("Cours de change"), "settings", _("devise monnaie dollar franc suisse BCE")),
    Place("write-off-settings", _("Différences"), "settings", _("perte escompte arrondi limite")),
    Place("purchase-settings", _("Achats"), "settings", _("approbation bon à payer délégation tolérance")),
    Place("portal-settings", _("Pages des clients"), "settings", synonyms=_("lien carte portail")),
    Place("webhook-settings", "Webhooks", "settings"),
    Place("inbound-settings", _("Webhooks reçus"), "settings"),
    Place("api-keys", _("Accès API"), "settings"),
    Place("safekeeping", _("Sauvegarde"), "settings", _("copie répétition chaîne fichiers conservation dix ans")),
    Place("trail", _("Piste d’audit"), "clock", _("journal qui quand historique export")),
    Place("restoration", _("Restauration"), "settings", _("sauvegarde copie reprise")),
    Place("operations", _("Travaux"), "clock", _("files d’attente, ouvriers, horloge")),
)


SWITCHED = 8  # companies beyond are searched


@dataclass(frozen=True, slots=True)
class NavEntry:
    label: Any
    url: str
    icon: str
    active: bool


def _entries(role: str, path: str) -> Iterator[NavEntry]:
    for place in (PAGES[name] for name in RAIL):
        if url := place.url_for(role):
            yield NavEntry(place.label, url, place.icon, path == url if place.name == "home" else path.startswith(url))


def room_tabs(role: str, path: str) -> list[dict[str, Any]]:
    """The tabs of the room that the page stands in, among those the role may open; none where it has no room."""
    for entry, names in ROOMS.items():
        start = PAGES[entry].url_for(role)
        if start and path.startswith(start):
            found = [(TABS[name], url) for name in names if (url := TABS[name].url_for(role))]
            here = max((url for _tab, url in found if path.startswith(url)), key=len, default="")
            return [{"label": tab.label, "url": url, "active": url == here} for tab, url in found]
    return []


def settings_tabs(role: str) -> list[tuple[Place, str]]:
    """The settings that the role may open, each with its address."""
    return [(place, url) for place in SETTINGS if (url := place.url_for(role))]


def tabs_of(role: str, active: str) -> list[dict[str, Any]]:
    """The tabs of the settings for a template: label, address, and whether it is the page that is open."""
    return [{"label": tab.label, "url": url, "active": tab.name == active} for tab, url in settings_tabs(role)]


def _switchable(own: Membership, memberships: Sequence[Membership]) -> list[Company]:
    """The companies that the switcher lists: all of a few, the one in scope among the first of many."""
    listed = [row.company for row in memberships[:SWITCHED]]
    return listed if own.company in listed else [own.company, *listed[: SWITCHED - 1]]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: nothing here queries beyond what the company middleware has already read."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "nav": list(_entries(membership.role, request.path)),
        "room": room_tabs(membership.role, request.path),
        "settings_url": next((url for _tab, url in settings_tabs(membership.role)), ""),
        "company": membership.company,
        "membership": membership,
        "companies": _switchable(membership, getattr(request, "memberships", [])),
        "company_count": len(getattr(request, "memberships", [])),
    }
