"""An account typed by its digits or found by its name, and the list from which it is completed."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.ledger import account_name
from billing.ledger.chart import COMMON
from config.kernel.folding import fold
from config.kernel.forms import TextField

LIST = "purchase-accounts"
DIGITS = 6
_LEADING = re.compile(r"([0-9]{3,10})(?:\s.*)?")
_OF_THE_PCG = re.compile(r"[1-7][0-9]{2,9}")


def bought_on() -> list[tuple[str, str]]:
    """The accounts of charges, stocks and fixed assets that the product knows by name, in their order."""
    return [(code, name) for code, name in sorted(COMMON.items()) if code[0] in "26" or code.startswith("409")]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", fold(text))


class AccountField(TextField):
    """« 6064 », « 606400 Fournitures administratives », or the name of one account alone; kept as its digits."""

    default_error_messages = {
        "unknown": _(
            "Ce compte n’est pas compris. Écrivez ses chiffres, par exemple 606400, ou choisissez dans la liste."
        ),
        "several": _("Plusieurs comptes portent ces mots : %(names)s. Écrivez les chiffres de l’un d’eux."),
    }

    def __init__(self, **options: Any) -> None:
        attrs = {"list": LIST, "autocomplete": "off", "inputmode": "search"}
        super().__init__(**{"max_length": 80, "widget": forms.TextInput(attrs=attrs), **options})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if not text:
            return ""
        found = _LEADING.fullmatch(text)
        if found:
            digits = found[1].ljust(DIGITS, "0")
            if _OF_THE_PCG.fullmatch(digits):
                return digits
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        words = set(_words(text))
        named = [code for code, name in bought_on() if words and words <= set(_words(name))]
        named = [code for code in named if _words(account_name(code)) == _words(text)] or named
        if len(named) == 1:
            return named[0]
        if not named:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        names = ", ".join(f"{code} {account_name(code)}" for code in named[:4])
        raise ValidationError(self.error_messages["several"], code="several", params={"names": names})
