"""The pages of « Réglages › Apparence et textes », which share one tab of the settings."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

TAB = "look-settings"
PAGES = (
    ("look-settings", _("Logo et mentions")),
    ("numbering-settings", _("Numéros")),
    ("terms-settings", _("Conditions de règlement")),
    ("line-settings", _("Lignes")),
)


def look_pages(active: str) -> list[dict[str, Any]]:
    """Label, address, and whether it is the page that is open."""
    return [{"label": label, "url": reverse(name), "active": name == active} for name, label in PAGES]
