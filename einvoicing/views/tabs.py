"""The pages of e-invoicing, side by side."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _


def tabs(active: str) -> list[dict[str, Any]]:
    """The pages of e-invoicing."""
    pages = (
        ("einvoicing:transmission-list", _("Transmissions")),
        ("einvoicing:reporting", _("E-reporting")),
        ("einvoicing:compliance", _("Conformité")),
        ("einvoicing:readiness", _("Se préparer")),
    )
    return [{"label": label, "url": reverse(name), "active": name == active} for name, label in pages]
