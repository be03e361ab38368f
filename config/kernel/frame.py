"""What every page's frame needs: the rail, the companies to switch between, the person's rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

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


@dataclass(frozen=True, slots=True)
class NavEntry:
    label: Any
    url: str
    icon: str
    active: bool


def _entries(path: str) -> list[NavEntry]:
    entries = []
    for name, label, icon in RAIL:
        if name.startswith("einvoicing:") and not settings.ENABLE_EINVOICING:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        active = path == url if name == "home" else path.startswith(url)
        entries.append(NavEntry(label, url, icon, active))
    return entries


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: nothing here queries beyond what the company middleware has already read."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "nav": _entries(request.path),
        "company": membership.company,
        "membership": membership,
        "companies": [other.company for other in getattr(request, "memberships", [])],
    }
