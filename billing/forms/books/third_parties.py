"""A third party typed in a row of a sheet: by its name, its SIREN or its SIRET."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import JournalEntry, JournalLine
from config.kernel.folding import fold, holds
from config.kernel.forms import TextField
from customers.models import Customer

LIST = "third-parties"
OFFERED = 200


def recent_third_parties() -> list[str]:
    """The names of those that were booked last, for the list from which a field is completed. One query."""
    # through the entries, which an index keeps by day
    entries = JournalEntry.objects.order_by("-day", "-number").values("pk")[: 5 * OFFERED]
    lines = JournalLine.objects.filter(entry__in=entries, customer__isnull=False).order_by("-day", "-entry__number")
    latest = lines.values_list("customer__name", flat=True)[: 5 * OFFERED]
    return sorted(list(dict.fromkeys(latest))[:OFFERED])


class ThirdPartyField(TextField):
    """The customer or supplier that is named; None for nothing."""

    default_error_messages = {
        "unknown": _("Aucun tiers de ce nom. Vérifiez le nom, ou créez le client ou le fournisseur d’abord."),
        "several": _("Plusieurs tiers portent ce nom : %(names)s. Écrivez le nom entier ou le SIREN."),
    }

    def __init__(self, **options: Any) -> None:
        attrs = {"list": LIST, "autocomplete": "off"}
        super().__init__(**{"max_length": 200, "widget": forms.TextInput(attrs=attrs), **options})

    def clean(self, value: Any) -> Customer | None:
        text = str(super().clean(value) or "")
        if not text:
            return None
        digits = text.replace(" ", "")
        known = Q(siren=digits) | Q(siret=digits) if digits.isascii() and digits.isdigit() else holds(text, "name")
        rows = Customer.objects.filter(known).order_by("name", "id")
        # one that was merged into another is meant where no other answers
        found = list(rows.filter(merged_into=None)[:20]) or list(rows[:20])
        exact = [row for row in found if fold(row.name) == fold(text)]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not found:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        names = ", ".join(dict.fromkeys(row.name for row in found[:4]))
        raise ValidationError(self.error_messages["several"], code="several", params={"names": names})
