"""An account typed by its digits or found by its name in the company's chart, and the list that completes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from billing.ledger.chart import COMMON, AccountNames
from billing.models import LedgerAccount
from billing.purchases.accounts import may_be_bought_on, not_bought_on
from config.kernel.folding import fold
from config.kernel.forms import TextField

LIST = "purchase-accounts"
DIGITS = 6
_LEADING = re.compile(r"([0-9]{3,10})(?:\s.*)?")
_OF_THE_PCG = re.compile(r"[1-8][0-9]{2,9}")


def own_accounts() -> dict[str, tuple[str, bool]]:
    """Of the company in scope: code, name, whether people may book on it. One query."""
    rows = LedgerAccount.objects.values_list("code", "name", "is_open")
    return {code: (name, is_open) for code, name, is_open in rows}


def open_accounts(own: Mapping[str, tuple[str, bool]] | None = None) -> list[tuple[str, str]]:
    """The chart of the company without what it closed, in the order of the codes."""
    own = own_accounts() if own is None else own
    closed = {code for code, (_name, is_open) in own.items() if not is_open}
    names = {**COMMON, **{code: name for code, (name, _is_open) in own.items()}}
    return [(code, name) for code, name in sorted(names.items()) if code not in closed]


def bought_on(own: Mapping[str, tuple[str, bool]] | None = None) -> list[tuple[str, str]]:
    """The accounts of charges, stocks and fixed assets of the chart, in their order."""
    return [row for row in open_accounts(own) if row[0][0] in "26" or row[0].startswith("409")]


def share_chart(rows: Iterable[forms.Form], *fields: str) -> None:
    """The rows of a sheet read the company's accounts once, and only if one of them needs it."""
    own: Any = SimpleLazyObject(own_accounts)
    for row in rows:
        for name in fields:
            row.fields[name].own = own  # type: ignore[attr-defined]  # an AccountField


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", fold(text))


class AccountField(TextField):
    """« 6064 », « 606400 Fournitures administratives », or the name of one account alone; kept as its digits.

    `whole`: by name all of the chart is offered, else what is bought.
    """

    default_error_messages = {
        "unknown": _(
            "Ce compte n’est pas compris. Écrivez ses chiffres, par exemple 606400, ou choisissez dans la liste."
        ),
        "several": _("Plusieurs comptes portent ces mots : %(names)s. Écrivez les chiffres de l’un d’eux."),
        "closed": _("Ce compte est fermé. Choisissez-en un autre, ou rouvrez-le dans le plan comptable."),
    }
    own: Mapping[str, tuple[str, bool]] | None = None

    def __init__(self, *, whole: bool = False, **options: Any) -> None:
        self.whole = whole
        attrs = {"list": LIST, "autocomplete": "off", "inputmode": "search"}
        super().__init__(**{"max_length": 80, "widget": forms.TextInput(attrs=attrs), **options})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if not text:
            return ""
        own = own_accounts() if self.own is None else self.own
        found = _LEADING.fullmatch(text)
        if not found:
            return self._named(text, own)
        digits = found[1].ljust(DIGITS, "0")
        if not _OF_THE_PCG.fullmatch(digits):
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if digits in own and not own[digits][1]:
            raise ValidationError(self.error_messages["closed"], code="closed")
        if not self.whole and not may_be_bought_on(digits):
            raise ValidationError(not_bought_on(digits))
        return digits

    def _named(self, text: str, own: Mapping[str, tuple[str, bool]]) -> str:
        words, offered = set(_words(text)), open_accounts(own) if self.whole else bought_on(own)
        named = [code for code, name in offered if words and words <= set(_words(name))]
        names = AccountNames(dict(offered))
        named = [code for code in named if _words(names[code]) == _words(text)] or named
        if len(named) == 1:
            return named[0]
        if not named:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        shown = ", ".join(f"{code} {names[code]}" for code in named[:4])
        raise ValidationError(self.error_messages["several"], code="several", params={"names": shown})
