"""The second row of tabs of « Achats › Règlements », and the tones of its chips."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kernel.access import may_open, role_of
from payments.models import RunStatus

TONES: dict[str, str] = {
    RunStatus.DRAFT: "neutral",
    RunStatus.TO_CONFIRM: "warn",
    RunStatus.ORDERED: "good",
    RunStatus.CANCELLED: "neutral",
}


def paying_tabs(request: HttpRequest, active: str) -> list[dict[str, Any]]:
    """Those that the role may open; `active` is the name of the address."""
    labels = {
        "payments:supplier-due": _("À régler"),
        "payments:run-list": _("Lots"),
        "payments:supplier-payment-list": _("Règlements"),
        "payments:paying-settings": _("Réglages"),
    }
    role = role_of(request)
    places = [(name, label, reverse(name)) for name, label in labels.items()]
    return [
        {"label": label, "url": url, "active": name == active} for name, label, url in places if may_open(role, url)
    ]
