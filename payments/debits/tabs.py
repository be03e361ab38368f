"""The second row of tabs of « Prélèvements », and the tones of its chips."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from payments.models import DebitStatus

TONES = {
    DebitStatus.ANNOUNCED: "info",
    DebitStatus.ORDERED: "info",
    DebitStatus.COLLECTED: "good",
    DebitStatus.RETURNED: "bad",
    DebitStatus.CANCELLED: "neutral",
}


def debit_tabs(active: str) -> list[dict[str, Any]]:
    labels = {
        "payments:debit-list": _("À prélever"),
        "payments:debit-order-list": _("Ordres"),
        "payments:debit-returns": _("Retours"),
        "payments:mandate-list": _("Mandats"),
        "payments:collection-settings": _("Réglages"),
    }
    return [{"label": label, "url": reverse(name), "active": name == active} for name, label in labels.items()]
