"""The tabs of « Encaissements »: payments, direct debits, slips for the bank, the till."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kernel.access import may_open, role_of


def money_tabs(request: HttpRequest, active: str) -> list[dict[str, Any]]:
    """Those that the role may open; `active` is the name of the address."""
    labels = {
        "payments:payment-list": _("Encaissements"),
        "payments:debit-list": _("Prélèvements"),
        "payments:remittance-list": _("Remises"),
        "payments:till": _("Caisse"),
    }
    role = role_of(request)
    places = [(name, label, reverse(name)) for name, label in labels.items()]
    return [
        {"label": label, "url": url, "active": name == active} for name, label, url in places if may_open(role, url)
    ]
