"""What every page's frame needs: the rail and the settings that the role may open, the companies to switch between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.access import may_open

RAIL: tuple[tuple[str, Any, str], ...] = (
    ("home", _("Accueil"), "home"),
    ("customers:customer-list", _("Clients"), "users"),
    ("billing:product-list", _("Produits"), "box"),
    ("billing:order-list", _("Commandes"), "cart"),
    ("billing:invoice-list", _("Factures"), "invoice"),
    ("payments:payment-list", _("Encaissements"), "coins"),
    ("payments:bankline-list", _("Banque"), "bank"),
    ("payments:reminder-list", _("Relances"), "bell"),
    ("einvoicing:transmission-list", _("E-facturation"), "send"),
    ("billing:email-list", _("Boîte d’envoi"), "mail"),
)
SETTINGS: tuple[tuple[str, Any], ...] = (
    ("company-settings", _("Société")),
    ("platform-settings", _("Plateformes")),
    ("bank-settings", _("Comptes bancaires")),
    ("rate-settings", _("Taux de retard")),
    ("webhook-settings", "Webhooks"),
    ("inbound-settings", _("Webhooks reçus")),
    ("api-keys", _("Accès API")),
)
# nothing of these is shown where e-invoicing is switched off
EINVOICING = ("einvoicing:", "platform-settings")


@dataclass(frozen=True, slots=True)
class NavEntry:
    label: Any
    url: str
    icon: str
    active: bool


def open_url(role: str, name: str, method: str = "GET") -> str:
    """The address of a page of ours; '' when it is not installed, or not for this role."""
    if name.startswith(EINVOICING) and not settings.ENABLE_EINVOICING:
        return ""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return ""
    return url if may_open(role, url, method) else ""


def _entries(role: str, path: str) -> Iterator[NavEntry]:
    for name, label, icon in RAIL:
        if url := open_url(role, name):
            yield NavEntry(label, url, icon, path == url if name == "home" else path.startswith(url))


def settings_tabs(role: str) -> list[tuple[str, Any, str]]:
    """The settings that the role may open: name, label, address."""
    return [(name, label, url) for name, label in SETTINGS if (url := open_url(role, name))]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: nothing here queries beyond what the company middleware has already read."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "nav": list(_entries(membership.role, request.path)),
        "settings_url": next((url for _name, _label, url in settings_tabs(membership.role)), ""),
        "company": membership.company,
        "membership": membership,
        "companies": [other.company for other in getattr(request, "memberships", [])],
    }
